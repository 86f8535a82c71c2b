import NetAddress
import Netfilter
import ServiceChains
import Synchronization
import TestSupport
import Testing

/// Packets traced through the rules fare as the Services and endpoints say. The reference shares no code with the product and
/// does not look at rules.
@Suite struct TraceTests {
    private static let flowCount = Mutex(0)

    @Test func everyRecordedCase() throws {
        let cases = try RecordedCase.all(in: fixtures + "/conformance")
        var count = 0
        for recorded in cases {
            count += try check(plan([recorded.snapshot], recorded.options), recorded.cluster, "case \(recorded.name)")
        }
        #expect(cases.count >= 167)
        #expect(count > 10_000)
        print(
            "trace: \(count) flows of \(cases.count) recorded cases equal those worked out from Services and endpoints")
    }

    @Test(arguments: RandomClusterTests.parts)
    func everyRandomCluster(_ seeds: Range<UInt64>) throws {
        var count = 0
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            count += try check(plan(cluster), cluster.description, "seed \(seed)")
        }
        #expect(count > 1000)
        let total = Self.flowCount.withLock { total in
            total += count
            return total
        }
        if seeds.upperBound == 1000 { print("trace: \(total) flows of random clusters so far, none that differs") }
    }

    /// Holds every flow of a cluster against the reference; returns how many there are.
    private func check(_ plan: ServicePlan, _ cluster: ClusterDescription, _ name: String) throws -> Int {
        let reference = ReferenceFlows(cluster)
        let rules = IndexedRules(plan.hostRules)
        let hosts = plan.node.hostAddresses
        #expect(Set(hosts.map(\.description)) == Set(reference.hostAddresses), "\(name)")
        let flows = reference.flows
        for flow in flows {
            let expected = reference.fates(of: flow)
            let traced = try fates(of: flow, rules, hosts)
            #expect(agree(expected, traced), "\(name): \(flow): expected \(expected), traced \(traced)")
        }
        return flows.count
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
