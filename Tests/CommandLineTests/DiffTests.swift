import Foundation
import Testing

/// What `diff` and `audit` say of the demo cluster's rules and of damage to them.
@Suite struct DiffTests {
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]
    private static let cluster = Package.fixtures + "/demo/cluster.json"
    private static let saved = Package.fixtures + "/demo/ipv4.save"

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// All spellings of the same rules are the same, in either direction; the rules tell the snapshot's family.
    @Test(arguments: ["ipv4.restore", "ipv4.save", "ipv6.restore", "ipv6.save"])
    func sameRules(_ file: String) throws {
        let rules = "\(Package.fixtures)/demo/\(file)"
        for operands in [[rules, Self.cluster], [Self.cluster, rules]] {
            expect(try Tool.run(["diff"] + Self.options + operands), 0, output: "", errors: [])
        }
        expect(try Tool.run(["diff", rules, rules]), 0, output: "", errors: [])
    }

    @Test func changedEndpoint() throws {
        let changed = try text(Self.cluster).replacingOccurrences(of: "10.244.1.71", with: "10.244.1.99")
        let arguments = ["diff"] + Self.options + [Self.saved, "-"]
        expect(
            try Tool.run(arguments, input: Array(changed.utf8)), 1,
            output: """
                shop/web:http/tcp: changed
                  - endpoint 10.244.1.71:8080: 1/3
                  + endpoint 10.244.1.99:8080: 1/3
                actual: rules of kube-proxy v1.36.2 (the Node's kubeletVersion)

                """, errors: [])
        expect(
            try Tool.run(arguments + ["--brief"], input: Array(changed.utf8)), 1,
            output: "shop/web:http/tcp: changed\n", errors: [])
        let json = try Tool.run(arguments + ["-o", "json"], input: Array(changed.utf8))
        let object = try #require(JSONSerialization.jsonObject(with: Data(json.output)) as? [String: Any])
        #expect(object["same"] as? Bool == false)
        let ports = try #require(object["servicePorts"] as? [[String: Any]])
        #expect(ports.count == 1 && ports[0]["servicePort"] as? String == "shop/web:http")
        #expect(ports[0]["protocol"] as? String == "tcp" && ports[0]["change"] as? String == "changed")
        let details = try #require(ports[0]["details"] as? [[String: String]])
        #expect(details.contains(["kind": "clusterEndpoint", "subject": "10.244.1.99:8080", "actual": "1/3"]))
        let unified = try Tool.run(arguments + ["-o", "unified"], input: Array(changed.utf8)).outputText
        #expect(unified.hasPrefix("--- \(Self.saved)\n+++ -\n@@ nat KUBE-SEP-"))
        #expect(unified.contains("\n+-A KUBE-SEP-") && unified.contains("\n--A KUBE-SEP-"))
    }

    @Test func addedAndRemovedServices() throws {
        let removed = try text(Self.cluster).replacingOccurrences(of: "\"partner-api\"", with: "\"partner-apis\"")
        let result = try Tool.run(
            ["diff", "--brief"] + Self.options + [Self.saved, "-"], input: Array(removed.utf8))
        expect(
            result, 1, output: "shop/partner-api:https/tcp: removed\nshop/partner-apis:https/tcp: added\n", errors: [])
    }

    @Test func strictSeesComments() throws {
        let other = try text(Self.saved).replacingOccurrences(of: "shop/web:http cluster IP", with: "something else")
        expect(try Tool.run(["diff", Self.saved, "-"], input: Array(other.utf8)), 0, output: "")
        #expect(try Tool.run(["diff", "--strict", Self.saved, "-"], input: Array(other.utf8)).ending == .exit(1))
        #expect(try Tool.run(["diff", "--strict"] + Self.options + [Self.cluster, Self.saved]).ending == .exit(0))
    }

    /// Rules that cannot be read: the place and what to do, and nothing else.
    @Test(arguments: [
        ("*nat\n:A - [0:0]\n", "<stdin>:3:1: error: "), ("-A INPUT -j ACCEPT\n", "<stdin>:1:1: error: "),
        ("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp --dport 70000 -j ACCEPT\nCOMMIT\n", "<stdin>:3:25: error: "),
    ])
    func badRules(_ rules: String, _ start: String) throws {
        for arguments in [
            ["diff", Self.saved, "-"], ["audit", "--live", "-", "--node", "worker-1", Self.cluster],
        ] {
            let result = try Tool.run(arguments, input: Array(rules.utf8))
            expect(result, 2, output: "")
            #expect(result.errorLines.count == 1 && result.errorText.hasPrefix(start), "\(result.errorText)")
        }
    }

    @Test(arguments: [
        ["diff", "a"], ["diff", "-", "-"], ["audit", "x"], ["audit", "--live", "a"], ["audit", "--live", "-", "-"],
        ["diff", "-o", "dot", "a", "b"], ["audit", "--severity", "bad", "--live", "a", "b"],
    ])
    func usage(_ arguments: [String]) throws {
        let result = try Tool.run(arguments)
        expect(result, 64, output: "")
        #expect(result.errorLines.count == 1)
    }

    @Test func filtersOfAudit() throws {
        let damaged = try text(Self.saved).replacingOccurrences(of: "10.244.1.71:8080\n", with: "10.244.1.99:8080\n")
        func audit(_ more: [String]) throws -> Program.Result {
            try Tool.run(
                ["audit", "--live", "-"] + Self.options + more + [Self.cluster], input: Array(damaged.utf8))
        }
        let shop = try audit(["--service", "shop/web"])
        #expect(shop.ending == .exit(1))
        #expect(shop.outputText.contains("[stale-endpoint]") && shop.outputText.contains("\n2 findings; rules of "))
        #expect(try audit(["--service", "web", "-n", "shop"]).outputText == shop.outputText)
        expect(
            try audit(["-n", "kube-system"]), 0,
            output: "no findings; rules of kube-proxy v1.36.2 (the Node's kubeletVersion)\n")
        // The saved chains alone have no jumps from the built-in ones.
        #expect(try audit([]).outputText.contains("[missing-jump]"))
        #expect(try audit(["--severity", "error", "--service", "shop/web"]).outputText == shop.outputText)
    }
}
