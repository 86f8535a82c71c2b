internal import NetAddress

/// Who can reach the Services of a node's plan, and how.
public struct Reachability<Mode: Backend>: Sendable {
    /// What the back end programs.
    public let backend: Mode
    private let origins: SenderOrigins
    private let shared: [Frontend: [Int]]
    /// Where node ports answer, without loopback.
    private let nodePortAddresses: [IPAddress]

    /// Answers questions about a plan in a mode.
    public init(_ backend: Mode) {
        self.backend = backend
        let node = backend.plan.node
        origins = SenderOrigins(backend.plan)
        shared = backend.plan.cluster.sharedFrontends
        nodePortAddresses = node.hostAddresses.filter { !$0.isLoopback && node.takesNodePorts($0) }
    }

    /// All senders by origin.
    public var senders: [SenderSet] { origins.groups.map(\.senders) }

    /// The frontends of a Service port, each with the flows to it.
    public func frontends(of port: ServicePortPlan) -> [FrontendFlows] {
        let here = Set(port.endpoints.filter { $0.isLocal }.map { $0.address })
        var seen: Set<Frontend> = []
        return port.frontends.compactMap { frontend in
            guard seen.insert(frontend.frontend).inserted else { return nil }
            let addresses = frontend.frontend.address.map { [$0] } ?? nodePortAddresses
            guard !addresses.isEmpty else { return nil }
            return FrontendFlows(
                kind: frontend.kind, addresses: addresses, port: frontend.frontend.port, name: port.name,
                servicePort: port.port, flows: flows(to: frontend, here))
        }
    }

    private func flows(to frontend: ServiceFrontend, _ here: Set<IPAddress>) -> [Flow] {
        let isShared = shared[frontend.frontend] != nil
        return origins.groups.flatMap { group -> [Flow] in
            if isShared { return [Flow(senders: group.senders, outcome: .unknown(.sharedFrontend))] }
            var flows: [Flow] = []
            for part in group.parts {
                for (addresses, isInside) in cases(part, of: group.senders.origin, frontend) {
                    let sender = TrafficSender(part.rules, isInSourceRanges: isInside)
                    let outcome = outcome(
                        backend.outcome(of: sender, to: frontend), of: group.senders.origin, here)
                    flows.append(Flow(senders: SenderSet(group.senders.origin, addresses), outcome: outcome))
                }
            }
            if let first = flows.first, flows.allSatisfy({ $0.outcome == first.outcome }) {
                return [Flow(senders: group.senders, outcome: first.outcome)]
            }
            return flows
        }
    }

    /// The senders in the source ranges and those outside of them, where that makes a difference.
    private func cases(
        _ part: SenderOrigins.Part, of origin: SenderOrigin, _ frontend: ServiceFrontend
    ) -> [(AddressSet, Bool?)] {
        let port = frontend.servicePort
        // In nftables mode an external IP that is the load balancer's too is checked as well.
        let isOfLoadBalancer =
            frontend.kind == .loadBalancerIP
            || frontend.kind == .externalIP && frontend.frontend.address.map(port.loadBalancerIPs.contains) ?? false
        guard isOfLoadBalancer, !port.sourceRanges.isEmpty else { return [(part.addresses, nil)] }
        if origin == .node { return [(part.addresses, port.sourceRangesHoldNode)] }
        return [
            (part.addresses.intersection(port.sourceRanges), true),
            (part.addresses.subtracting(port.sourceRanges), false),
        ].filter { !$0.0.isEmpty }
    }

    /// The outcome with what the path outside the node does.
    private func outcome(_ outcome: TrafficOutcome, of origin: SenderOrigin, _ here: Set<IPAddress>) -> FlowOutcome {
        switch outcome {
        case .refused: return .refused
        case .timesOut: return .timesOut
        case .unchanged: return .unchanged
        case .unknown: return .unknown(.mode)
        case .endpoints(let shares, let source):
            let host = backend.plan.node.hostAddresses
            let endpoints = shares.map { share in
                let answers =
                    origin.isHere || source == .rewritten || here.contains(share.address)
                    || host.contains(share.address)
                return FlowEndpoint(
                    address: share.address, port: share.port, share: share.oneIn.map { .oneIn($0) }, answers: answers)
            }
            return endpoints.contains { $0.answers } ? .endpoints(endpoints, source) : .timesOut
        }
    }
}
