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
        for seed in seeds.prefix(TestSize.current.count(full: 20, brief: 2)) {
            let (plan, flows, trace) = try traced(seed)
            for frontend in flows.frontends {
                let place = "seed \(seed): \(frontend.name) \(frontend.kind.rawValue)"
                let isLoopback = frontend.addresses[0].isLoopback
                if !isLoopback { expectPartition(frontend.flows, plan, place, &random) }
                for flow in frontend.flows {
                    var sources = addresses(of: flow.senders, plan, &random)
                    if isLoopback { sources = [.loopback(plan.settings.family)] }
                    for source in sources.prefix(count % 7 == 0 ? 10 : 2) {
                        let query = try query(from: source, flow.senders.origin, to: frontend, plan)
                        let outcomes = try trace(query)
                        let fares = agrees(outcomes, with: flow, source, plan)
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
        #expect(count > 20)
        Self.traced.add {
            $0 += count
        } finish: { all in
            print("reach: \(all) packets of random clusters' flows fare in the rules as their set says")
        }
    }

    /// Every address is in exactly one set, where no other is as likely to fail than those at the ends of ranges.
    private func expectPartition(
        _ flows: [Flow], _ plan: NodePlan, _ place: String, _ random: inout SeededGenerator
    ) {
        let family = plan.settings.family
        var probes = flows.flatMap { ends(of: $0.senders.addresses.ranges + $0.senders.addresses.except) }
        probes += [IPPrefix.all(family).network]
        for probe in probes {
            let holders = flows.count { $0.senders.addresses.contains(probe) }
            #expect(holders == 1, "\(place): \(probe) is in \(holders) sets")
        }
    }

    /// The first and last addresses of ranges, and those beside them.
    private func ends(of ranges: [IPPrefix]) -> [IPAddress] {
        ranges.flatMap { range -> [IPAddress] in
            let last = AddressSet(range.family, [IPPrefix.all(range.family)], except: [range])
            return [range.network, range.network.next].compactMap(\.self) + (last.first.map { [$0] } ?? [])
        }
    }

    private func addresses(
        of senders: SenderSet, _ plan: NodePlan, _ random: inout SeededGenerator
    ) -> [IPAddress] {
        if senders.origin == .node {
            return plan.node.hostAddresses.contains(plan.node.nodeIP)
                ? [plan.node.nodeIP].filter { !$0.isLoopback } : []
        }
        var found = [senders.example].compactMap(\.self) + ends(of: senders.addresses.ranges)
        found += plan.servicePorts.prefix(4).flatMap { $0.endpoints.map(\.address) }.filter { _ in
            Bool.random(using: &random)
        }
        return found.filter { senders.addresses.contains($0) && !$0.isUnspecified && !$0.isLoopback }
    }

    private func query(
        from source: IPAddress, _ origin: SenderOrigin, to frontend: FrontendFlows, _ plan: NodePlan
    ) throws -> TraceQuery {
        var query = TraceQuery(
            from: source, to: frontend.addresses[0], port: frontend.port, frontend.name.transport)
        query.hostAddresses = plan.node.hostAddresses
        if origin != .node {
            query.inInterface = "eth9"
            if case .interface(let name) = plan.node.localTraffic, origin == .pod {
                query.inInterface = name.hasSuffix("+") ? name.dropLast() + "1" : name
            }
        }
        return query
    }

    private func agrees(_ outcomes: [TraceOutcome], with flow: Flow, _ source: IPAddress, _ plan: NodePlan) -> Bool {
        func verdicts(_ isRight: (TraceOutcome) -> Bool) -> Bool { outcomes.allSatisfy(isRight) }
        switch flow.outcome {
        case .divided: return false  // A plan says nothing in parts.
        case .unknown: return true
        case .refused: return verdicts { if case .reject = $0.verdict { true } else { false } }
        case .unchanged: return verdicts { $0.verdict == .accept && !$0.isTranslated }
        case .timesOut:
            // Dropped, or sent to endpoints elsewhere, which answer past the node.
            return verdicts {
                $0.verdict == .drop
                    || $0.verdict == .accept && $0.isTranslated && !$0.isMasqueraded
                        && (flow.senders.origin != .pod && flow.senders.origin != .node
                            || $0.packet.destination == .exact(source))
            }
        case .endpoints(let endpoints, let treatment):
            var shares: [String: Double] = [:]
            for outcome in outcomes {
                guard case .exact(let address) = outcome.packet.destination, outcome.isTranslated else { return false }
                let entry = endpoints.first { $0.address == address }
                // An endpoint in the ServiceCIDRs gets nothing in nftables mode.
                let isDropped = outcome.verdict == .drop && entry?.answers == false
                guard outcome.verdict == .accept || isDropped else { return false }
                shares["\(address) \(outcome.packet.destinationPort.first)", default: 0] += outcome.probability
                // What is for the node itself is not masqueraded, and what the node sends itself need not be.
                let isForHost = plan.node.hostAddresses.contains(address)
                var isRewritten = treatment == .rewritten
                if address == source, flow.senders.origin != .node {
                    isRewritten = isRewritten || entry?.toItself == .rewritten
                }
                guard isForHost || isDropped || outcome.isMasqueraded == isRewritten else { return false }
            }
            guard shares.count == endpoints.count else { return false }
            return endpoints.allSatisfy { endpoint in
                let share = shares["\(endpoint.address) \(endpoint.port)"] ?? 0
                return abs(share - (endpoint.share?.value ?? 1)) < 1e-6
            }
        }
    }
}
