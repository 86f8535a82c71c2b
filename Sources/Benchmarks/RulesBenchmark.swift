import Glibc

/// `audit`, `diff` and `render --against` of a large node's rules, one endpoint of which is another, against what
/// iptables-legacy-save takes to print them.
///
/// The rules are loaded into the network namespace at hand, which `make bench` makes for it.
struct RulesBenchmark {
    let kubechains: String
    let folder: String

    /// Of what is compared with a snapshot, whose text most of the dump is.
    private static let boundBesideSnapshot = 0.5
    /// Of two dumps.
    private static let boundOfDumps = 1.5
    /// Bytes of memory for each byte of the dump.
    private static let memoryBound = 8.0
    private static let runs = 11

    /// - Returns: whether all bounds hold.
    func run() throws -> Bool {
        let snapshot = folder + "/cluster-5000.json"
        let rules = folder + "/cluster-5000.restore"
        let (save, other) = (folder + "/before.save", folder + "/after.save")
        defer { for file in [snapshot, rules, save, other] { unsafe unlink(file) } }
        try Benchmarks.generate(
            SyntheticCluster(services: 5000, endpointsPerService: 10), isPretty: true, snapshot)
        let options = ["--node", "node-0", "--cluster-cidr", "10.0.0.0/8"]
        _ = try measure([kubechains, "render"] + options + ["--output-file", rules, snapshot])
        _ = try measure(["iptables-legacy-restore", rules])
        // The jumps are not there, and the audit says so; that is a finding, and no fault.
        _ = try measure([
            "sh", "-c", "iptables-legacy-save > \(save) && sed 's/10.1.0.7:/10.1.0.9:/' \(save) > \(other)",
        ])
        var status = stat()
        unsafe stat(save, &status)
        let size = Double(status.st_size)

        let commands = [
            ("audit", ["audit", "--live", other] + options + [snapshot], Self.boundBesideSnapshot),
            ("audit without options", ["audit", "--live", other, snapshot], Self.boundBesideSnapshot),
            ("diff of two dumps", ["diff", save, other], Self.boundOfDumps),
            ("diff with a snapshot", ["diff"] + options + [other, snapshot], Self.boundBesideSnapshot),
            ("render --against", ["render", "--against", other] + options + [snapshot], Self.boundBesideSnapshot),
        ]
        print("Rules of 5,000 Services of 10 endpoints, \(Int(size) / 1000) kB; \(Self.runs) runs in turns, medians:")
        var holds = true
        for (title, arguments, bound) in commands {
            var ours: [Measurement] = []
            var theirs: [Measurement] = []
            for run in 0...Self.runs {
                let (left, right) = (
                    try measure([kubechains] + arguments, passing: [0, 1]), try measure(["iptables-legacy-save"])
                )
                if run > 0 {
                    ours.append(left)
                    theirs.append(right)
                }
            }
            let share = ratio(ours, theirs)
            let memory = Double(ours.map(\.peakMemory).max() ?? 0) / size
            let isHeld = share < bound && memory < Self.memoryBound
            holds = holds && isHeld
            print(
                "  \(title): \(decimal(median(ours.map(\.wall)) * 1000)) ms, iptables-legacy-save "
                    + "\(decimal(median(theirs.map(\.wall)) * 1000)) ms, ratio \(decimal(share)) (bound \(decimal(bound))), memory "
                    + "\(decimal(memory)) of the dump's size (bound 8.0)\(isHeld ? "" : ": MISSED")")
        }
        return holds
    }
}
