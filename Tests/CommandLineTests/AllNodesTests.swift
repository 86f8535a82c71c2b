import Foundation
import Testing

/// `render --all-nodes`.
@Suite struct AllNodesTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let nodes = ["control-plane-1", "worker-1", "worker-2"]

    private func lines(_ options: [String]) throws -> [Substring] {
        let result = try Tool.run(["render", "--all-nodes", "-o", "jsonl"] + options + [Self.demo])
        #expect(result.ending == .exit(0), "\(result.errorText)")
        return result.outputText.split(separator: "\n")
    }

    /// The lines of shards are those of one run, in another order.
    @Test func shardsMakeTheSameLines() throws {
        let all = try lines([])
        #expect(all.count == 2 * Self.nodes.count)
        #expect(try (lines(["--shard", "1/2"]) + lines(["--shard=0/2"])).sorted() == all.sorted())
        for line in all {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            #expect(object?["schema"] as? String == "kubechains/render-node/v1")
        }
    }

    @Test func groupsAreTold() throws {
        let result = try Tool.run(["render", "--all-nodes", "--family", "ipv6", Self.demo])
        expect(result, 0)
        #expect(result.outputText.hasPrefix("IPv6: 3 nodes in 3 groups with equal rules\nNODES  RULES"))
    }

    /// Each file is what `render --node` writes; Nodes with equal rules share it.
    @Test(arguments: [
        ([], "restore", ["-o", "restore"]), (["-o", "save"], "save", ["-o", "save"]),
        (["--proxy-mode", "nftables"], "nft", ["--proxy-mode", "nftables"]),
    ])
    func filesAreThoseOfEachNode(_ options: [String], _ ending: String, _ single: [String]) throws {
        let folder = try TemporaryFolder()
        // Without Services that depend on it, workers have the same rules.
        let snapshot = try String(contentsOfFile: Self.demo, encoding: .utf8).replacing(
            "\"Local\"", with: "\"Cluster\""
        )
        .replacing("forZones", with: "x")
        let file = try folder.write("cluster.json", snapshot)
        let result = try Tool.run(
            ["render", "--all-nodes", "--output-dir", "out"] + options + [file], in: folder.path)
        expect(result, 0, output: "")
        let families = ["ipv4", "ipv6"]
        let names = Self.nodes.flatMap { node in families.map { "\(node).\($0).\(ending)" } }
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/out").sorted() == names)
        for node in Self.nodes {
            let text = try Tool.run(["render", "--node", node, "--family", "ipv6"] + single + [file]).outputText
            #expect(try String(decoding: folder.read("out/\(node).ipv6.\(ending)"), as: UTF8.self) == text)
        }
        func number(_ node: String) throws -> Int? {
            let path = "\(folder.path)/out/\(node).ipv6.\(ending)"
            return try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
        }
        if ending != "nft" { #expect(try number("worker-1") == number("worker-2")) }
    }

    /// A limit on the size of files lets the texts of IPv6 be written and not those of IPv4.
    @Test(arguments: [false, true])
    func allFilesOrNone(_ exists: Bool) throws {
        let folder = try TemporaryFolder()
        let script =
            "\(exists ? "mkdir out; " : "")trap '' XFSZ; ulimit -f 20; "
            + "exec $KUBECHAINS render --all-nodes --output-dir out \"$@\""
        let result = try Tool.shell(script, [Self.demo], in: folder.path)
        #expect(result.ending == .exit(2), "\(result.errorText)")
        #expect(try folder.names == (exists ? ["out"] : []))
        if exists { #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/out").isEmpty) }
    }

    @Test(arguments: [
        (["--node", "a", "--node", "b"], "--node: 'a' and 'b' are given, but a run is about one Node; "),
        (["--shard", "0/2"], "--shard is for --all-nodes; give that too"),
        (["--all-nodes", "--shard", "2/2"], "--shard: invalid shard '2/2': the shards of 2 are 0/2 to 1/2"),
        (["--all-nodes", "--node", "a"], "--node names one Node, and --all-nodes does all of them"),
        (["--all-nodes", "--node-address", "10.0.0.1"], "--node-address is about one host"),
        (["--all-nodes", "-o", "save"], "-o save writes the rules of each Node into a file: give --output-dir too"),
        (["--all-nodes", "--output-dir", "o", "-o", "json"], "-o json is not for --output-dir"),
        (["--all-nodes", "--against", "x"], "--against is about one host"),
        (["-o", "jsonl"], "-o jsonl is for --all-nodes; give that too"),
    ])
    func wrongOptions(_ options: [String], _ message: String) throws {
        let result = try Tool.run(["render"] + options + [Self.demo])
        expect(result, 64, output: "")
        #expect(result.errorText.hasPrefix("error: \(message)"), "\(result.errorText)")
        if options.first == "--node" { #expect(result.errorText.contains("--all-nodes")) }
    }

    /// A shard without Nodes is said, so that nobody takes silence for a result.
    @Test(arguments: [
        ["render"], ["diff", demo], ["reach"], ["upgrade", "--to", "1.37"],
        ["check", "\(Package.fixtures)/demo/checks.json"],
    ])
    func shardWithoutNodes(_ command: [String]) throws {
        let result = try Tool.run(command + ["--all-nodes", "--shard", "3/4", Self.demo])
        #expect(result.errorLines.first == "warning: the shard 3/4 has no Node: the snapshot has 3")
    }

    @Test func noNode() throws {
        let text = #"{"kind":"List","apiVersion":"v1","items":[]}"#
        let result = try Tool.run(["render", "--all-nodes", "-"], input: Array(text.utf8))
        expect(result, 2, output: "")
        #expect(result.errorText.contains("the snapshot has no Node"))
    }
}
