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
        let places = places(of: servicePort)
        for senders in host.senders(to: address) {
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
            for group in senders.groups { flows += self.flows(of: group, fates, places) }
        }
        return SenderOrigin.allCases.flatMap { origin in flows.filter { $0.senders.origin == origin } }
    }

    private func flows(of group: SenderSet, _ fates: RuleFates, _ places: [IPAddress: Bool]) -> [Flow] {
        var flows: [Flow] = []
        func add(_ addresses: AddressSet, _ parts: [Part]) {
            flows.append(Flow(senders: SenderSet(group.origin, addresses), outcome: FlowOutcome(parts)))
        }
        for piece in fates.pieces {
            let senders =
                fates.pieces.count == 1 ? group.addresses : group.addresses.intersection(piece.clients)
            guard !senders.isEmpty else { continue }
            guard case .known(let chances) = piece.fate else {
                if case .unknown(let doubt) = piece.fate { add(senders, [Part(outcome: .unknown(doubt), share: 1)]) }
                continue
            }
            let parts = parts(chances, group.origin, places)
            let own = endpoints(among: senders, parts, group.origin, fates)
            let others = own.map { senders.subtracting($0.senders.ranges) } ?? senders
            if let own, let whole = FlowOutcome(own.parts).ofOnlyClient(group.origin, besides: others) {
                flows.append(Flow(senders: SenderSet(group.origin, senders), outcome: whole))
                continue
            }
            if !others.isEmpty { add(others, parts) }
            if let own { add(own.senders, own.parts) }
        }
        if let first = flows.first, flows.allSatisfy({ $0.outcome == first.outcome }) {
            return [Flow(senders: group, outcome: first.outcome)]
        }
        return joined(flows, of: group)
    }

    /// The senders that are endpoints themselves, with what becomes of their connections; nil: there are none, or all
    /// connections are masqueraded, so that it makes no difference.
    private func endpoints(
        among addresses: AddressSet, _ parts: [Part], _ origin: SenderOrigin, _ fates: RuleFates
    ) -> (senders: AddressSet, parts: [Part])? {
        var senders: [IPPrefix] = []
        var parts = parts
        for index in parts.indices {
            guard case .endpoints(var endpoints, .preserved) = parts[index].outcome else { continue }
            for (position, endpoint) in endpoints.enumerated() where addresses.contains(endpoint.address) {
                let isMasqueraded = fates.masqueradedToThemselves.contains(.endpoint(endpoint.address, endpoint.port))
                // The node answers itself in any case.
                if origin == .node, !isMasqueraded { continue }
                senders.append(IPPrefix(single: endpoint.address))
                endpoints[position].toItself = isMasqueraded ? .rewritten : .timesOut
            }
            parts[index].outcome = .endpoints(endpoints, .preserved)
        }
        return senders.isEmpty ? nil : (AddressSet(addresses.family, senders), parts)
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

    /// A part of the connections, and how many of them it is.
    fileprivate struct Part {
        var outcome: FlowOutcome
        let share: Double
    }

    /// What becomes of connections, with what the path outside the node does.
    private func parts(
        _ chances: [RuleFate.Chance], _ origin: SenderOrigin, _ places: [IPAddress: Bool]
    ) -> [Part] {
        var endpoints: [TrafficOutcome.SourceTreatment: (endpoints: [FlowEndpoint], share: Double)] = [:]
        var others: [Part] = []
        let isRewritten = chances.contains { $0.treatment == .rewritten }
        for chance in chances {
            switch chance.result {
            case .refused: others.append(Part(outcome: .refused, share: chance.probability))
            case .timesOut: others.append(Part(outcome: .timesOut, share: chance.probability))
            case .unchanged: others.append(Part(outcome: .unchanged, share: chance.probability))
            case .endpoint(let address, let port):
                let treatment: TrafficOutcome.SourceTreatment =
                    switch chance.treatment {
                    case .preserved: .preserved
                    case .rewritten: .rewritten
                    // All others decide.
                    case .any: isRewritten ? .rewritten : .preserved
                    }
                let answers = origin.isHere || treatment == .rewritten || isHere(address, places)
                let seesSender = treatment == .rewritten && origin != .node && host.addresses.contains(address)
                endpoints[treatment, default: ([], 0)].endpoints.append(
                    FlowEndpoint(
                        address: address, port: port, share: Share(chance.probability), answers: answers,
                        seesSender: seesSender))
                endpoints[treatment]?.share += chance.probability
            }
        }
        let known: [TrafficOutcome.SourceTreatment] = [.preserved, .rewritten]
        return known.compactMap { treatment in
            endpoints[treatment].map { Part(outcome: .endpoints($0.endpoints, treatment), share: $0.share) }
        } + others
    }

    /// Whether an endpoint is on this node, as far as it is known.
    private func isHere(_ address: IPAddress, _ places: [IPAddress: Bool]) -> Bool {
        if host.addresses.contains(address) || !host.knowsPods { return true }
        return places[address] ?? host.holdsPod(address)
    }

    /// Whether the endpoints of a Service port are on this node, by address.
    private func places(of servicePort: ServicePortPlan?) -> [IPAddress: Bool] {
        var places: [IPAddress: Bool] = [:]
        if host.knowsPods, let servicePort {
            for endpoint in servicePort.endpoints {
                places[endpoint.address] = endpoint.isLocal || places[endpoint.address] ?? false
            }
        }
        return places
    }
}

extension FlowOutcome {
    /// The outcome of connections whose parts fare so; endpoints of which none answers make a client time out.
    fileprivate init(_ parts: [RulesReachability.Part]) {
        var shares: [(outcome: FlowOutcome, share: Double)] = []
        for part in parts {
            let outcome = part.outcome.isAnswered ? part.outcome : .timesOut
            if let index = shares.firstIndex(where: { $0.outcome == outcome }) {
                shares[index].share += part.share
            } else {
                shares.append((outcome, part.share))
            }
        }
        self =
            shares.count == 1
            ? shares[0].outcome
            : .divided(shares.map { FlowPart(share: Share($0.share), outcome: $0.outcome) })
    }
}
