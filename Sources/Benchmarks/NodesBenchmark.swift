import Glibc

/// `render --all-nodes`: what one more node costs, beside a whole `render`.
struct NodesBenchmark {
    let kubechains: String
    let folder: String
    let runs: Int

    /// Groups and digests of all nodes, those of one node, and the text of one node; 5 % of the Services have
    /// externalTrafficPolicy Local, and the nodes are in three zones.
    func compare(services: Int, nodes: Int, _ table: inout Table) throws {
        let file = "\(folder)/nodes-\(services)-\(nodes).json"
        defer { unsafe unlink(file) }
        let cluster = SyntheticCluster(
            services: services, endpointsPerService: 10, nodes: nodes, hasLocalPolicies: true)
        try Benchmarks.generate(cluster, isPretty: true, file)
        let options = ["--family", "ipv4", "--cluster-cidr", "10.0.0.0/8", file]
        let all = [kubechains, "render", "--all-nodes"]
        let measured = try inTurns(
            [
                all + options, all + ["--shard", "0/\(nodes)"] + options,
                [kubechains, "render", "--node", "node-0"] + options,
            ],
            runs: runs)
        let each = median(
            (0..<measured[0].count).map { run in
                (measured[0][run].wall - measured[1][run].wall) / Double(nodes - 1) / measured[2][run].wall
            })
        table.begin(["all nodes, \(services) Services × 10", "\(nodes) nodes", "one node", "ratio", "at most"])
        table.row(
            "one more node in --all-nodes, of render",
            [milliseconds(measured[0]), milliseconds(measured[1]) + ", render " + milliseconds(measured[2])], each,
            bound: 0.05)
        if nodes >= 5000 {
            // On two cores; the least of the runs, since only that does not depend on what else the machine does.
            let least = measured[0].map(\.wall).min() ?? 0
            table.row("groups of all nodes, in seconds", [milliseconds(measured[0]), ""], least, bound: 30)
        }
        let memory = median(zip(measured[0], measured[2]).map { Double($0.peakMemory) / Double($1.peakMemory) })
        table.row(
            "peak memory, of render",
            [megabytes(Double(measured[0].map(\.peakMemory).max() ?? 0)), ""], memory, bound: 2)
    }
}
