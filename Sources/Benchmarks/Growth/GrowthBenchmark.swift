import Glibc

/// How the time of commands grows where one thing in their input is large: four times as much of it may take five times as long,
/// output included. Each row once grew with the square.
struct GrowthBenchmark {
    let kubechains: String
    let folder: String
    let runs: Int

    private static let bound = 5.0

    /// A command, and how much of its input is large in the smaller run.
    private struct Row {
        let title: String
        let count: Int
        /// Writes the input with a name of its own, and gives the command's arguments.
        let command: (_ count: Int, _ files: Files) throws -> [String]
    }

    /// - Parameter divisor: what the sizes are divided by, for a binary that is not optimised.
    func compare(divisor: Int = 1, _ table: inout Table) throws {
        table.begin(["growth, in processor time", "n", "4 n", "ratio", "at most"])
        for row in Self.rows {
            let files = Files(kubechains: kubechains, folder: folder)
            let count = max(row.count / divisor, 1)
            let commands = try [count, 4 * count].map { [kubechains] + (try row.command($0, files)) }
            // The least of several runs: everything that disturbs a run makes it longer.
            let times = try inTurns(commands, runs: runs, passing: [0, 1]).map { $0.map(\.processor).min() ?? 0 }
            table.row(
                "\(row.title), n = \(count)", times.map { decimal($0 * 1000) + " ms" }, times[1] / times[0],
                bound: Self.bound)
        }
    }

    private static var rows: [Row] {
        [
            Row(title: "render, slices of one Service", count: 20_000) { try ["render"] + $1.snapshot(.slices, $0) },
            Row(title: "explain -o svg, source ranges", count: 2000) {
                try ["explain", "default/s0", "-o", "svg"] + $1.snapshot(.sourceRanges, $0)
            },
            Row(title: "explain --all, load-balancer IPs", count: 4000) {
                try ["explain", "default/s0", "--all"] + $1.snapshot(.loadBalancerIPs, $0)
            },
            Row(title: "explain --all, external IPs", count: 4000) {
                try ["explain", "default/s0", "--all"] + $1.snapshot(.externalIPs, $0)
            },
            Row(title: "explain --all, ports × one-port slices", count: 500) {
                try ["explain", "default/s0", "--all"] + $1.snapshot(.portsAndSlices, $0)
            },
            Row(title: "explain in IPVS mode, load-balancer IPs", count: 2000) {
                try ["explain", "default/s0", "--all", "--proxy-mode", "ipvs"] + $1.snapshot(.loadBalancerIPs, $0)
            },
            Row(title: "lint, ports and slices with other ports", count: 4000) {
                try ["lint"] + $1.snapshot(.portsAndOtherSlices, $0)
            },
            Row(title: "lint in IPVS mode, external IPs", count: 10_000) {
                try ["lint", "--proxy-mode", "ipvs"] + $1.snapshot(.externalIPs, $0)
            },
            Row(title: "lint, Services in lists nested 240 deep", count: 8000) {
                try ["lint"] + $1.snapshot(.nestedLists, $0)
            },
            Row(title: "diff, all rules of a foreign chain changed", count: 20_000) {
                try [
                    "diff", $1.rules(GrowthRules.foreignChain($0, port: 22)),
                    $1.rules(GrowthRules.foreignChain($0, port: 23)),
                ]
            },
            Row(title: "diff, foreign rules on one side", count: 20_000) {
                try [
                    "diff", $1.rules(GrowthRules.foreignChain($0, port: 22)),
                    $1.rules(GrowthRules.foreignChain(1, port: 22)),
                ]
            },
            Row(title: "diff, the same jump repeated", count: 20_000) {
                try ["diff", $1.rules(GrowthRules.repeatedJumps($0)), $1.rules(GrowthRules.repeatedJumps($0 / 2))]
            },
            Row(title: "trace, rules with an undecidable interface", count: 2000) {
                try ["trace", "--from", "10.1.1.1", "--to", "10.2.2.2:80", $1.rules(GrowthRules.interfaces($0))]
            },
            Row(title: "trace, destinations by an undecidable interface", count: 1000) {
                try ["trace", "--from", "10.1.1.1", "--to", "10.2.2.2:80", $1.rules(GrowthRules.destinations($0))]
            },
            Row(title: "trace, a mark under undecidable conditions", count: 1000) {
                try ["trace", "--from", "10.1.1.1", "--to", "10.2.2.2:80", $1.rules(GrowthRules.marks($0))]
            },
            Row(title: "trace, marks by chance", count: 1000) {
                try [
                    "trace", "--from", "10.1.1.1", "--to", "10.2.2.2:80",
                    $1.rules(GrowthRules.marks($0, byChance: true)),
                ]
            },
            Row(title: "audit, rules of others × Services", count: 1000) { count, files in
                try files.audit(services: count) { GrowthRules.node($0, bans: 5 * count) }
            },
            Row(title: "audit, forwarding rules of others × Services", count: 1000) { count, files in
                try files.audit(services: count) { GrowthRules.node($0, bans: 5 * count, from: "FORWARD") }
            },
            Row(title: "audit, jumps nested so deep", count: 16) { count, files in
                try files.audit(services: 200) { GrowthRules.node($0, depth: count) }
            },
        ]
    }

    /// The inputs of one row, which go with this object.
    private final class Files {
        private let kubechains: String
        private let folder: String
        private var paths: [String] = []

        init(kubechains: String, folder: String) {
            self.kubechains = kubechains
            self.folder = folder
        }

        deinit { for path in paths { unsafe unlink(path) } }

        private func newPath() -> String {
            paths.append("\(folder)/growth-\(paths.count)")
            return paths[paths.count - 1]
        }

        /// Writes a snapshot, and gives what a command needs of it.
        func snapshot(_ kind: GrowthSnapshot.Kind, _ count: Int) throws -> [String] {
            let path = newPath()
            try writeJSON(path, isPretty: false) { GrowthSnapshot(kind: kind, count: count).write(to: &$0) }
            return ["--cluster-cidr", "10.128.0.0/9", path]
        }

        /// Writes a dump.
        func rules(_ rules: String) throws -> String {
            let path = newPath()
            try writeText(path, rules)
            return path
        }

        /// Writes a snapshot of Services, and a dump of its rules with rules of others.
        func audit(services: Int, _ others: (String) -> String) throws -> [String] {
            let snapshot = try snapshot(.services, services)
            let save = newPath()
            _ = try measure([kubechains, "render", "-o", "save", "--output-file", save] + snapshot)
            return ["audit", "--live", try rules(others(readText(save)))] + snapshot
        }
    }
}
