import Iptables
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// Packets traced through the rules fare as the Services and endpoints say. The reference shares no code with the product and
/// does not look at rules.
@Suite struct TraceTests {
    /// The flows that were compared with the reference, and all frontends which one fared.
    private struct Flows {
        var count = 0
        var kinds: Set<String> = []

        mutating func add(_ other: Flows) {
            count += other.count
            kinds.formUnion(other.kinds)
        }
    }

    private static let ofRecorded = Tally(Flows(), cases: RecordedCase.tried.count)
    private static let ofRandom = Tally(Flows(), cases: RandomClusterTests.parts.count)

    @Test(arguments: RecordedCase.tried)
    func recordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        var flows = Flows()
        try check(plan([recorded.snapshot], recorded.options), recorded.cluster, "case \(name)", &flows)
        Self.ofRecorded.add {
            $0.add(flows)
        } finish: { all in
            guard RecordedCase.only == nil else { return }
            #expect(all.count > TestSize.current.count(full: 10_000, brief: 700))
            let kinds = ["accept", "accept translated", "accept translated masqueraded", "drop", "reject"]
            #expect(all.kinds.isSuperset(of: kinds), "\(all.kinds)")
            print("trace: \(all.count) flows of the recorded cases fare as the Services and endpoints alone say")
        }
    }

    @Test(arguments: RandomClusterTests.parts)
    func everyRandomCluster(_ seeds: Range<UInt64>) throws {
        var flows = Flows()
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            try check(plan(cluster), cluster.description, "seed \(seed)", &flows)
        }
        #expect(flows.count > 10 * seeds.count)
        Self.ofRandom.add {
            $0.add(flows)
        } finish: { all in
            print("trace: \(all.count) flows of random clusters fare as the Services and endpoints alone say")
        }
    }

    /// So they do in every version that drops packets in the filter table, which 1.24 leaves to kubelet. Addresses are
    /// canonical: iptables reads spelled ones in another way than Kubernetes.
    @Test(arguments: 25...37)
    func everyVersion(_ minor: Int) throws {
        var flows = Flows()
        let count = UInt64(TestSize.current.count(full: 40, brief: 2))
        for seed in 0..<count {
            let cluster = RandomCluster(canonicalSeed: seed, kubeProxyMinor: minor)
            let plan = try plan(cluster)
            guard !IptablesPlan(plan).writesSpellings else { continue }
            try check(plan, cluster.description, "1.\(minor), seed \(seed)", &flows)
        }
        #expect(flows.count > count)
    }

    /// kube-proxy puts each jump at the top of its chain, so they stand in the opposite order; the chain that kubelet shares
    /// is there only with node ports on loopback.
    @Test(arguments: [["KUBE-FIREWALL"], []])
    func jumps(_ firewall: [String]) throws {
        let options = firewall.isEmpty ? ["--iptables-localhost-nodeports=false"] : []
        let rules = IptablesPlan(try plan([#"{"apiVersion":"v1","kind":"List","items":[]}"#], options)).hostRules
        func targets(_ table: String, _ chain: String) throws -> [String] {
            try #require(rules[table: table]?[chain: chain]).rules.compactMap(\.target?.chain)
        }
        let (external, services) = ("KUBE-EXTERNAL-SERVICES", "KUBE-SERVICES")
        #expect(
            try targets("filter", "INPUT") == firewall + ["KUBE-PROXY-FIREWALL", "KUBE-NODEPORTS", external])
        #expect(try targets("filter", "OUTPUT") == firewall + ["KUBE-PROXY-FIREWALL", services])
        #expect(try targets("filter", "FORWARD") == ["KUBE-PROXY-FIREWALL", "KUBE-FORWARD", services, external])
        #expect(try targets("nat", "PREROUTING") == [services] && targets("nat", "OUTPUT") == [services])
        #expect(try targets("nat", "POSTROUTING") == ["KUBE-POSTROUTING"])
    }

    /// Holds every flow of a cluster against the reference.
    private func check(
        _ plan: NodePlan, _ cluster: ClusterDescription, _ name: String, _ seen: inout Flows
    ) throws {
        let reference = ReferenceFlows(cluster)
        let rules = IndexedRules(IptablesPlan(plan).hostRules)
        let hosts = plan.node.hostAddresses
        // An address with colons is IPv6; the plan of a family knows the host's addresses of that family.
        let ofFamily = reference.hostAddresses.filter { $0.contains(":") == (plan.settings.family == .ipv6) }
        #expect(Set(hosts.map(\.description)) == Set(ofFamily), "\(name)")
        for flow in reference.flows {
            let expected = reference.fates(of: flow)
            let traced = try fates(of: flow, rules, hosts)
            #expect(agree(expected, traced), "\(name): \(flow): expected \(expected), traced \(traced)")
            seen.count += 1
            for fate in traced.keys {
                seen.kinds.insert(
                    fate.verdict + (fate.isTranslated ? " translated" : "")
                        + (fate.isMasqueraded ? " masqueraded" : ""))
            }
        }
    }

    private func fates(
        of flow: ReferenceFlows.Flow, _ rules: IndexedRules, _ hosts: [IPAddress]
    ) throws -> [ReferenceFlows.Fate: Double] {
        var query = TraceQuery(
            from: try #require(IPAddress(flow.client.address)),
            to: try #require(IPAddress(flow.address)), port: try #require(UInt16(exactly: flow.port)),
            try #require(TransportProtocol.allCases.first { $0.name.description == flow.proto }))
        query.hostAddresses = hosts
        query.inInterface = flow.client.interface
        if let affinity = flow.affinity {
            let end = try #require(affinity.lastIndex(of: ":"))
            let address = affinity[..<end].filter { $0 != "[" && $0 != "]" }
            let port = affinity[affinity.index(after: end)...]
            query.affinity = (try #require(IPAddress(address)), try #require(UInt16(port)))
        }
        var fates: [ReferenceFlows.Fate: Double] = [:]
        for outcome in try PacketTrace(query, through: rules).outcomes {
            #expect(outcome.assumptions.isEmpty)
            guard case .exact(let address) = outcome.packet.destination else {
                Issue.record("a destination that is not known")
                continue
            }
            let verdict: String
            switch outcome.verdict {
            case .accept: verdict = "accept"
            case .drop: verdict = "drop"
            case .reject(let kind):
                #expect(kind == .icmpPortUnreachable || kind == .icmp6PortUnreachable)
                verdict = "reject"
            case .unknown: verdict = "unknown"
            }
            let fate = ReferenceFlows.Fate(
                verdict: verdict,
                destination: AddressText(address, port: outcome.packet.destinationPort.first).description,
                isTranslated: outcome.isTranslated,
                isMasqueraded: outcome.isMasqueraded && outcome.verdict == .accept)
            fates[fate, default: 0] += outcome.probability
        }
        return fates
    }

    /// The same fates with the same chances, up to what the kernel's steps of 2⁻³¹ and kube-proxy's ten decimals leave over.
    private func agree(
        _ expected: [ReferenceFlows.Fate: Double], _ traced: [ReferenceFlows.Fate: Double]
    ) -> Bool {
        guard expected.count == traced.count else { return false }
        let step = 0.5 / 0x8000_0000 + 0.5e-10
        return expected.allSatisfy { fate, chance in
            // Each of the rules before an endpoint's own is off by half a step at most.
            guard let other = traced[fate] else { return false }
            return abs(other - chance) <= step * Double(expected.count) + 1e-12
        }
    }
}
