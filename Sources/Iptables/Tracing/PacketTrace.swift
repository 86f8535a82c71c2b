internal import NetAddress

/// Where rules send a packet: every outcome with its probability.
///
/// Not considered: whether there is a route, whether the kernel takes the source address for a
/// spoofed one, whether a process listens.
public struct PacketTrace: Sendable {
    /// What was asked.
    public let query: TraceQuery
    /// In the order in which rules decide.
    public private(set) var outcomes: [TraceOutcome] = []
    /// Whether the query names an endpoint that no rule remembers clients of.
    public private(set) var hasUnknownHistory = false

    /// The end of a packet's path.
    struct Arrival {
        let branch: TraceBranch
        let verdict: TraceOutcome.Verdict
        let isForHost: Bool
        var isRefusalLost = false
    }

    /// Traces a packet through a host's rules.
    ///
    /// A table or chain that the rules do not have lets everything pass, as in a kernel without it.
    ///
    /// - Throws: ``TraceError`` if the rules cannot be followed.
    public init(_ query: TraceQuery, through rules: IndexedRules) throws(TraceError) {
        try self.init(query, through: rules, beside: nil)
    }

    /// Traces a packet through the rules of iptables and those of another program beside them.
    package init(
        _ query: TraceQuery, through rules: IndexedRules, beside other: (any HookedChains)?
    ) throws(TraceError) {
        self.query = query
        var walker = PacketWalker(rules, query)
        walker.other = other
        hasUnknownHistory =
            query.affinity != nil && !rules.knowsHistory(of: query) && !(other?.knowsHistory(of: query) ?? false)

        var arrivals = try Self.run([query.branch], &walker)
        if query.isReply {
            arrivals = try Self.next(arrivals, &walker) { arrival in
                guard arrival.verdict == .accept else { return nil }
                return arrival.branch.answer
            }
        } else if query.state == .established {
            arrivals = try Self.next(arrivals, &walker) { arrival in arrival.branch.laterPacket }
        }
        outcomes = arrivals.map { TraceOutcome($0) }
    }

    /// The outcomes of packets that follow the first; if none follows, those of the first.
    private static func next(
        _ arrivals: [Arrival], _ walker: inout PacketWalker, _ following: (Arrival) -> TraceBranch?
    ) throws(TraceError) -> [Arrival] {
        var result: [Arrival] = []
        for arrival in arrivals {
            if let packet = following(arrival) { result += try run([packet], &walker) } else { result.append(arrival) }
        }
        return result
    }

    // MARK: Hooks

    /// Sends packets through the hooks, from where they start to where they leave or arrive.
    static func run(_ start: [TraceBranch], _ walker: inout PacketWalker) throws(TraceError) -> [Arrival] {
        var arrivals: [Arrival] = []
        func keep(_ branches: [TraceBranch], isForHost: Bool) {
            arrivals += branches.map { Arrival(branch: $0, verdict: .accept, isForHost: isForHost) }
        }
        let begun = split(start, walker) { $0.packet.source }
        let local = begun.local.map { branch in
            var branch = branch
            branch.isFromHost = true
            return branch
        }
        var sent = try walker.pass(local, .output)
        for index in sent.indices { sent[index].routedTo = sent[index].packet.destination }
        let leaving = split(sent, walker) { $0.routedTo }
        var incoming = try walker.pass(leaving.local, .postrouting)
        for index in incoming.indices { incoming[index].isOnLoopback = true }
        incoming = try walker.pass(incoming, .prerouting)
        keep(try walker.pass(incoming, .input), isForHost: true)
        keep(try walker.pass(leaving.other, .postrouting), isForHost: false)

        var arrived = try walker.pass(begun.other, .prerouting)
        for index in arrived.indices { arrived[index].routedTo = arrived[index].packet.destination }
        let routed = split(arrived, walker) { $0.routedTo }
        keep(try walker.pass(routed.local, .input), isForHost: true)
        let forwarded = try walker.pass(routed.other, .forward)
        keep(try walker.pass(forwarded, .postrouting), isForHost: false)
        for end in walker.takeEnded() {
            if case .reject(let kind) = end.verdict {
                arrivals += try refuse(end.branch, kind, end.hook, &walker)
            } else {
                arrivals.append(Arrival(branch: end.branch, verdict: end.verdict, isForHost: end.hook == .input))
            }
        }
        return arrivals
    }

