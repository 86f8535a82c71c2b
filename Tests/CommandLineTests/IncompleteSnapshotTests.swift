import Foundation
import Testing

/// What the commands refuse to say of a snapshot that lacks the node or the objects that they are asked about.
@Suite struct IncompleteSnapshotTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let save = "\(Package.fixtures)/demo/ipv4.save"

    /// The result of a command, and the file of the demo cluster without the objects of one kind that it was given.
    private static func run(_ command: [String], without kind: String) throws -> (result: Program.Result, file: String)
    {
        let data = try Data(contentsOf: URL(fileURLWithPath: demo))
        var list = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let items = try #require(list["items"] as? [[String: Any]])
        list["items"] = items.filter { $0["kind"] as? String != kind }
        let folder = try TemporaryFolder()
        let file = try folder.write("part.json", Array(try JSONSerialization.data(withJSONObject: list)))
        let node = command.contains("--all-nodes") ? [] : ["--node", "worker-1"]
        return (try Tool.run(command + node + [file]), file)
    }

    private static let explaining = [
        ["explain", "shop/web"], ["explain", "--list"], ["trace", "--from", "10.244.1.9", "--to", "10.96.45.11:80"],
    ]
    private static let comparing = [["diff", demo], ["diff", save], ["diff", "--flows", demo]]

    /// A node of another name would have neither endpoints nor addresses of its own, and everything said of it would be wrong.
    @Test(
        arguments: explaining + comparing + [
            ["reach"], ["lint"], ["report"], ["upgrade", "--to", "1.37"], ["audit", "--live", save],
            ["check", "\(Package.fixtures)/demo/checks.json"],
        ])
    func unknownNode(_ command: [String]) throws {
        let result = try Tool.run(command + ["--node", "wroker-1", Self.demo])
        expect(
            result, 2, output: "",
            errors: [
                "error: the snapshot has no Node wroker-1; its Nodes are control-plane-1, worker-1, worker-2; "
                    + "did you mean 'worker-1'?"
            ])
    }

    /// These write the text nevertheless.
    @Test(arguments: [["render"], ["apply", "--dry-run", "--live", save]])
    func unknownNodeIsRendered(_ command: [String]) throws {
        let result = try Tool.run(command + ["--node", "wroker-1", "--node-address", "192.168.1.21", Self.demo])
        #expect(result.ending == .exit(0))
        #expect(result.errorLines.first?.hasPrefix("warning: the snapshot has no Node wroker-1; ") == true)
    }

    /// Rules of a cluster without Services are what kube-proxy programs there; but a snapshot of Nodes alone is more often a
    /// mistake.
    @Test(arguments: [["render"], ["render", "--all-nodes"], ["apply", "--dry-run", "--live", save]])
    func withoutServicesIsRendered(_ command: [String]) throws {
        let result = try Self.run(command, without: "Service").result
        #expect(result.ending == .exit(0))
        #expect(!result.output.isEmpty)
        #expect(
            result.errorLines.first
                == "warning: the snapshot has no Services, so the rules are those of a cluster without any; "
                + "'kubectl get services,endpointslices,nodes -A -o json' makes one with all of them")
    }

    @Test(arguments: explaining + comparing + [["diff", "--all-nodes", demo]])
    func withoutServices(_ command: [String]) throws {
        let result = try Self.run(command, without: "Service").result
        expect(result, 2, output: "")
        #expect(result.errorText.contains("error: the snapshot has no Services, so "))
    }

    @Test(arguments: comparing + [["diff", "--all-nodes", demo]])
    func withoutNodes(_ command: [String]) throws {
        let (result, file) = try Self.run(command, without: "Node")
        expect(result, 2, output: "")
        #expect(result.errorText.contains("\(file): error: the snapshot has no Node, so "))
    }
}
