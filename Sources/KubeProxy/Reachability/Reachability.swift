internal import NetAddress

/// Who can reach the Services of a node's plan, and how.
public struct Reachability: Sendable {
    /// Not a type parameter: arrays of what is generic are not specialised (measured: twice the time of all flows).
    private let backend: any Backend
    private let holdsServiceAddresses: Bool
    private let hostAddresses: [IPAddress]
    private let origins: SenderOrigins
    private let shared: [Frontend: [Int]]
    /// Where node ports answer, or at least are asked for an endpoint: lists of what others can reach, and of loopback addresses.
    private let nodePortAddresses: [NodePortAddresses]
    private let masqueradedToThemselves: Set<Frontend>?
    /// Addresses where packets are dropped, after translation too.
    private let unallocated: AddressSet?

    /// Answers questions about a plan in a mode.
    public init<Mode: Backend>(_ backend: Mode) {
        self.backend = backend
        holdsServiceAddresses = Mode.holdsServiceAddresses
        hostAddresses = backend.plan.node.hostAddresses
        origins = SenderOrigins(backend.plan)
        shared = backend.plan.cluster.sharedFrontends
        let addresses = backend.addressesOfNodePorts
        let others = hostAddresses.filter { !addresses.contains($0) }
        nodePortAddresses = [(addresses, true), (others, false)].flatMap { list, takesNodePorts in
            [list.filter { !$0.isLoopback }, list.filter { $0.isLoopback }].filter { !$0.isEmpty }.map {
                NodePortAddresses(addresses: $0, takesNodePorts: takesNodePorts)
            }
        }
        masqueradedToThemselves = backend.masqueradedToThemselves
        unallocated = backend.unserved.first { $0.kind == .unallocated && $0.outcome == .timesOut }?.addresses
    }

    /// Addresses of the host that fare alike.
    private struct NodePortAddresses: Sendable {
        let addresses: [IPAddress]
        let takesNodePorts: Bool
    }

    /// All senders by origin.
    public var senders: [SenderSet] { origins.groups.map(\.senders) }

    /// The frontends of a Service port, each with the flows to it.
    public func frontends(of port: ServicePortPlan) -> [FrontendFlows] {
        var here: Set<IPAddress> = []
        for endpoint in port.endpoints where endpoint.isLocal { here.insert(endpoint.address) }
        var seen: Set<Frontend> = []
        return port.frontends.flatMap { frontend -> [FrontendFlows] in
            guard seen.insert(frontend.frontend).inserted else { return [] }
            let places =
                frontend.frontend.address.map { [NodePortAddresses(addresses: [$0], takesNodePorts: true)] }
                ?? nodePortAddresses
            return places.compactMap { place in
                let flows = flows(to: frontend, at: place, here)
                // A node refuses what is for a port on which nothing listens, as kube-proxy would.
                guard place.takesNodePorts || flows.contains(where: { $0.outcome == .timesOut }) else { return nil }
                return FrontendFlows(
                    kind: frontend.kind, addresses: place.addresses, port: frontend.frontend.port, name: port.name,
                    servicePort: port.port, flows: flows)
            }
        }
    }

