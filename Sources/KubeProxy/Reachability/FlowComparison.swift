public import NetAddress

/// What differs for packets between two nodes' plans, or two modes or versions of one.
public struct FlowComparison: Sendable {
    /// Connections that fare otherwise.
    public struct Change: Sendable {
        /// The kind of frontend.
        public let kind: Frontend.Kind
        /// The frontend.
        public let frontend: Frontend
        /// The Service port that has the frontend before, or after if it has none before.
        public let name: ServicePortName
        /// Who sends.
        public let senders: SenderSet
        /// What became of each connection.
        public let before: FlowOutcome
        /// What becomes of each connection.
        public let after: FlowOutcome
        /// The rules that the example packet meets on one side only; nil: they are not named.
        public internal(set) var rules: DifferingRules?

        /// The sender of the example packet; nil: there is none. What the node sends to loopback comes from there.
        public var example: IPAddress? {
            guard let address = frontend.address, address.isLoopback else { return senders.example }
            return address
        }
    }

    /// By Service port, frontend and senders, in the order of the first side.
    public internal(set) var changes: [Change] = []

    /// Packets beside the frontends that fare otherwise.
    public struct UnservedChange: Sendable, Hashable {
        /// What is sent to.
        public let kind: UnservedTraffic.Kind
        /// Where.
        public let addresses: AddressSet
        /// What became of the packets.
        public let before: FlowOutcome
        /// What becomes of them.
        public let after: FlowOutcome
    }

    /// Packets beside the frontends that fare otherwise, by kind.
    public private(set) var unserved: [UnservedChange] = []

    /// Compares all that is known of the flows on two sides.
    public init(_ before: NodeFlows, _ after: NodeFlows) {
        self.init(before.frontends, after.frontends, beside: (before.unserved, after.unserved))
        for kind in UnservedTraffic.Kind.allCases {
            let old = before.unserved.first { $0.kind == kind }
            let new = after.unserved.first { $0.kind == kind }
            func add(_ addresses: AddressSet, _ old: FlowOutcome?, _ new: FlowOutcome?) {
                let (old, new) = (old ?? .unchanged, new ?? .unchanged)
                guard old != new, !addresses.isEmpty else { return }
                unserved.append(UnservedChange(kind: kind, addresses: addresses, before: old, after: new))
            }
            // An address that only one side knows comes or goes with its Service, of which the frontends say it.
            switch (old, new) {
            case (let old?, let new?): add(old.addresses.intersection(new.addresses), old.outcome, new.outcome)
            case (let old?, nil): add(old.addresses, old.outcome, nil)
            case (nil, let new?): add(new.addresses, nil, new.outcome)
            case (nil, nil): break
            }
        }
    }

    /// Compares the flows to all frontends of two sides; where a side does not have a frontend, kube-proxy does
    /// nothing, and a node's own address refuses.
    public init(_ before: [FrontendFlows], _ after: [FrontendFlows]) { self.init(before, after, beside: ([], [])) }

    private init(
        _ before: [FrontendFlows], _ after: [FrontendFlows], beside unserved: ([UnservedFlow], [UnservedFlow])
    ) {
        let (old, new) = (FlowComparison.byAddress(before), FlowComparison.byAddress(after))
        var positions: [Frontend: Int] = [:]
        for (index, entry) in new.enumerated() { positions[entry.frontend] = index }
        var met: Set<Frontend> = []
        for entry in old {
            met.insert(entry.frontend)
            if let position = positions[entry.frontend] {
                add(entry, entry.flows.flows, new[position].flows.flows)
            } else {
                let absent = FlowComparison.outcome(without: entry, unserved.1)
                for flow in entry.flows.flows { add(entry, flow.senders, flow.outcome, absent) }
            }
        }
        for entry in new where !met.contains(entry.frontend) {
            let absent = FlowComparison.outcome(without: entry, unserved.0)
            for flow in entry.flows.flows { add(entry, flow.senders, absent, flow.outcome) }
        }
        // The sort is stable, as the standard library's is.
        changes = changes.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }.map(
            \.element)
    }

    /// What becomes of connections to a frontend on a side that does not have it: at an address of the node nothing listens on a
    /// node port.
    private static func outcome(without entry: Entry, _ unserved: [UnservedFlow]) -> FlowOutcome {
        if entry.flows.kind == .nodePort { return .refused }
        guard let address = entry.frontend.address else { return .unchanged }
        return unserved.first { $0.addresses.contains(address) }?.outcome ?? .unchanged
    }

    typealias Entry = (frontend: Frontend, flows: FrontendFlows)

    /// The flows to each address of frontends.
    static func byAddress(_ all: [FrontendFlows]) -> [Entry] {
        all.flatMap { flows in
            flows.addresses.map { address in
                (Frontend(address: address, port: flows.port, transport: flows.name.transport), flows)
            }
        }
    }

    private mutating func add(
        _ entry: Entry, _ senders: SenderSet, _ before: FlowOutcome, _ after: FlowOutcome
    ) {
        guard before != after, !senders.addresses.isEmpty else { return }
        let kind = entry.flows.kind
        let found = ConnectionResults.differing(
            ConnectionResults(before, at: kind), ConnectionResults(after, at: kind), among: senders.addresses)
        func add(_ addresses: AddressSet) {
            guard !addresses.isEmpty else { return }
            changes.append(
                Change(
                    kind: kind, frontend: entry.frontend, name: entry.flows.name,
                    senders: SenderSet(senders.origin, addresses), before: before.narrowed(to: addresses),
                    after: after.narrowed(to: addresses)))
        }
        func singles(_ addresses: [IPAddress]) -> [IPPrefix] { addresses.map { IPPrefix(single: $0) } }
        if found.others { add(senders.addresses.subtracting(singles(found.endpoints))) }
        add(AddressSet(senders.addresses.family, singles(found.differing)))
    }

    private mutating func add(_ entry: Entry, _ before: [Flow], _ after: [Flow]) {
        // The senders of a frontend's flows are disjoint, so that equal ones have nothing in common with others.
        if before == after { return }
        for old in before {
            for new in after where old.outcome != new.outcome {
                // The same senders stand elsewhere where Nodes differ; they are where they are afterwards.
                let common = old.senders.addresses.intersection(new.senders.addresses)
                add(entry, SenderSet(new.senders.origin, common), old.outcome, new.outcome)
            }
        }
    }
}
