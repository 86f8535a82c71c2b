import Foundation
import Iptables
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// Damage to the demo cluster's rules with the identifiers that it gives, and the nearest that gives others.
@Suite struct AuditIdentifierTests {
    private static let cluster = fixtures + "/demo/cluster.json"

    /// The demo cluster's rules on a node, made with some settings and audited with others.
    private static func audit(
        rulesWith made: [String] = ["--cluster-cidr", "10.244.0.0/16"],
        given: [String] = ["--cluster-cidr", "10.244.0.0/16"], _ damage: (inout SavedRules) -> Void
    ) throws -> [AuditFinding] {
        let snapshot = try String(contentsOfFile: cluster, encoding: .utf8)
        let node = ["--node", "worker-1"]
        var rules = SavedRules(try plan([snapshot], node + made))
        damage(&rules)
        let dump = try Ruleset(parsing: Array((rules.lines.joined(separator: "\n") + "\n").utf8), family: .ipv4)
        let expected = IptablesPlan(try plan([snapshot], node + given))
        return Audit(expected, expected.ruleset(keepsComments: false), [dump]).findings
    }

    private static func identifiers(_ findings: [AuditFinding]) -> [String] {
        Set(findings.map { "\($0.severity.rawValue) \($0.id.rawValue)" }).sorted()
    }

    /// kube-proxy's rule that sets the mark, damaged, while the name of a pod bridge says anything.
    @Test(arguments: ["markbr0", "cbr0", "masquerade"])
    func damagedMark(bridge: String) throws {
        let interface = ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", bridge]
        let findings = try Self.audit(rulesWith: interface) { rules in
            let index = rules.rules("nat") { $0.hasPrefix("-A KUBE-MARK-MASQ ") }[0]
            rules.lines[index] = "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x8000/0x8000"
        }
        #expect(findings.contains { ($0.evidence as? WrongMark)?.step == .setting }, "\(bridge)")
        #expect(findings.contains { $0.id == .settingsDiffer })
    }

    /// Rules of others added to kube-proxy's chains, all of which are intact.
    @Test(arguments: [
        ("nat", "-A KUBE-POSTROUTING -p udp -m udp --dport 53"),
        ("nat", "-A KUBE-POSTROUTING -p udp -m udp --dport 53 -j SNAT --to-source 10.20.0.11"),
        ("nat", "-A KUBE-MARK-MASQ -j LOG"),
        ("nat", "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x10000/0x10000"),
        ("nat", "-A KUBE-POSTROUTING -m mark --mark 0x10000/0x10000 -j RETURN"),
        ("nat", "-A KUBE-POSTROUTING -s 10.244.0.0/16 -j MASQUERADE"),
        ("filter", "-A KUBE-FORWARD -m mark --mark 0x10000/0x10000 -j ACCEPT"),
        ("filter", "-A KUBE-FORWARD -m comment --comment \"behind the node ports, MASQUERADE --mark\" -j ACCEPT"),
    ])
    func addedRule(_ table: String, _ rule: String) throws {
        for isFirst in [true, false] {
            let findings = try Self.audit { rules in
                let chain = String(rule.split(separator: " ")[1])
                let own = rules.rules(table) { $0.hasPrefix("-A \(chain) ") }
                rules.lines.insert(rule, at: isFirst ? own[0] : own[own.count - 1] + 1)
            }
            #expect(Self.identifiers(findings) == ["warning unexpected-rule"], "\(rule), first: \(isFirst)")
            #expect(findings.count == 1)
        }
    }

    /// Damage to the rules that belong to no Service port: what is replaced, and by what.
    @Test(
        arguments: [
            ("-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000", nil, ["error wrong-mark"]),
            (
                "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000", "-A KUBE-MARK-MASQ -j LOG",
                ["error wrong-mark", "warning unexpected-rule"]
            ),
            (
                "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000",
                "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000\n-A KUBE-MARK-MASQ -j MARK --and-mark 0xffffbfff",
                ["error wrong-mark"]
            ),
            (
                "-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN",
                "-A KUBE-POSTROUTING -m mark ! --mark 0x8000/0x8000 -j RETURN", ["error wrong-mark"]
            ),
            ("-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0", nil, ["error wrong-mark"]),
            ("-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP", nil, ["error missing-rule"]),
            (
                "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP",
                "-A KUBE-FORWARD -m conntrack --ctstate INVALID -j ACCEPT",
                ["error missing-rule", "warning unexpected-rule"]
            ),
        ] as [(String, String?, [String])])
    func damagedBaseRule(_ rule: String, _ replacement: String?, _ expected: [String]) throws {
        let findings = try Self.audit { rules in
            let index = rules.lines.firstIndex { SavedRules.withoutComment($0) == rule }
            guard let index else { return }
            rules.lines.replaceSubrange(index...index, with: replacement.map { [$0] } ?? [])
        }
        #expect(Self.identifiers(findings) == expected)
    }

    /// Settings that differ are told by value, whatever names hold.
    @Test(arguments: [
        (["--masquerade-all"], SettingDifference.MasqueradedSources.everybody),
        (["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "mark"], .outsideInterface("mark")),
        (
            ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "veth"],
            .outsideInterfaces(prefix: "veth")
        ),
    ])
    func clusterIPMasquerade(_ made: [String], _ found: SettingDifference.MasqueradedSources) throws {
        let findings = try Self.audit(rulesWith: made) { _ in }
        let settings = findings.compactMap { ($0.evidence as? SettingsDiffer)?.setting }
        guard case .clusterIPMasquerade(found, .outsideRange(let range), _) = settings.first else {
            Issue.record("\(settings)")
            return
        }
        #expect("\(range)" == "10.244.0.0/16")
    }

    /// Each identifier has one check.
    @Test func allIdentifiers() {
        #expect(Audit.identifiers == AuditFinding.Identifier.allCases)
    }
}
