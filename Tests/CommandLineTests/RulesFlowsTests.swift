import Foundation
import Testing

/// `reach` and `diff --flows` of a node's rules: those of the demo cluster, with the jumps that kube-proxy adds and a rule of
/// somebody else.
@Suite struct RulesFlowsTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let node = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]

    /// What iptables-save prints on the node.
    private static let save: String = {
        let jumps: [(table: String, rules: [String])] = [
            (
                "filter",
                [
                    "-A INPUT -j KUBE-PROXY-FIREWALL", "-A INPUT -j KUBE-NODEPORTS",
                    "-A INPUT -j KUBE-EXTERNAL-SERVICES",
                    "-A FORWARD -j KUBE-PROXY-FIREWALL", "-A FORWARD -j KUBE-FORWARD", "-A FORWARD -j KUBE-SERVICES",
                    "-A FORWARD -j KUBE-EXTERNAL-SERVICES", "-A FORWARD -i docker0 -d 172.17.0.0/16 -j ACCEPT",
                    "-A OUTPUT -j KUBE-PROXY-FIREWALL", "-A OUTPUT -j KUBE-SERVICES",
                ]
            ),
            (
                "nat",
                [
                    "-A PREROUTING -j KUBE-SERVICES", "-A OUTPUT -j KUBE-SERVICES",
                    "-A POSTROUTING -j KUBE-POSTROUTING",
                ]
            ),
        ]
        var lines: [String] = []
        var table = ""
        for line in ((try? String(contentsOfFile: "\(Package.fixtures)/demo/ipv4.save", encoding: .utf8)) ?? "").split(
            separator: "\n")
        {
            let own = jumps.first { $0.table == table }?.rules ?? []
            if line.hasPrefix("*") { table = String(line.dropFirst()) }
            if line == "COMMIT" { lines += own }
            lines.append(String(line))
            guard line.hasPrefix("*") else { continue }
            let chains = Set((jumps.first { $0.table == table }?.rules ?? []).map { $0.split(separator: " ")[1] })
            lines += chains.sorted().map { ":\($0) ACCEPT [0:0]" }
        }
        return lines.joined(separator: "\n") + "\n"
    }()

    private func flows(_ arguments: [String], input: String? = nil) throws -> [[String: Any]] {
        let result = try Tool.run(["reach", "-o", "json"] + arguments, input: Array((input ?? "").utf8))
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let results = try #require(object?["results"] as? [[String: Any]])
        return try #require(results.first?["flows"] as? [[String: Any]])
    }

    /// The rules say what the snapshot says. Node ports at 127.0.0.1 are not asked of rules.
    @Test(arguments: ["shop/web", "shop/admin", "203.0.113.20:443", "ingress-nginx/ingress-nginx-controller"])
    func rulesBesideTheSnapshot(_ target: String) throws {
        let asked = ["--to", target, "--family", "ipv4"] + Self.node
        let planned = try flows(asked + [Self.demo])
        let found = try flows(asked + ["--live", "-", Self.demo], input: Self.save)
        func outcomes(_ flows: [[String: Any]]) throws -> Set<String> {
            Set(
                try flows.map { flow in
                    let (from, to) = (flow["from"] as? [String: Any] ?? [:], flow["to"] as? [String: Any] ?? [:])
                    let outcome = try JSONSerialization.data(
                        withJSONObject: flow["outcome"] ?? [String: Any](), options: .sortedKeys)
                    return "\(from["origin"] ?? "") \(to["address"] ?? ""):\(to["port"] ?? "") "
                        + String(decoding: outcome, as: UTF8.self)
                })
        }
        let isAsked = { (flow: [String: Any]) in (flow["to"] as? [String: Any])?["address"] as? String != "127.0.0.1" }
        #expect(try outcomes(found) == outcomes(planned.filter(isAsked)))
    }

    /// Without a snapshot comments name the Services.
    @Test func rulesAlone() throws {
        let found = try flows(["--to", "shop/web", "--node-address", "192.168.1.11", "-"], input: Self.save)
        let services = Set(found.compactMap { ($0["to"] as? [String: Any])?["servicePort"] as? String })
        #expect(services == ["shop/web:http"])
        let result = try Tool.run(["reach", "-"], input: Array(Self.save.utf8))
        #expect(result.ending == .exit(0) && result.errorText.contains("no --node-address is given"))
        #expect(result.outputText.contains("rules of the host"))
    }

    @Test func changedRules() throws {
        func diff(_ actual: String) throws -> Program.Result {
            try Tool.run(["diff", "--flows", "-o", "json"] + Self.node + [Self.demo, "-"], input: Array(actual.utf8))
        }
        for same in [Self.save, Self.save.replacingOccurrences(of: "KUBE-", with: "MYPX-")] {
            let result = try diff(same)
            #expect(result.ending == .exit(0), "\(result.outputText.prefix(2000))\(result.errorText)")
        }
        let result = try diff(Self.save.replacingOccurrences(of: "10.244.1.71:", with: "10.244.1.99:"))
        #expect(result.ending == .exit(1))
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let changes = try #require(object?["changes"] as? [[String: Any]])
        let services = Set(changes.compactMap { ($0["to"] as? [String: Any])?["servicePort"] as? String })
        #expect(services == ["shop/web:http"])
    }

    @Test func textsForARunningKubeProxyAreRefused() throws {
        let result = try Tool.run(["diff", "--flows"] + Self.node + [Self.demo, "\(Package.fixtures)/demo/ipv4.save"])
        #expect(result.ending == .exit(2))
        #expect(result.errorText.contains("no built-in chain has a rule, so packets meet none"))
        let usage = try Tool.run(
            ["diff", "--flows", "--right", "--masquerade-all"] + Self.node + [Self.demo, "-"],
            input: Array(Self.save.utf8))
        #expect(usage.ending == .exit(64))
    }
}