    /// Sends the client what a REJECT answers with, which passes rules itself.
    private static func refuse(
        _ branch: TraceBranch, _ kind: RejectKind, _ hook: Hook, _ walker: inout PacketWalker
    ) throws(TraceError) -> [Arrival] {
        let isForHost = hook == .input
        let sent = try walker.pass([branch.refused(with: kind, at: hook)], .output)
        let leaving = split(sent, walker) { $0.routedTo }
        var returning = try walker.pass(leaving.local, .postrouting)
        for index in returning.indices { returning[index].isOnLoopback = true }
        returning = try walker.pass(returning, .prerouting)
        let arrived = try walker.pass(returning, .input) + walker.pass(leaving.other, .postrouting)
        let stopped = walker.takeEnded()
        guard !stopped.isEmpty else {
            return [Arrival(branch: branch, verdict: .reject(kind), isForHost: isForHost)]
        }
        var result = arrived.map { refusal in
            Arrival(branch: branch.following(refusal), verdict: .reject(kind), isForHost: isForHost)
        }
        for end in stopped {
            var lost = branch.following(end.branch)
            lost.path = end.branch.path
            result.append(
                Arrival(
                    branch: lost, verdict: end.verdict == .unknown ? .unknown : .drop, isForHost: isForHost,
                    isRefusalLost: true))
        }
        return result
    }

    /// Splits packets by whether an address is the host's; if that is not known, both are assumed.
    private static func split(
        _ branches: [TraceBranch], _ walker: PacketWalker, _ address: (TraceBranch) -> TracedAddress
    ) -> (local: [TraceBranch], other: [TraceBranch]) {
        var local: [TraceBranch] = []
        var other: [TraceBranch] = []
        for branch in branches {
            let condition = TraceCondition.hostAddress(address(branch))
            switch walker.host.holds(address(branch), branch.clients) ?? branch.answer(to: condition) {
            case true?: local.append(branch)
            case false?: other.append(branch)
            case nil:
                local.append(branch.assuming(condition, true))
                other.append(branch.assuming(condition, false))
            }
        }
        return (local, other)
    }
}

extension TraceBranch {
    /// The answer to the connection's first packet.
    fileprivate var answer: TraceBranch {
        let packet = TracedPacket(
            source: connection.answered.address, sourcePort: connection.answered.port,
            destination: connection.answeredTo.address, destinationPort: connection.answeredTo.port,
            transport: packet.transport)
        var branch = following(packet)
        branch.isAnswer = true
        branch.connection.isReply = true
        if !connection.exists {
            // An untracked packet leaves no state: what follows must be able to begin a connection.
            branch.connection = TracedConnection(state: packet.transport == .udp ? .new : .invalid, original: packet)
        }
        return branch
    }

    /// A later packet from the client.
    fileprivate var laterPacket: TraceBranch { following(connection.original) }

    private func following(_ packet: TracedPacket) -> TraceBranch {
        var branch = TraceBranch(packet, connection, clients)
        branch.connection.state = .established
        branch.connection.isSeen = false
        branch.probability = probability
        branch.gathering = gathering
        branch.assumptions = assumptions
        branch.recent = recent
        branch.changes = changes
        return branch
    }

    /// The packet with what was assumed for its refusal.
    fileprivate func following(_ refusal: TraceBranch) -> TraceBranch {
        var branch = self
        branch.probability = refusal.probability
        branch.gathering = refusal.gathering
        branch.assumptions = refusal.assumptions
        branch.clients = refusal.clients
        return branch
    }
}

extension TraceOutcome {
    fileprivate init(_ arrival: PacketTrace.Arrival) {
        let branch = arrival.branch
        var path: [TraceStep] = []
        var step = branch.path
        while let node = step {
            path.append(node.step)
            step = node.earlier
        }
        self.init(
            verdict: arrival.verdict, probability: branch.probability, packet: branch.packet,
            server: (branch.connection.answered.address, branch.connection.answered.port),
            isTranslated: branch.connection.destination != nil, isMasqueraded: branch.connection.source != nil,
            isForHost: arrival.isForHost, isReply: branch.isAnswer, isRefusalLost: arrival.isRefusalLost,
            ownAssumptions: branch.assumptions, gathering: branch.gathering, path: path.reversed())
    }
}
