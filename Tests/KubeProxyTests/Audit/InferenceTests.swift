import Foundation
import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// What an audit reads off the rules of a healthy node, so that nothing has to be given.
@Suite struct InferenceTests {
    /// The recorded cases whose snapshot has Services and the Node of the options.
    static let cases: [String] = {
        let names = RecordedCase.names.filter { name in
            (try? RecordedCase(name).cluster.isComparable) ?? false
        }
        return TestSize.current.sample(names, brief: 24)
    }()

    /// The findings of an audit without a setting but the family, and with those that are given.
    private static func audit(
        _ recorded: RecordedCase, given: Set<AuditSetting> = [], _ options: [String] = []
    ) throws -> Audit {
        let dump = IptablesPlan(try plan([recorded.snapshot], recorded.options)).hostRules
        let family = dump.family == .ipv6 ? ["--family", "ipv6"] : []
        let node = given.contains(.node) ? [] : ["--node", recorded.cluster.nodes[0].name]
        let known = IptablesPlan(try plan([recorded.snapshot], node + family + options))
        return Audit(given: given, known, nil, [dump])
    }

    @Test(arguments: cases)
    func healthyNode(_ name: String) throws {
        let audit = try Self.audit(RecordedCase(name))
        let findings = audit.findings.filter { $0.severity > .info }
        #expect(findings.isEmpty, "\(findings.map { "\($0.id.rawValue) \($0.label?.servicePort ?? "") \($0.effect)" })")
    }

    /// The demo cluster's rules of each version: whose they are is read off what they make of its Services.
    @Test(arguments: 24...37)
    func healthyNodeOfAnotherVersion(_ minor: Int) throws {
        let cluster = try String(contentsOfFile: "\(fixtures)/demo/cluster.json", encoding: .utf8)
        let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16", "--kube-proxy-version", "1.\(minor)"]
        let dump = IptablesPlan(try plan([cluster], options)).hostRules
        let known = IptablesPlan(try plan([cluster], ["--node", "worker-1"]))
        let audit = Audit(given: [], known, nil, [dump])
        let findings = audit.findings.filter { $0.severity > .info }
        #expect(findings.isEmpty, "\(findings.map { "\($0.id.rawValue) \($0.label?.servicePort ?? "") \($0.effect)" })")
        let expected = IptablesPlan(try plan([cluster], options)).ruleset(keepsComments: false)
        #expect(audit.expected?.ruleset(keepsComments: false) == expected)
    }

    /// One setting is given otherwise than the node has it. Where the texts differ for it, the only finding is that the
    /// setting differs.
    @Test(arguments: cases)
    func oneSettingGivenOtherwise(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let own = IptablesPlan(try plan([recorded.snapshot], recorded.options))
        let isIPv6 = own.plan.settings.family == .ipv6
        let others: [(AuditSetting, [String])] = [
            (.masqueradeBit, ["--iptables-masquerade-bit", own.plan.settings.masqueradeBit == 9 ? "8" : "9"]),
            (.masqueradeAll, ["--masquerade-all=\(!own.plan.settings.masqueradeAll)"]),
            (
                .localTraffic,
                ["--cluster-cidr", isIPv6 ? "2001:db8:77::/48" : "198.18.0.0/15", "--detect-local-mode", "ClusterCIDR"]
            ),
            (.conntrackTCPBeLiberal, ["--conntrack-tcp-be-liberal=\(!own.plan.settings.conntrackTCPBeLiberal)"]),
            (.randomFully, ["--no-random-fully=\(own.plan.settings.hasRandomFully)"]),
        ]
        for (setting, options) in others {
            let other = IptablesPlan(try plan([recorded.snapshot], recorded.options + options))
            guard other.ruleset(keepsComments: false) != own.ruleset(keepsComments: false) else { continue }
            let audit = try Self.audit(recorded, given: [setting], options)
            let identifiers = audit.findings.filter { $0.severity > .info }.map(\.id)
            #expect(identifiers == [.settingsDiffer], "\(setting): \(audit.findings.map(\.effect))")
        }
    }

    /// What is inferred from each way of running kube-proxy, as options.
    @Test(arguments: [
        ([], ["--node worker-1"]),
        (["--cluster-cidr", "10.244.0.0/16"], ["--node worker-1", "--cluster-cidr 10.244.0.0/16"]),
        (["--detect-local-mode", "NodeCIDR"], ["--node worker-1", "--detect-local-mode NodeCIDR"]),
        (
            ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "cbr0"],
            ["--node worker-1", "--detect-local-mode BridgeInterface --pod-bridge-interface cbr0"]
        ),
        (
            ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "veth"],
            ["--node worker-1", "--detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix veth"]
        ),
        (["--masquerade-all"], ["--node worker-1", "--masquerade-all"]),
        (["--iptables-masquerade-bit", "3"], ["--node worker-1", "--iptables-masquerade-bit 3"]),
        (["--nodeport-addresses", "10.20.0.0/16"], ["--node worker-1", "--nodeport-addresses 10.20.0.11/32"]),
        (["--iptables-localhost-nodeports=false"], ["--node worker-1", "--iptables-localhost-nodeports=false"]),
        (["--conntrack-tcp-be-liberal"], ["--node worker-1", "--conntrack-tcp-be-liberal"]),
        (["--no-random-fully"], ["--node worker-1", "--no-random-fully"]),
        (["--nfacct"], ["--node worker-1", "--nfacct"]),
    ])
    func inferredOptions(_ made: [String], _ inferred: [String]) throws {
        let snapshot = try String(contentsOfFile: fixtures + "/reports/80-settings/cluster.json", encoding: .utf8)
        let dump = IptablesPlan(try plan([snapshot], ["--node", "worker-1"] + made)).hostRules
        for other in ["worker-1", "worker-2"] {
            let known = IptablesPlan(try plan([snapshot], ["--node", other]))
            let audit = Audit(given: [], known, nil, [dump])
            #expect(audit.inferred.map(\.text) == inferred)
            #expect(audit.findings.isEmpty, "\(audit.findings.map(\.effect))")
        }
    }

    /// A Node given otherwise than the rules have it, and a kube-proxy whose name is no Node's.
    @Test(arguments: [
        ("80-settings", "worker-1", "worker-2"), ("80-settings", "worker-2", "worker-1"),
        ("03-hostname", "stranger", "ip-10-20-0-11.eu-west-1.compute.internal"),
    ])
    func otherNode(_ folder: String, _ real: String, _ given: String) throws {
        let snapshot = try String(contentsOfFile: fixtures + "/reports/\(folder)/cluster.json", encoding: .utf8)
        let dump = IptablesPlan(try plan([snapshot], ["--node", real])).hostRules
        let known = IptablesPlan(try plan([snapshot], ["--node", given]))
        let findings = Audit(given: [.node], known, nil, [dump]).findings
        let settings = findings.compactMap { ($0.evidence as? SettingsDiffer)?.setting }
        #expect(settings == [.node(found: real == "stranger" ? nil : real, given: given)])
        #expect(findings.count == 1, "\(findings.map(\.effect))")
    }
}
