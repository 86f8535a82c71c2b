import Glibc

/// The other commands at 5,000 Services of 10 endpoints, and the shortest of runs.
struct CommandsBenchmark {
    let kubechains: String
    let folder: String
    let runs: Int

    private static let options = ["--node", "node-0", "--cluster-cidr", "10.0.0.0/8"]

    /// `render --against`, `audit`, `diff`, `explain` and `trace` at a size, each against a tenth of the size.
    func compare(services: Int, _ table: inout Table) throws {
        let small = try Inputs(self, services: services / 10)
        let large = try Inputs(self, services: services)
        for (title, command) in large.commands {
            let other = small.commands.first { $0.title == title }?.command ?? []
            let measured = try inTurns([command, other], runs: runs, passing: [0, 1])
            let growth = ratio(measured[0], measured[1]) / 10
            // That the work is linear: ten times the rules fit the caches less well, and tables of twice the size take more.
            table.row(title, [milliseconds(measured[0]), milliseconds(measured[1])], growth, bound: 1.5)
        }
        let measured = try inTurns([large.reach, large.audit], runs: runs, passing: [0, 1])
        table.row(
            "reach of rules, of audit", [milliseconds(measured[0]), milliseconds(measured[1])],
            ratio(measured[0], measured[1]), bound: 4)
    }

    /// From start to finish on a small snapshot, compared with `--version` by turns: an absolute time swings with the machine.
    ///
    /// - Parameter arguments: the options and the file.
    func start(_ arguments: [String], _ table: inout Table) throws {
        let measured = try inTurns([[kubechains, "render"] + arguments, [kubechains, "--version"]], runs: 50)
        table.row(
            "render of the demo cluster, of --version", [milliseconds(measured[0]), milliseconds(measured[1])],
            ratio(measured[0], measured[1]), bound: 3.5)
    }

    /// The size of the binary, and that it needs no dynamic library.
    func binary(_ table: inout Table) {
        var status = stat()
        unsafe stat(kubechains, &status)
        table.row(
            "size of the binary, in MB", ["", ""], Double(status.st_size) / 1e6, bound: 14, isExact: true)
        // ldd fails where there is nothing to list.
        let isStatic = (try? measure(["sh", "-c", "ldd \"$0\" 2>/dev/null", kubechains], passing: [1])) != nil
        table.row("dynamic libraries", ["", ""], isStatic ? 0 : 1, bound: 0, isExact: true)
    }

    /// A snapshot, and its rules as they are and with another endpoint in one place.
    private final class Inputs {
        let commands: [(title: String, command: [String])]
        /// All flows of the rules with kube-proxy's jumps, and the audit of the same rules.
        let reach: [String]
        let audit: [String]
        private let files: [String]

        init(_ benchmark: CommandsBenchmark, services: Int) throws {
            let (kubechains, base) = (benchmark.kubechains, "\(benchmark.folder)/commands-\(services)")
            let (snapshot, save, changed) = (base + ".json", base + ".save", base + "-changed.save")
            let node = base + "-node.save"
            files = [snapshot, save, changed, node]
            try Benchmarks.generate(
                SyntheticCluster(services: services, endpointsPerService: 10), isPretty: true, snapshot)
            let options = CommandsBenchmark.options
            _ = try measure([kubechains, "render", "-o", "save"] + options + ["--output-file", save, snapshot])
            _ = try measure(["sh", "-c", "sed 's/10[.]0[.]70[.]2:8080/10.0.70.250:8080/' \(save) > \(changed)"])
            _ = try measure(["sh", "-c", "sed '\(Inputs.jumps)' \(save) > \(node)"])
            reach = [kubechains, "reach", "--live", node] + options + ["--output-file", "/dev/null", snapshot]
            audit = [kubechains, "audit", "--live", node] + options + [snapshot]
            commands = [
                ("render", [kubechains, "render"] + options + [snapshot]),
                (
                    "render --against, one endpoint changed",
                    [kubechains, "render", "--against", changed] + options + [snapshot]
                ),
                ("audit", [kubechains, "audit", "--live", changed] + options + [snapshot]),
                ("diff of two dumps", [kubechains, "diff", save, changed]),
                ("diff with a snapshot", [kubechains, "diff"] + options + [changed, snapshot]),
                ("explain of a Service", [kubechains, "explain", "team-7/service-7"] + options + [snapshot]),
                (
                    "trace",
                    [
                        kubechains, "trace", "--from", "10.0.0.9", "--to", "172.16.0.7:80",
                    ] + options + [snapshot]
                ),
            ]
        }

        /// Adds the jumps that render leaves to a running kube-proxy.
        private static var jumps: String {
            func edit(_ table: String, _ jumps: [(chain: String, target: String)]) -> String {
                let chains = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"].filter { chain in
                    jumps.contains { $0.chain == chain }
                }
                let declared = chains.map { ":\($0) ACCEPT [0:0]" }.joined(separator: "\\n")
                let rules = jumps.map { "-A \($0.chain) -j \($0.target)" }.joined(separator: "\\n")
                return "/^[*]\(table)/,/^COMMIT/{s/^[*].*/&\\n\(declared)/;s/^COMMIT/\(rules)\\n&/}"
            }
            return edit(
                "nat",
                [
                    ("PREROUTING", "KUBE-SERVICES"), ("OUTPUT", "KUBE-SERVICES"), ("POSTROUTING", "KUBE-POSTROUTING"),
                ]) + ";"
                + edit(
                    "filter",
                    [
                        ("INPUT", "KUBE-PROXY-FIREWALL"), ("INPUT", "KUBE-NODEPORTS"),
                        ("INPUT", "KUBE-EXTERNAL-SERVICES"), ("FORWARD", "KUBE-PROXY-FIREWALL"),
                        ("FORWARD", "KUBE-FORWARD"), ("FORWARD", "KUBE-SERVICES"),
                        ("FORWARD", "KUBE-EXTERNAL-SERVICES"), ("OUTPUT", "KUBE-PROXY-FIREWALL"),
                        ("OUTPUT", "KUBE-SERVICES"),
                    ])
        }

        deinit { for file in files { unsafe unlink(file) } }
    }
}
