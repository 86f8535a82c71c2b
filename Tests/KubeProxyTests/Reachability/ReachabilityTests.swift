import Iptables
import NetAddress
import Nftables
import TestSupport
import Testing

@testable import KubeProxy

/// The flows of a plan are disjoint and complete, and packets drawn from each fare in the rules as it says.
@Suite struct ReachabilityTests {
    private static let traced = Tally(0, cases: 2 * RandomClusterTests.parts.count)

    @Test(arguments: RandomClusterTests.parts)
    func packetsFareAsTheirSetSays(_ seeds: Range<UInt64>) throws {
        try expectPacketsFare(seeds) { seed in
            let plan = try plan(RandomCluster(seed: seed))
            let backend = IptablesPlan(plan)
            let rules = IndexedRules(backend.hostRules)
            return (plan, NodeFlows(backend), { query in try PacketTrace(query, through: rules).outcomes })
        }
    }

    @Test(arguments: RandomClusterTests.parts)
    func packetsFareAsTheirSetSaysInNftablesMode(_ seeds: Range<UInt64>) throws {
        try expectPacketsFare(seeds) { seed in
            let plan = try plan(RandomCluster(nftablesSeed: seed))
            let backend = try NftablesPlan(plan)
            let tables = TracedTables([backend.table])
            return (plan, NodeFlows(backend), { query in try PacketTrace(query, through: tables).outcomes })
        }
    }

    private typealias Traced = (NodePlan, NodeFlows, trace: (TraceQuery) throws -> [TraceOutcome])

    private func expectPacketsFare(_ seeds: Range<UInt64>, _ traced: (UInt64) throws -> Traced) throws {
        var random = SeededGenerator(seed: seeds.lowerBound)
        var count = 0
        for seed in seeds.prefix(TestSize.current.count(full: 20, brief: 1, soak: 100)) {
            let (plan, flows, trace) = try traced(seed)
            let probes = FlowProbes(plan)
            for frontend in flows.frontends {
                let place = "seed \(seed): \(frontend.name) \(frontend.kind.rawValue)"
                let isLoopback = frontend.addresses[0].isLoopback
                if !isLoopback { probes.expectPartition(frontend.flows, place, isOfLoopbackToo: true) }
                for flow in frontend.flows {
                    var sources = probes.addresses(of: flow.senders, &random)
                    if isLoopback { sources = [.loopback(plan.settings.family)] }
                    let isTriedOften = TestSize.current == .soak || count % 7 == 0
                    for source in sources.prefix(isTriedOften ? 10 : 2) {
                        let query = try probes.query(from: source, flow.senders.origin, to: frontend)
                        let outcomes = try trace(query)
                        let fares = probes.agrees(outcomes, with: flow, source)
                        #expect(
                            fares, "\(place): from \(flow.senders.origin) \(source): \(flow.outcome), but \(outcomes)")
                        count += 1
                    }
                }
            }
            for flow in flows.unserved {
                guard let address = flow.addresses.first else { continue }
                var query = TraceQuery(from: IPAddress("198.51.100.7")!, to: address, port: 9, .sctp)
                query.hostAddresses = plan.node.hostAddresses
                guard address.family == .ipv4, !flows.frontends.contains(where: { $0.port == 9 }) else { continue }
                for outcome in try trace(query) {
                    switch outcome.verdict {
                    case .reject: #expect(flow.outcome == .refused, "seed \(seed): \(address)")
                    case .drop: #expect(flow.outcome == .timesOut, "seed \(seed): \(address)")
                    default: #expect(flow.outcome == .unchanged, "seed \(seed): \(address)")
                    }
                    count += 1
                }
            }
        }
        #expect(count > TestSize.current.count(full: 20, brief: 5))
        Self.traced.add {
            $0 += count
        } finish: { all in
            print("reach: \(all) packets of random clusters' flows fare in the rules as their set says")
        }
    }
}
