import Glibc

/// What becomes of all connections: `reach` and `diff --flows`, beside `render` of the same snapshot.
struct ReachBenchmark {
    let kubechains: String
    let folder: String
    let runs: Int

    /// All frontends and senders of a snapshot, and those of two that differ in one endpoint.
    func compare(services: Int, _ table: inout Table) throws {
        let (file, changed) = ("\(folder)/reach-\(services).json", "\(folder)/reach-\(services)-changed.json")
        defer { for path in [file, changed] { unsafe unlink(path) } }
        try Benchmarks.generate(SyntheticCluster(services: services, endpointsPerService: 10), isPretty: true, file)
        _ = try measure(["sh", "-c", "sed 's/\"10[.]0[.]70[.]2\"/\"10.0.70.250\"/' \(file) > \(changed)"])
        let options = ["--node", "node-0", "--family", "ipv4", "--cluster-cidr", "10.0.0.0/8"]
        let measured = try inTurns(
            [
                [kubechains, "render"] + options + [file], [kubechains, "reach"] + options + [file],
                [kubechains, "diff", "--flows"] + options + [file, changed],
            ],
            runs: runs, passing: [0, 1])
        table.begin(["flows, \(services) Services × 10", "whole", "render", "ratio", "at most"])
        for (title, index, bound) in [("reach", 1, 2.0), ("diff --flows, one endpoint changed", 2, 4.0)] {
            let cells = [milliseconds(measured[index]), milliseconds(measured[0])]
            table.row(title, cells, ratio(measured[index], measured[0]), bound: bound)
        }
    }
}
