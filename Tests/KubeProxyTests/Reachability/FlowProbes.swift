import Iptables
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// Packets drawn from flows to the frontends of a plan.
struct FlowProbes {
    let plan: NodePlan

    init(_ plan: NodePlan) { self.plan = plan }

    /// Every address is in exactly one set, where no other is as likely to fail than those at the ends of ranges. Rules need not
    /// say whose loopback addresses are, from which nothing leaves the host.
    func expectPartition(_ flows: [Flow], _ place: String, isOfLoopbackToo: Bool = false) {
        let family = plan.settings.family
        var probes = flows.flatMap { ends(of: $0.senders.addresses.ranges + $0.senders.addresses.except) }
        probes += [IPPrefix.all(family).network]
        for probe in probes where isOfLoopbackToo || !probe.isLoopback {
            let holders = flows.count { $0.senders.addresses.contains(probe) }
            #expect(holders == 1, "\(place): \(probe) is in \(holders) sets")
        }
    }

    /// The first and last addresses of ranges, and those beside them.
    func ends(of ranges: [IPPrefix]) -> [IPAddress] {
        ranges.flatMap { range -> [IPAddress] in
            let last = IPAddress(range.last, range.family)
            let before = range.first > 0 ? IPAddress(range.first - 1, range.family) : nil
            return [range.network, range.network.next, last, last.next, before].compactMap(\.self)
        }
    }

    func addresses(of senders: SenderSet, _ random: inout SeededGenerator) -> [IPAddress] {
        if senders.origin == .node {
            return plan.node.hostAddresses.filter { !$0.isLoopback && senders.addresses.contains($0) }
        }
        var found = [senders.example].compactMap(\.self) + ends(of: senders.addresses.ranges)
        found += plan.servicePorts.prefix(4).flatMap { $0.endpoints.map(\.address) }.filter { _ in
            Bool.random(using: &random)
        }
        found.shuffle(using: &random)
        return found.filter { senders.addresses.contains($0) && !$0.isUnspecified && !$0.isLoopback }
    }

    /// The packet that a client sends to a frontend.
    func query(from source: IPAddress, _ origin: SenderOrigin, to frontend: FrontendFlows) throws -> TraceQuery {
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

    /// Whether a packet of a flow fares as the flow says.
    func agrees(_ outcomes: [TraceOutcome], with flow: Flow, _ source: IPAddress) -> Bool {
        func verdicts(_ isRight: (TraceOutcome) -> Bool) -> Bool { outcomes.allSatisfy(isRight) }
        switch flow.outcome {
        case .unknown: return true
        case .divided(let parts):
            return parts.allSatisfy { part in
                if case .endpoints = part.outcome {
                    let reached = outcomes.filter { $0.verdict == .accept && $0.isTranslated }
                    return agrees(reached, with: Flow(senders: flow.senders, outcome: part.outcome), source)
                }
                let dropped = outcomes.filter { $0.verdict == .drop }.reduce(0) { $0 + $1.probability }
                return part.outcome == .timesOut && abs(dropped - part.share.value) < 1e-3
            }
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
                var isRewritten = treatment == .rewritten && entry?.seesSender != true
                if address == source { isRewritten = isRewritten || entry?.toItself == .rewritten }
                guard isDropped || outcome.isMasqueraded == isRewritten else { return false }
            }
            guard shares.count == endpoints.count else { return false }
            return endpoints.allSatisfy { endpoint in
                let share = shares["\(endpoint.address) \(endpoint.port)"] ?? 0
                return abs(share - (endpoint.share?.value ?? 1)) < 1e-6
            }
        }
    }
}
