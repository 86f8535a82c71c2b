internal import Iptables
internal import NetAddress

/// Where rules send everybody's connections: what ``Reachability`` says of a plan, asked of rules.
///
/// No name of a chain counts, only where packets go.
struct RulesReachability: Sendable {
    let rules: TracedRules
    let host: RulesHost

    /// What becomes of everybody's connections to an address and port.
    ///
    /// - Parameters:
    ///   - port: the Service port that the frontend belongs to, whose endpoints it is known of where they are.
    func flows(
        to address: IPAddress, _ port: UInt16, _ transport: TransportProtocol, of servicePort: ServicePortPlan?
    ) -> [Flow] {
        var flows: [Flow] = []
        for senders in host.senders {
            var query = TraceQuery(from: address, to: address, port: port, transport)
            query.hostAddresses = host.addresses
            query.clients = senders.clients
            if let interface = host.podInterface, let isBehind = senders.areBehindPodInterface {
                query.inInterfaces = [(interface, isBehind)]
            }
            let fates: RuleFates
            do throws(TraceError) {
                fates = RuleFates(try rules.trace(query), of: senders.clients)
            } catch {
                fates = RuleFates(.rules(error.description), of: senders.clients)
            }
            for group in senders.groups { flows += self.flows(of: group, fates, servicePort) }
        }
        let order = SenderOrigin.allCases
        return flows.enumerated().sorted {
            (order.firstIndex(of: $0.element.senders.origin)!, $0.offset)
                < (order.firstIndex(of: $1.element.senders.origin)!, $1.offset)
        }.map(\.element)
    }

    private func flows(of group: SenderSet, _ fates: RuleFates, _ servicePort: ServicePortPlan?) -> [Flow] {
        if fates.pieces.count == 1 {
            return [Flow(senders: group, outcome: outcome(fates.pieces[0].fate, group.origin, servicePort))]
        }
        let flows = fates.pieces.compactMap { piece -> Flow? in
            let common = group.addresses.intersection(piece.clients)
            guard !common.isEmpty else { return nil }
            return Flow(
                senders: SenderSet(group.origin, common), outcome: outcome(piece.fate, group.origin, servicePort))
        }
        if let first = flows.first, flows.allSatisfy({ $0.outcome == first.outcome }) {
            return [Flow(senders: group, outcome: first.outcome)]
        }
        return joined(flows, of: group)
    }

    /// Joins flows with the same outcome, where their senders together are plain ranges, or all but plain ranges.
    private func joined(_ flows: [Flow], of group: SenderSet) -> [Flow] {
        var result: [Flow] = []
        var met: Set<FlowOutcome> = []
        for flow in flows where met.insert(flow.outcome).inserted {
            let same = flows.filter { $0.outcome == flow.outcome }.map(\.senders.addresses)
            let others = flows.filter { $0.outcome != flow.outcome }.map(\.senders.addresses)
            let addresses: AddressSet
            if same.allSatisfy(\.except.isEmpty) {
                addresses = AddressSet(host.family, same.flatMap(\.ranges))
            } else if others.allSatisfy(\.except.isEmpty), group.origin != .node {
                addresses = group.addresses.subtracting(others.flatMap(\.ranges))
            } else {
                result += flows.filter { $0.outcome == flow.outcome }
                continue
            }
            result.append(Flow(senders: SenderSet(group.origin, addresses), outcome: flow.outcome))
        }
        return result
    }

    /// The outcome with what the path outside the node does.
    private func outcome(_ fate: RuleFate, _ origin: SenderOrigin, _ servicePort: ServicePortPlan?) -> FlowOutcome {
        let chances: [RuleFate.Chance]
        switch fate {
        case .unknown(let doubt): return .unknown(doubt)
        case .known(let known): chances = known
        }
        var endpoints: [TrafficOutcome.SourceTreatment: (endpoints: [FlowEndpoint], share: Double)] = [:]
        var others: [FlowOutcome: Double] = [:]
        let isRewritten = chances.contains { $0.treatment == .rewritten }
        for chance in chances {
            switch chance.result {
            case .refused: others[.refused, default: 0] += chance.probability
            case .timesOut: others[.timesOut, default: 0] += chance.probability
            case .unchanged: others[.unchanged, default: 0] += chance.probability
            case .endpoint(let address, let port), .selfUnanswered(let address, let port):
                let treatment: TrafficOutcome.SourceTreatment =
                    switch chance.treatment {
                    case .preserved: .preserved
                    case .rewritten: .rewritten
                    // All others decide.
                    case .any: isRewritten ? .rewritten : .preserved
                    }
                var answers = origin.isHere || treatment == .rewritten || isHere(address, servicePort)
                if case .selfUnanswered = chance.result { answers = false }
                endpoints[treatment, default: ([], 0)].endpoints.append(
                    FlowEndpoint(
                        address: address, port: port, share: Share(chance.probability), answers: answers))
                endpoints[treatment]?.share += chance.probability
            }
        }
        var parts: [(outcome: FlowOutcome, share: Double)] = []
        for treatment in [TrafficOutcome.SourceTreatment.preserved, .rewritten] {
            guard let (endpoints, share) = endpoints[treatment] else { continue }
            if endpoints.contains(where: \.answers) {
                parts.append((.endpoints(endpoints, treatment), share))
            } else {
                others[.timesOut, default: 0] += share
            }
        }
        for outcome in [FlowOutcome.refused, .timesOut, .unchanged] {
            if let share = others[outcome] { parts.append((outcome, share)) }
        }
        if parts.count == 1 { return parts[0].outcome }
        return .divided(parts.map { FlowPart(share: Share($0.share), outcome: $0.outcome) })
    }

    /// Whether an endpoint is on this node, as far as it is known.
    private func isHere(_ address: IPAddress, _ servicePort: ServicePortPlan?) -> Bool {
        if host.addresses.contains(address) || !host.knowsPods { return true }
        let known = servicePort?.endpoints.filter { $0.address == address } ?? []
        return known.isEmpty ? host.holdsPod(address) : known.contains(where: \.isLocal)
    }
}
