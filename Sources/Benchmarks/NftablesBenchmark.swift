import Glibc

/// `audit` of a large node's table against what nft takes to list it, and what the kernel takes to load such a table and small
/// changes to it.
///
/// The table is loaded into the network namespace at hand, which `make bench` makes for it.
struct NftablesBenchmark {
    let kubechains: String
    let folder: String
    let runs: Int

    private static let options = ["--node", "node-0", "--cluster-cidr", "10.0.0.0/8", "--proxy-mode", "nftables"]
    private static let list = ["nft", "list", "table", "ip", "kube-proxy"]

    func compare(services: Int, endpoints: Int, _ table: inout Table) throws {
        let base = "\(folder)/nftables-\(services)x\(endpoints)"
        let (snapshot, changed) = (base + ".json", base + "-changed.json")
        let (text, live, change, back) = (base + ".nft", base + ".list", base + "-change.nft", base + "-back.nft")
        defer { for file in [snapshot, changed, text, live, change, back] { unsafe unlink(file) } }
        try Benchmarks.generate(
            SyntheticCluster(services: services, endpointsPerService: endpoints), isPretty: true, snapshot)
        try shell("sed 's/\"10[.]0[.]70[.]2\"/\"10.0.70.250\"/' \(snapshot) > \(changed)")
        _ = try measure([kubechains, "render"] + Self.options + ["--output-file", text, snapshot])
        let title = "\(services) × \(endpoints)"

        // What is there already is deleted by the text itself.
        let loads = try inTurns([["nft", "-f", text], [kubechains, "render"] + Self.options + [snapshot]], runs: 3)
        table.row(
            "\(title): nft loads the table, of render", [milliseconds(loads[0]), milliseconds(loads[1])],
            ratio(loads[0], loads[1]))
        try shell("\(Self.list.joined(separator: " ")) > \(live)")
        let audits = try inTurns(
            [[kubechains, "audit", "--live", live] + Self.options + [snapshot], Self.list], runs: runs, passing: [0, 1])
        table.row(
            "\(title): audit, of nft list table", [milliseconds(audits[0]), milliseconds(audits[1])],
            ratio(audits[0], audits[1]), bound: 1.5)

        // One endpoint's address changes, and changes back.
        try transaction(from: live, to: changed, into: change)
        _ = try measure(["nft", "-f", change])
        try shell("\(Self.list.joined(separator: " ")) > \(live)")
        try transaction(from: live, to: snapshot, into: back)
        _ = try measure(["nft", "-f", back])
        let changes = try inTurns([["nft", "-f", change], ["nft", "-f", back]], runs: 3)
        let one = changes[0] + changes[1]
        table.row(
            "\(title): nft loads one endpoint's change, of the whole table",
            [milliseconds(one), milliseconds(loads[0])],
            median(one.map(\.wall)) / median(loads[0].map(\.wall)))
    }

    private func transaction(from live: String, to snapshot: String, into file: String) throws {
        let command = [kubechains, "apply", "--dry-run", "--live", live, "--family", "ipv4"] + Self.options
        try shell("\(command.joined(separator: " ")) \(snapshot) > \(file)")
    }

    private func shell(_ script: String) throws { _ = try measure(["sh", "-c", script]) }
}