    private func flows(
        to frontend: ServiceFrontend, at place: NodePortAddresses, _ here: Set<IPAddress>
    ) -> [Flow] {
        let address = place.addresses[0]
        // To the rules several origins are the same sender.
        var known: [(sender: TrafficSender, isAnsweredElsewhere: Bool, outcome: FlowOutcome)] = []
        func outcome(of sender: TrafficSender, _ origin: SenderOrigin) -> FlowOutcome {
            // What the node sends to an address that it has itself for a Service comes from there, which is not its own elsewhere.
            let isAnsweredElsewhere =
                origin.isHere
                && !(origin == .node && holdsServiceAddresses && frontend.frontend.address != nil)
            if let same = known.first(where: { $0.sender == sender && $0.isAnsweredElsewhere == isAnsweredElsewhere }) {
                return same.outcome
            }
            let outcome = self.outcome(
                place.takesNodePorts
                    ? backend.outcome(of: sender, to: frontend) : backend.outcome(of: sender, besideNodePort: frontend),
                of: sender, isAnsweredElsewhere, here)
            known.append((sender, isAnsweredElsewhere, outcome))
            return outcome
        }
        let isShared = shared[frontend.frontend] != nil
        return origins.groups.flatMap { group -> [Flow] in
            // Nobody else can send to a loopback address.
            if address.isLoopback, group.senders.origin != .node { return [] }
            if isShared { return [Flow(senders: group.senders, outcome: .unknown(.sharedFrontend))] }
            if address.isLoopback {
                // What the node sends to loopback comes from there, which is no pod's address.
                let sender = TrafficSender(.node, hasPodAddress: false)
                let outcome = outcome(of: sender, .node)
                return [Flow(senders: group.senders, outcome: outcome.isAnswered ? outcome : .timesOut)]
            }
            var flows: [Flow] = []
            for part in group.parts {
                for (addresses, isInside) in cases(part, of: group.senders.origin, frontend) {
                    let sender = sender(part, isInSourceRanges: isInside)
                    let outcome = outcome(of: sender, group.senders.origin)
                    func add(_ addresses: AddressSet, _ outcome: FlowOutcome) {
                        let senders = SenderSet(group.senders.origin, addresses)
                        flows.append(Flow(senders: senders, outcome: outcome.isAnswered ? outcome : .timesOut))
                    }
                    let own = endpoints(among: addresses, outcome, group.senders.origin, frontend)
                    let others = own.map { addresses.subtracting($0.senders.ranges) } ?? addresses
                    if let whole = own?.outcome.ofOnlyClient(group.senders.origin, besides: others) {
                        add(addresses, whole)
                        continue
                    }
                    if !others.isEmpty { add(others, outcome) }
                    if let own { add(own.senders, own.outcome) }
                }
            }
            if let first = flows.first, flows.allSatisfy({ $0.outcome == first.outcome }) {
                return [Flow(senders: group.senders, outcome: first.outcome)]
            }
            return flows
        }
    }

    /// The senders that are endpoints themselves, with what becomes of their connections; nil: there are none, or all
    /// connections are masqueraded, so that it makes no difference.
    private func endpoints(
        among addresses: AddressSet, _ outcome: FlowOutcome, _ origin: SenderOrigin, _ frontend: ServiceFrontend
    ) -> (senders: AddressSet, outcome: FlowOutcome)? {
        guard case .endpoints(var endpoints, .preserved) = outcome else { return nil }
        // What the node sends to an address that it has itself for a Service comes from there.
        if origin == .node, holdsServiceAddresses, frontend.frontend.address != nil { return nil }
        var senders: [IPPrefix] = []
        for (index, endpoint) in endpoints.enumerated() where addresses.contains(endpoint.address) {
            if unallocated?.contains(endpoint.address) ?? false { continue }
            let place = Frontend(
                address: endpoint.address, port: endpoint.port, transport: frontend.servicePort.name.transport)
            let isMasqueraded = masqueradedToThemselves?.contains(place) ?? true
            // The node answers itself in any case.
            if origin == .node, !isMasqueraded { continue }
            senders.append(IPPrefix(single: endpoint.address))
            endpoints[index].toItself = isMasqueraded ? .rewritten : .timesOut
        }
        guard !senders.isEmpty else { return nil }
        return (AddressSet(addresses.family, senders), .endpoints(endpoints, .preserved))
    }

    /// The senders in the source ranges and those outside of them, where that makes a difference.
    private func cases(
        _ part: SenderOrigins.Part, of origin: SenderOrigin, _ frontend: ServiceFrontend
    ) -> [(AddressSet, Bool?)] {
        let port = frontend.servicePort
        guard frontend.mayAskForRanges else { return [(part.addresses, nil)] }
        var inside = part.addresses.intersection(port.sourceRanges)
        if origin == .node {
            // From loopback it sends to loopback only, so that it makes no difference there.
            let own = hostAddresses.filter { !$0.isLoopback && part.addresses.contains($0) }
            let held = own.filter { holdsOwn($0, port, sendingTo: frontend) }
            if own.isEmpty { return [(part.addresses, port.sourceRangesHoldNode)] }
            if held.count == own.count { return [(part.addresses, true)] }
            inside = AddressSet(part.addresses.family, held.map { IPPrefix(single: $0) })
        }
        return [(inside, true), (part.addresses.subtracting(inside.ranges), false)].filter { !$0.0.isEmpty }
    }

