import Foundation
import Testing

/// `reach`, `check` and `diff --flows` of a node's rules: those of the demo cluster, with the jumps that kube-proxy adds and a rule of
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

    /// The rules say what the snapshot says.
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
        #expect(try outcomes(found) == outcomes(planned))
    }

    /// Marks under conditions that nothing decides change nothing for the Service; of very many that is not tried out.
    @Test(arguments: [(8, "endpoints"), (40, "endpoints"), (300, "unknown")])
    func marksOfOthers(_ count: Int, _ verdict: String) throws {
        let rules = (0..<count).map { "-A PREROUTING -m set --match-set s\($0) src -j MARK --set-mark 0x70000\n" }
        let mangle = "*mangle\n:PREROUTING ACCEPT [0:0]\n\(rules.joined())COMMIT\n"
        let found = try flows(["--to", "shop/web", "--live", "-", Self.demo] + Self.node, input: mangle + Self.save)
        let verdicts = found.compactMap { ($0["outcome"] as? [String: Any])?["verdict"] as? String }
        // What the node itself sends does not pass PREROUTING.
        #expect(Set(verdicts) == ["endpoints", verdict])
        let asked = ["reach", "--to", "shop/web", "--live", "-", Self.demo] + Self.node
        let text = try Tool.run(asked, input: Array((mangle + Self.save).utf8)).outputText
        #expect(text.contains("  unknown: ") == (verdict == "unknown"))
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(text)")
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

    private static func damaged(_ rule: String) -> String {
        save.replacingOccurrences(of: "-A FORWARD -i docker0 -d 172.17.0.0/16 -j ACCEPT", with: rule)
    }

    /// A change names the rules that its example packet meets on one side only.
    @Test func changesNameTheirRules() throws {
        let drop = "-A FORWARD -d 10.244.1.71/32 -p tcp -j DROP"
        func diff(_ form: String) throws -> Program.Result {
            let arguments = ["diff", "--flows", "-o", form] + Self.node + [Self.demo, "-"]
            return try Tool.run(arguments, input: Array(Self.damaged(drop).utf8))
        }
        let text = try diff("text")
        #expect(text.outputText.contains("    rules    ") && text.outputText.contains("+ filter: \(drop)\n"))
        #expect(try diff("github").outputText.contains("+ filter: \(drop)"))
        let object = try JSONSerialization.jsonObject(with: Data(diff("json").output)) as? [String: Any]
        let changes = try #require(object?["changes"] as? [[String: Any]])
        #expect(!changes.isEmpty)
        for change in changes {
            let rules = try #require(change["rules"] as? [String: [[String: Any]]])
            let after = rules["after"]?.compactMap { $0["text"] as? String } ?? []
            #expect(after.contains(drop), "\(rules)")
            #expect(after.count <= 3 && rules["before"]?.count ?? 9 <= 3)
        }
    }

    /// Of two snapshots the rules are those that kube-proxy makes.
    @Test func changesOfSnapshotsNameTheirRules() throws {
        let result = try Tool.run(
            ["diff", "--flows", "--right", "--masquerade-all", "--family", "ipv4"] + Self.node + [Self.demo, Self.demo])
        #expect(result.ending == .exit(1))
        #expect(result.outputText.contains("    rules    "), "\(result.outputText.prefix(800))")
        #expect(result.outputText.contains("+ nat: -A KUBE-SVC-"), "\(result.outputText.prefix(800))")
    }

    /// Nothing is at fault where a packet passes kube-proxy's rules untouched: what a node sends to an external IP without endpoints
    /// is refused in IPVS mode, where the node has the address itself.
    @Test func untouchedPacketsNameNoRules() throws {
        let snapshot = """
            {"apiVersion": "v1", "kind": "List", "items": [
              {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": "web"},
               "spec": {"clusterIP": "10.96.0.10", "externalIPs": ["198.51.100.7"], "ports": [{"port": 80}]}},
              {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}, "spec": {"podCIDRs": ["10.244.1.0/24"]},
               "status": {"addresses": [{"type": "InternalIP", "address": "192.168.1.11"}]}}
            ]}
            """
        let folder = try TemporaryFolder()
        let file = try folder.write("cluster.json", snapshot)
        let arguments = ["--right", "--proxy-mode ipvs", "--family", "ipv4", "-o", "json"]
        let result = try Tool.run(["diff", "--flows"] + arguments + Self.node + [file, file])
        #expect(result.ending == .exit(1), "\(result.errorText)")
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let changes = try #require(object?["changes"] as? [[String: Any]])
        let untouched = changes.filter { ($0["before"] as? [String: Any])?["verdict"] as? String == "unchanged" }
        #expect(untouched.count == 1)
        for change in untouched {
            let rules = change["rules"] as? [String: [[String: Any]]]
            #expect(rules?["before"]?.isEmpty ?? true, "\(rules ?? [:])")
        }
    }

    /// A check holds in the rules as in the snapshot, until somebody adds a rule, which the counterexample shows.
    @Test(arguments: [["--live", "-", demo] + node, ["-", "--node-address", "192.168.1.11"]])
    func checksOfRules(_ arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let check =
            #"{"name": "the office reaches web", "from": "198.51.100.7", "to": "shop/web", "expect": "reaches"}"#
        let checks = try folder.write("checks.json", #"{"checks": [\#(check)]}"#)
        let whole = try Tool.run(["check", checks] + arguments, input: Array(Self.save.utf8))
        #expect(whole.ending == .exit(0), "\(whole.outputText)\(whole.errorText)")
        let drop = "-A FORWARD -s 198.51.100.0/24 -j DROP"
        // Before kube-proxy's rules, which let pass what is masqueraded.
        let first = "-A FORWARD -j KUBE-PROXY-FIREWALL"
        let damaged = Self.save.replacingOccurrences(of: first, with: "\(drop)\n\(first)")
        let result = try Tool.run(["check", checks] + arguments, input: Array(damaged.utf8))
        #expect(result.ending == .exit(1), "\(result.errorText)")
        #expect(result.outputText.contains("fails  the office reaches web\n"))
        #expect(result.outputText.contains(": times out\n") && result.outputText.contains(drop))
    }

    /// What rules alone do not say.
    @Test(
        arguments: [
            (#""to": "shop/webb", "expect": "reaches""#, "the rules name no Service shop/webb"),
            (#""to": "shop/web", "expect": "reaches", "nodes": "worker-1""#, "names Nodes, which rules alone do not"),
        ])
    func checksThatNeedTheSnapshot(_ check: String, _ words: String) throws {
        let folder = try TemporaryFolder()
        let checks = try folder.write("checks.json", #"{"checks": [{"name": "a", "from": "outside", \#(check)}]}"#)
        let result = try Tool.run(
            ["check", checks, "-", "--node-address", "192.168.1.11"], input: Array(Self.save.utf8))
        #expect(result.ending == .exit(2) && result.errorText.contains(words), "\(result.errorText)")
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
