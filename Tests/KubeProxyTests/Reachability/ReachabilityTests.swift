import Iptables
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// The flows of a plan are disjoint and complete, and packets drawn from each fare in the rules as it says.
@Suite struct ReachabilityTests {
    private static let traced = Tally(0, cases: RandomClusterTests.parts.count)

    @Test(arguments: RandomClusterTests.parts)
    func packetsFareAsTheirSetSays(_ seeds: Range<UInt64>) throws {
        var random = SeededGenerator(seed: seeds.lowerBound)
        var count = 0
        for seed in seeds.prefix(TestSize.current.count(full: 20, brief: 2)) {
            let plan = try plan(RandomCluster(seed: seed))
            let backend = IptablesPlan(plan)
            let probes = FlowProbes(plan)
            let rules = IndexedRules(backend.hostRules)
            for frontend in NodeFlows(backend).frontends {
                let place = "seed \(seed): \(frontend.name) \(frontend.kind.rawValue)"
                probes.expectPartition(frontend.flows, place)
                for flow in frontend.flows {
                    for source in probes.addresses(of: flow.senders, &random).prefix(count % 7 == 0 ? 10 : 2) {
                        let query = try probes.query(from: source, flow.senders.origin, to: frontend)
                        let outcomes = try PacketTrace(query, through: rules).outcomes
                        let fares = probes.agrees(outcomes, with: flow, source)
                        #expect(
                            fares, "\(place): from \(flow.senders.origin) \(source): \(flow.outcome), but \(outcomes)")
                        count += 1
                    }
                }
            }
        }
        #expect(count > 20)
        Self.traced.add {
            $0 += count
        } finish: { all in
            print("reach: \(all) packets of random clusters' flows fare in the rules as their set says")
        }
    }
}
