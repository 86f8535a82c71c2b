import Foundation
import Testing

/// `diff --all-nodes`.
@Suite struct DiffAllNodesTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let settings = ["--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]

    /// The demo cluster with another address of an endpoint, with a Service whose local policy has become that of the cluster, and
    /// with a Node under another name.
    private static func changed(_ folder: TemporaryFolder, withNode isOther: Bool = false) throws -> String {
        var text = try String(contentsOfFile: demo, encoding: .utf8)
            .replacing("10.244.1.71", with: "10.244.1.99")
            .replacing("\"externalTrafficPolicy\": \"Local\"", with: "\"externalTrafficPolicy\": \"Cluster\"")
        if isOther { text = text.replacing("\"worker-2\"", with: "\"worker-3\"") }
        return try folder.write("changed.json", text)
    }

    private static func diff(_ arguments: [String]) throws -> Program.Result {
        try Tool.run(["diff", "--all-nodes"] + settings + arguments)
    }

    /// What differs on a node in a family is what `diff --node` says.
    @Test(arguments: [
        [], ["--proxy-mode", "nftables"], ["--ignore", "endpoints"], ["--service", "shop/web"], ["--strict"],
        ["--proxy-mode", "nftables", "--ignore", "endpoints"],
    ])
    func differencesAreThoseOfEachNode(_ options: [String]) throws {
        let folder = try TemporaryFolder()
        let changed = try Self.changed(folder)
        let all = try Self.diff(options + ["-o", "jsonl", Self.demo, changed])
        #expect(all.ending == .exit(1), "\(all.errorText)")
        let lines = all.outputText.split(separator: "\n")
        #expect(lines.count == 6)
        for line in lines {
            let found = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? NSDictionary)
            let family = found["family"] as? String == "IPv4" ? "ipv4" : "ipv6"
            let single = try Tool.run(
                ["diff", "--node", found["node"] as? String ?? "", "--family", family, "-o", "json"] + Self.settings
                    + options
                    + [Self.demo, changed])
            let report = try #require(try JSONSerialization.jsonObject(with: Data(single.output)) as? NSDictionary)
            for key in ["same", "servicePorts", "other", "kubeProxy"] {
                #expect(found[key] as? NSObject == report[key] as? NSObject, "\(options), \(line.prefix(80)): \(key)")
            }
        }
        let shards = try (0..<2).flatMap { index in
            try Self.diff(options + ["-o", "jsonl", "--shard", "\(index)/2", Self.demo, changed]).outputText
                .split(separator: "\n")
        }
        #expect(shards.sorted() == lines.sorted())
    }

    /// Equal differences are said once, with the nodes that have them.
    @Test func differencesAreGrouped() throws {
        let folder = try TemporaryFolder()
        let changed = try Self.changed(folder)
        let options = ["--service", "shop/web", "--family", "ipv4"]
        expect(
            try Self.diff(options + [Self.demo, changed]), 1,
            output: """
                shop/web:http/tcp: changed on all 3 nodes
                  - endpoint 10.244.1.71:8080: 1/3
                  + endpoint 10.244.1.99:8080: 1/3
                3 nodes compared: 3 differ, 0 the same

                """)
        expect(
            try Self.diff(options + ["--stat", Self.demo, changed]), 1,
            output: """
                shop/web:http/tcp: changed on all 3 nodes, 2 differences
                3 nodes compared: 3 differ, 0 the same

                """)
        expect(try Self.diff(options + ["-q", Self.demo, changed]), 1, output: "")
        expect(try Self.diff([Self.demo, Self.demo]), 0, output: "")
    }

    /// What all nodes have in common is said once, though each has another endpoint of its own besides.
    @Test func whatNodesHaveInCommonIsSaidOnce() throws {
        let folder = try TemporaryFolder()
        let lines = try String(contentsOfFile: Self.demo, encoding: .utf8).components(separatedBy: "\n")
        let name = try #require(lines.firstIndex(of: "                \"name\": \"web\","))
        let policy = "\"internalTrafficPolicy\": \"Cluster\""
        let place = try #require(lines[name...].firstIndex { $0.contains(policy) })
        var changed = lines
        changed[place] = lines[place].replacing(policy, with: "\"internalTrafficPolicy\": \"Local\"")
        let file = try folder.write("changed.json", changed.joined(separator: "\n"))
        let text = try Self.diff(["--family", "ipv4", Self.demo, file]).outputText.split(separator: "\n")
        let heads = text.filter { $0.hasPrefix("shop/web:http/tcp: ") }
        #expect(
            heads == [
                "shop/web:http/tcp: changed on all 3 nodes",
                "shop/web:http/tcp: changed on 1 of 3 nodes: control-plane-1",
                "shop/web:http/tcp: changed on 1 of 3 nodes: worker-1",
                "shop/web:http/tcp: changed on 1 of 3 nodes: worker-2",
            ])
        #expect(text.count { $0.hasPrefix("  ~ internalTrafficPolicy: Cluster -> Local (KUBE-SERVICES: ") } == 1)
        for (node, endpoint) in [
            ("control-plane-1", "10.244.0.11"), ("worker-1", "10.244.1.71"), ("worker-2", "10.244.2.70"),
        ] {
            let position = try #require(text.firstIndex { $0.hasSuffix("1 of 3 nodes: \(node)") })
            #expect(text[position + 1] == "  + endpoint under the local policy \(endpoint):8080: all")
        }
        #expect(text.last == "3 nodes compared: 3 differ, 0 the same")
    }

    @Test func nodesOfOneSide() throws {
        let folder = try TemporaryFolder()
        let changed = try Self.changed(folder, withNode: true)
        let result = try Self.diff(["--brief", Self.demo, changed])
        #expect(result.ending == .exit(1))
        #expect(
            result.outputText.hasSuffix(
                """
                only EXPECTED has 1 node: worker-2
                only ACTUAL has 1 node: worker-3
                2 nodes compared: 2 differ, 0 the same

                """))
        let github = try Self.diff(["-o", "github", Self.demo, changed]).outputText
        #expect(github.contains("::Node worker-3: only ACTUAL has it\n"))
    }

    @Test(arguments: [
        (["a.json", "b.save"], "--all-nodes compares two snapshots; rules are those of one node"),
        (["-o", "unified", "a.json", "a.json"], "-o unified is about one node, and not for --all-nodes"),
        (["--flows", "a.json", "a.json"], "--flows is about one node, and not for --all-nodes"),
    ])
    func wrongOptions(_ options: [String], _ message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("a.json", try String(contentsOfFile: Self.demo, encoding: .utf8))
        try folder.write("b.save", "*nat\nCOMMIT\n")
        let result = try Tool.run(["diff", "--all-nodes"] + options, in: folder.path)
        expect(result, 64, output: "")
        #expect(result.errorText.hasPrefix("error: \(message)"), "\(result.errorText)")
    }
}
