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
        let audit = Audit(given: given, known, nil, [dump])
        try Audit(beside: known, given: given, String(decoding: dump.saved(), as: UTF8.self))
            .expectSame(as: audit, hasLines: false)
        return audit
    }

    @Test(arguments: cases)
    func healthyNode(_ name: String) throws {
        let audit = try Self.audit(RecordedCase(name))
        let findings = audit.findings.filter { $0.severity > .info }
        #expect(findings.isEmpty, "\(findings.map { "\($0.id.rawValue) \($0.label?.servicePort ?? "") \($0.effect)" })")
    }

    /// Nor is anything found where all settings are given as the node has them.
    @Test(arguments: cases)
    func healthyNodeWithItsSettings(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let own = IptablesPlan(try plan([recorded.snapshot], recorded.options))
        let audit = Audit(given: Set(AuditSetting.allCases), own, nil, [own.hostRules])
        try Audit(
            beside: own, given: Set(AuditSetting.allCases), String(decoding: own.hostRules.saved(), as: UTF8.self)
        ).expectSame(as: audit, hasLines: false)
        let findings = audit.findings.filter { $0.severity > .info }
        #expect(findings.isEmpty, "\(findings.map { "\($0.id.rawValue) \($0.effect)" })")
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
    @Test(arguments: casesWithOtherSettings)
    func oneSettingGivenOtherwise(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let own = IptablesPlan(try plan([recorded.snapshot], recorded.options))
        let settings = own.plan.settings
        let isIPv6 = settings.family == .ipv6
        let otherNode = own.plan.snapshot.nodes.first { $0.name.text != settings.nodeName }?.name.text
        let hasRanges = settings.nodePortAddresses != .ranges([])
        let others: [(AuditSetting, [String])] = [
            (.node, otherNode.map { ["--node", $0] } ?? []),
            (.version, ["--kube-proxy-version", "1.30"]),
            (.masqueradeBit, ["--iptables-masquerade-bit", settings.masqueradeBit == 9 ? "8" : "9"]),
            (.masqueradeAll, ["--masquerade-all=\(!settings.masqueradeAll)"]),
            (
                .localTraffic,
                ["--cluster-cidr", isIPv6 ? "2001:db8:77::/48" : "198.18.0.0/15", "--detect-local-mode", "ClusterCIDR"]
            ),
            (.localTraffic, ["--detect-local-mode", "NodeCIDR"]),
            (.localTraffic, ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "other0"]),
            (.localTraffic, ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "other"]),
            (.conntrackTCPBeLiberal, ["--conntrack-tcp-be-liberal=\(!settings.conntrackTCPBeLiberal)"]),
            (.randomFully, ["--no-random-fully=\(settings.hasRandomFully)"]),
            (.accountingCounters, ["--nfacct=\(!settings.hasAccountingCounters)"]),
            (.localhostNodePorts, ["--iptables-localhost-nodeports=\(!settings.localhostNodePorts)"]),
            (.nodePortAddresses, ["--nodeport-addresses", hasRanges ? "0.0.0.0/0,::/0" : "198.18.0.0/15,::1/128"]),
            (.nodePortAddresses, ["--nodeport-addresses", "primary"]),
            (.hostAddresses, ["--node-address", isIPv6 ? "2001:db8:77::9" : "198.18.0.9"]),
            (.bindAddress, ["--bind-address", isIPv6 ? "2001:db8:77::9" : "198.18.0.9"]),
            (.externalIPs, ["--feature-gates", "AllowServiceExternalIPs=\(!settings.allowServiceExternalIPs)"]),
        ]
        var (shown, unshown) = (0, 0)
        for (setting, options) in others where !options.isEmpty {
            let other = IptablesPlan(try plan([recorded.snapshot], recorded.options + options))
            guard other.ruleset(keepsComments: false) != own.ruleset(keepsComments: false) else { continue }
            let audit = try Self.audit(recorded, given: [setting], options)
            let identifiers = audit.findings.filter { $0.severity > .info }.map(\.id)
            if identifiers.isEmpty, try Self.explains(audit, options, own) {
                unshown += 1
                continue
            }
            shown += 1
            #expect(
                identifiers == [.settingsDiffer],
                "\(setting) \(options): \(recorded.options) \(audit.findings.map(\.effect))")
        }
        let counts = (shown, unshown)
        Self.settings.add {
            $0 = ($0.0 + counts.0, $0.1 + counts.1)
        } finish: {
            print("Settings given otherwise: \($0.0) were found, \($0.1) are no contradiction with others inferred.")
        }
    }

    private static let casesWithOtherSettings = TestSize.current.sample(cases, brief: 8)
    private static let settings = Tally((0, 0), cases: casesWithOtherSettings.count)

    /// Whether the node's rules are just what kube-proxy writes with the options, beside other settings than it had: the
    /// ranges of `--nodeport-addresses` do not show, for instance, only which of the host's addresses are in them.
    private static func explains(_ audit: Audit, _ options: [String], _ own: IptablesPlan) throws -> Bool {
        guard let expected = audit.expected, RuleComparison(expected: .init(expected), actual: .init(own)).isSame
        else { return false }
        if options[0] == "--node-address" { return true }
        var given = expected.plan.settings
        for (flag, value) in zip(options, options.dropFirst()) where flag.hasPrefix("--") && !flag.contains("=") {
            if let flag = ProxyFlag(rawValue: String(flag.dropFirst(2))) { try given.set(flag, to: value) }
        }
        for option in options where option.contains("=") && option.hasPrefix("--") {
            let parts = option.dropFirst(2).split(separator: "=")
            if let flag = ProxyFlag(rawValue: String(parts[0])) { try given.set(flag, to: String(parts[1])) }
        }
        return given == expected.plan.settings
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
