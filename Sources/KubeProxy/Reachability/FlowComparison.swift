internal import NetAddress

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
    }

    /// By Service port, frontend and senders, in the order of the first side.
    public private(set) var changes: [Change] = []

    /// Compares the flows to all frontends of two sides; where a side does not have a frontend, kube-proxy does nothing there.
    public init(_ before: [FrontendFlows], _ after: [FrontendFlows]) {
        let (old, new) = (FlowComparison.byAddress(before), FlowComparison.byAddress(after))
        var positions: [Frontend: Int] = [:]
        for (index, entry) in new.enumerated() { positions[entry.frontend] = index }
        var met: Set<Frontend> = []
        for entry in old {
            met.insert(entry.frontend)
            add(entry, entry.flows.flows, positions[entry.frontend].map { new[$0].flows.flows } ?? [])
        }
        for entry in new where !met.contains(entry.frontend) { add(entry, [], entry.flows.flows) }
        // The sort is stable, as the standard library's is.
        changes = changes.enumerated().sorted { ($0.element.name, $0.offset) < ($1.element.name, $1.offset) }.map(
            \.element)
    }

    private typealias Entry = (frontend: Frontend, flows: FrontendFlows)

    private static func byAddress(_ all: [FrontendFlows]) -> [Entry] {
        all.flatMap { flows in
            flows.addresses.map { address in
                (Frontend(address: address, port: flows.port, transport: flows.name.transport), flows)
            }
        }
    }

    private mutating func add(_ entry: Entry, _ before: [Flow], _ after: [Flow]) {
        func change(_ senders: SenderSet, _ old: FlowOutcome, _ new: FlowOutcome) {
            guard old != new, !senders.addresses.isEmpty else { return }
            changes.append(
                Change(
                    kind: entry.flows.kind, frontend: entry.frontend, name: entry.flows.name, senders: senders,
                    before: old, after: new))
        }
        if before.isEmpty || after.isEmpty {
            for flow in before { change(flow.senders, flow.outcome, .unchanged) }
            for flow in after { change(flow.senders, .unchanged, flow.outcome) }
            return
        }
        for old in before {
            for new in after where old.outcome != new.outcome {
                // The same senders stand elsewhere where Nodes differ; they are where they are afterwards.
                let common = old.senders.addresses.intersection(new.senders.addresses)
                change(SenderSet(new.senders.origin, common), old.outcome, new.outcome)
            }
        }
    }
}