    /// Whether source ranges hold an address of the node, as far as it sends from there to a frontend. What it sends to an address
    /// of its own comes from that address, which is allowed where the ranges hold its main one.
    private func holdsOwn(_ address: IPAddress, _ port: ServicePortPlan, sendingTo frontend: ServiceFrontend) -> Bool {
        if holdsServiceAddresses { return port.sourceRangesHoldNode }
        return port.sourceRanges.contains { $0.contains(address) }
            || address == frontend.frontend.address && port.sourceRangesHoldNode
    }

    private func sender(_ part: SenderOrigins.Part, isInSourceRanges: Bool?) -> TrafficSender {
        TrafficSender(
            part.rules, isInSourceRanges: isInSourceRanges,
            hasPodAddress: holdsServiceAddresses ? nil : part.hasPodAddress)
    }

    /// What the rules take an address for that sends to a frontend.
    func sender(_ source: IPAddress, to frontend: ServiceFrontend) -> TrafficSender {
        for group in origins.groups where group.senders.addresses.contains(source) {
            guard let part = group.parts.first(where: { $0.addresses.contains(source) }) else { break }
            let port = frontend.servicePort
            let isInside =
                group.senders.origin == .node
                ? holdsOwn(source, port, sendingTo: frontend) : port.sourceRanges.contains { $0.contains(source) }
            return sender(part, isInSourceRanges: frontend.mayAskForRanges ? isInside : nil)
        }
        return TrafficSender(.outside)
    }

    /// The outcome with what the path outside the node does.
    ///
    /// - Parameters:
    ///   - isAnsweredElsewhere: whether the sender's address leads endpoints on other nodes to it by this node.
    ///   - here: the endpoints on this node.
    private func outcome(
        _ outcome: TrafficOutcome, of sender: TrafficSender, _ isAnsweredElsewhere: Bool, _ here: Set<IPAddress>
    ) -> FlowOutcome {
        switch outcome {
        case .refused: return .refused
        case .timesOut: return .timesOut
        case .unchanged: return .unchanged
        case .unknown: return .unknown(.mode)
        case .endpoints(let shares, let source):
            let endpoints = shares.map { share in
                let isDropped = unallocated?.contains(share.address) ?? false
                let answers =
                    !isDropped
                    && (isAnsweredElsewhere || source == .rewritten || here.contains(share.address)
                        || hostAddresses.contains(share.address))
                let seesSender =
                    source == .rewritten && sender.origin != .node && hostAddresses.contains(share.address)
                return FlowEndpoint(
                    address: share.address, port: share.port, share: share.oneIn.map { .oneIn($0) }, answers: answers,
                    seesSender: seesSender)
            }
            return .endpoints(endpoints, source)
        }
    }
}

extension FlowOutcome {
    /// The same for a node that is the only endpoint, and has no other address to send from: what is rewritten to itself is
    /// rewritten. Nil where there is more to tell apart.
    func ofOnlyClient(_ origin: SenderOrigin, besides others: AddressSet) -> FlowOutcome? {
        // From loopback it sends to loopback only.
        guard origin == .node, others.ranges.allSatisfy(\.network.isLoopback),
            case .endpoints(var endpoints, .preserved) = self,
            endpoints.allSatisfy({ $0.toItself == .rewritten && $0.address == endpoints[0].address })
        else { return nil }
        for index in endpoints.indices { endpoints[index].toItself = nil }
        return .endpoints(endpoints, .rewritten)
    }

    /// Whether any connection gets an answer, where endpoints get them.
    var isAnswered: Bool {
        guard case .endpoints(let endpoints, _) = self else { return true }
        return endpoints.contains { endpoint in
            switch endpoint.toItself {
            case .rewritten: true
            case .timesOut: endpoint.answers && endpoints.count > 1
            case nil: endpoint.answers
            }
        }
    }
}

extension ServiceFrontend {
    /// Whether source ranges may decide who reaches it. In nftables mode an external IP that is the load balancer's too is
    /// checked as well.
    var mayAskForRanges: Bool {
        guard !servicePort.sourceRanges.isEmpty else { return false }
        return kind == .loadBalancerIP
            || kind == .externalIP && frontend.address.map(servicePort.loadBalancerIPs.contains) ?? false
    }
}
