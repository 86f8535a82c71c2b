import Foundation
import TestSupport
import Testing

/// `audit` of a node in IPVS mode, from the command line. What it finds is KubeProxyTests' IPVSAuditTests.
@Suite struct AuditIPVSTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let node = ["--node", "worker-1"]

    /// The texts of the demo cluster's node, as `render` gives them, each in a file.
    private func folder() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let result = try Tool.run(
            ["render", "--proxy-mode", "ipvs", "--output-dir", "node"] + Self.node + [Self.demo], in: folder.path)
        #expect(result.ending == .exit(0), "\(result.errorText)")
        return folder
    }

    private static func live(_ files: String...) -> [String] { files.flatMap { ["--live", "node/\($0)"] } }

    @Test func eachTextInAFileOfItsOwn() throws {
        let folder = try folder()
        let all = Self.live("ipvsadm", "ipset", "rules", "addresses", "setup")
        // The texts show the mode, and which node it is.
        for options in [Self.node, ["--proxy-mode", "ipvs"], []] {
            let result = try Tool.run(["audit"] + options + all + [Self.demo], in: folder.path)
            expect(result, 0)
            #expect(!result.errorText.contains("not given"), "\(result.errorText)")
            #expect(result.outputText.contains("inferred: --node worker-1") == !options.contains("--node"))
        }
        let part = try Tool.run(["audit"] + Self.node + Self.live("ipvsadm") + [Self.demo], in: folder.path)
        expect(part, 0)
        #expect(
            part.errorText.contains(
                "not given, so not compared: sets ('ipset save'), rules (iptables-save) and addresses ('ip -o addr')"),
            "\(part.errorText)")
    }

    /// All forms of findings; the line is that of the rules' file.
    @Test func forms() throws {
        let folder = try folder()
        let rules = try folder.read("node/rules")
        var lines = String(decoding: rules, as: UTF8.self).split(separator: "\n").map { String($0) }
        let place = try #require(lines.firstIndex { $0.hasPrefix("-A KUBE-MARK-MASQ") })
        lines.insert("-A KUBE-MARK-MASQ -j LOG", at: place + 1)
        try folder.write("node/rules", lines.joined(separator: "\n") + "\n")
        let arguments = ["audit"] + Self.node + Self.live("ipvsadm", "rules") + [Self.demo]
        let text = try Tool.run(arguments, in: folder.path)
        expect(text, 1)
        #expect(text.outputText.hasPrefix("node/rules:\(place + 2): warning: "), "\(text.outputText)")
        let json = try Tool.run(arguments + ["-o", "json"], in: folder.path)
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any])
        #expect(object["schema"] as? String == "kubechains/audit/v1")
        let findings = try #require(object["findings"] as? [[String: Any]])
        #expect(findings.map { $0["id"] as? String } == ["unexpected-rule"])
        for form in ["junit", "sarif", "github", "openmetrics"] {
            let result = try Tool.run(arguments + ["-o", form], in: folder.path)
            #expect(result.ending == .exit(1) && result.outputText.contains("unexpected-rule"), "\(form)")
        }
    }

    /// Standard input may have all texts one after the other, and a folder those of all nodes.
    @Test func oneTextForANode() throws {
        let folder = try folder()
        var whole: [UInt8] = []
        for file in ["ipvsadm", "ipset", "rules", "addresses", "setup"] { whole += try folder.read("node/\(file)") }
        let result = try Tool.run(["audit", "--live", "-", Self.demo], input: whole, in: folder.path)
        expect(result, 0)
        try folder.write("node/worker-1.save", String(decoding: whole, as: UTF8.self))
        let fleet = try Tool.run(
            ["audit", "--proxy-mode", "ipvs", "--all-nodes", "--live-dir", "node", Self.demo], in: folder.path)
        #expect(fleet.ending == .exit(0), "\(fleet.outputText)\(fleet.errorText)")
        #expect(fleet.errorText.contains("no dump of"))
    }

    /// What cannot be compared, or read.
    @Test(arguments: [
        (["--proxy-mode", "ipvs", "--live", "\(Package.fixtures)/demo/ipv4.save"], "runs in iptables mode"),
        (["--proxy-mode", "ipvs", "--live", "/dev/null"], "nothing was printed"),
        (["--proxy-mode", "ipvs", "--live", "\(Package.fixtures)/demo/cluster.json"], "expected what 'ipvsadm -Sn'"),
        (["--proxy-mode", "ipvs", "--live", "\(Package.fixtures)/reports/shapes/utf16le.json"], "UTF-16"),
    ])
    func inputsAtFault(_ arguments: [String], _ words: String) throws {
        let folder = try folder()
        let result = try Tool.run(["audit"] + Self.node + arguments + [Self.demo], in: folder.path)
        #expect(result.ending == .exit(2), "\(result.outputText)\(result.errorText)")
        #expect((result.outputText + result.errorText).contains(words), "\(result.outputText)\(result.errorText)")
    }
}
