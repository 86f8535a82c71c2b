internal import NetAddress

/// A hook of the kernel, with the tables whose chains are asked there, in the kernel's order (`nf_ip_hook_priorities`).
package enum Hook: CaseIterable {
    case prerouting, input, forward, output, postrouting

    var chain: String {
        switch self {
        case .prerouting: "PREROUTING"
        case .input: "INPUT"
        case .forward: "FORWARD"
        case .output: "OUTPUT"
        case .postrouting: "POSTROUTING"
        }
    }

    var tables: [String] {
        switch self {
        case .prerouting: ["raw", "mangle", "nat"]
        case .input: ["mangle", "filter", "security", "nat"]
        case .forward: ["mangle", "filter", "security"]
        case .output: ["raw", "mangle", "nat", "filter", "security"]
        case .postrouting: ["mangle", "nat"]
        }
    }

    /// Whether the nat table rewrites destinations here; otherwise sources.
    var rewritesDestination: Bool { self == .prerouting || self == .output }
}

/// What connection tracking knows about a packet's connection.
package struct TracedConnection: Hashable, Sendable {
    package var state: TraceQuery.State
    /// Whether connection tracking has looked at the packet; the table `raw` comes before it.
    package var isSeen = false
    package var isReply = false
    /// The first packet as the client sent it.
    let original: TracedPacket
    /// Where the first packet went after DNAT.
    var destination: Rewriting?
    /// Where it seemed to come from after SNAT.
    var source: Rewriting?
    package var mark: UInt32 = 0
    /// The bits of the mark that are not known.
    package var unknownMark: UInt32 = 0

    package struct Rewriting: Hashable, Sendable {
        let address: TracedAddress
        let port: PortRange
    }

    /// Whether there is a connection that the packet belongs to.
    package var exists: Bool { isSeen && state != .invalid && state != .untracked }

    /// The states that `--ctstate` sees (`xt_conntrack`).
    package var states: ConntrackMatch.States {
        guard exists else { return state == .untracked ? .untracked : .invalid }
        var states: ConntrackMatch.States
        switch state {
        case .new: states = .new
        case .related: states = .related
        default: states = .established
        }
        // The bits are set only if something really changed.
        if let source, (source.address, source.port) != (original.source, original.sourcePort) { states.insert(.snat) }
        if let destination, (destination.address, destination.port) != (original.destination, original.destinationPort)
        {
            states.insert(.dnat)
        }
        return states
    }

    /// Where answers come from and go to.
    var answered: Rewriting {
        destination ?? Rewriting(address: original.destination, port: original.destinationPort)
    }
    var answeredTo: Rewriting { source ?? Rewriting(address: original.source, port: original.sourcePort) }
}

/// An address in a list of `recent`.
package struct RecentEntry: Hashable, Sendable {
    package let list: String
    /// Nil: each of the clients that are followed together.
    package let address: RawAddress?

    package init(list: String, address: RawAddress?) {
        self.list = list
        self.address = address
    }
}

/// A packet on one of its possible paths.
package struct TraceBranch: Sendable {
    package var packet: TracedPacket
    package var connection: TracedConnection
    /// The destination by which the kernel chose the way out.
    package var routedTo: TracedAddress
    /// Whether the packet has left by the loopback interface and come in again.
    package var isOnLoopback = false
    /// Whether it answers the packet that the query is about.
    package var isAnswer = false
    /// The kind of refusal, if it is what a REJECT sends to the client.
    var refusal: RejectKind?
    /// What side effects of rules changed.
    var changes = ChangedState()
    /// Whether it began on this host.
    package var isFromHost = false
    /// Whether a chain has rewritten the connection at the hook where the packet is.
    var isRewrittenHere = false
    /// The lists of `recent` that a rule on this path changed: whether the address is in them now.
    package var recent: [RecentEntry: Bool] = [:]
    package var probability = 1.0
    /// The ways that are gathered in this one; nil: it is one way.
    var gathering: Gathering?
    /// The clients that can have sent it, where many are followed together.
    package var clients: TracedClients?
    package var assumptions: AssumptionList?
    package var path: PathList?

    init(_ packet: TracedPacket, _ connection: TracedConnection, _ clients: TracedClients? = nil) {
        self.packet = packet
        self.connection = connection
        self.clients = clients
        routedTo = packet.destination
    }

    /// Merges branches that all later rules treat alike, if only chance or an assumption separates them. The latest
    /// branches are adjacent.
    package static func rejoined(_ branches: [TraceBranch]) -> [TraceBranch] {
        // Mostly there is nothing to merge, and branches are large.
        guard branches.indices.dropFirst().contains(where: { branches[$0 - 1].isJoinable(with: branches[$0]) }) else {
            return branches
        }
        var result: [TraceBranch] = []
        for var branch in branches.reversed() {
            while let last = result.last, let joined = branch.joined(with: last) {
                result.removeLast()
                branch = joined
            }
            result.append(branch)
        }
        return result.reversed()
    }

    private func isJoinable(with other: borrowing TraceBranch) -> Bool {
        guard packet == other.packet, connection == other.connection, recent == other.recent,
            changes == other.changes, gathering === other.gathering
        else { return false }
        if assumptions === other.assumptions { return true }
        guard let own = assumptions, let others = other.assumptions else { return false }
        return own.earlier === others.earlier && own.condition == others.condition && own.isAssumed != others.isAssumed
            && abs(probability - other.probability) <= probability * 1e-12
    }

    /// One branch of both, if only chance or an assumption separates them; nil: more does.
    func joined(with other: TraceBranch) -> TraceBranch? {
        guard isJoinable(with: other) else { return nil }
        var joined = withShorterPath(other)
        if assumptions === other.assumptions {
            joined.probability = probability + other.probability
        } else {
            joined.assumptions = assumptions?.earlier
            joined.clients = assumptions?.clients
        }
        return joined
    }

    /// The one that met fewer rules: rules that made no difference are no part of the path.
    func withShorterPath(_ other: TraceBranch) -> TraceBranch {
        path?.count ?? 0 <= other.path?.count ?? 0 ? self : other
    }

    package func assuming(_ condition: TraceCondition, _ isAssumed: Bool) -> TraceBranch {
        var branch = self
        branch.assumptions = AssumptionList(condition, isAssumed, after: assumptions, of: clients)
        if case .client(let ranges) = condition { branch.clients = clients?.narrowed(to: ranges, isAssumed) }
        return branch
    }

    /// What follows for a condition from what was assumed, or from who the clients are; nil: nothing.
    package func answer(to condition: TraceCondition) -> Bool? {
        if case .client(let ranges) = condition { return clients?.areIn(ranges) }
        return assumptions?.answer(to: condition)
    }
}

extension TraceBranch {
    /// The interface by which the packet came in; nil: not known. The answer comes in where the first packet went out.
    package func inInterface(_ query: TraceQuery) -> String? {
        // Before a packet of the host's own comes in, it has no interface, and the kernel compares with an empty name.
        isOnLoopback
            ? "lo" : isFromHost ? "" : isAnswer != (refusal != nil) ? query.outInterface : query.inInterface
    }

    /// The interface by which the packet leaves; nil: not known.
    package func outInterface(_ hook: Hook, _ host: TracedHost, _ query: TraceQuery) -> String? {
        if hook == .prerouting || hook == .input { return "" }
        if host.holds(routedTo, clients) ?? assumptions?.answer(to: .hostAddress(routedTo)) == true { return "lo" }
        return isAnswer != (refusal != nil) ? query.inInterface : query.outInterface
    }
}

/// What a rule's conditions say of a packet.
enum RuleAnswer {
    case no
    case yes
    /// It depends on conditions, each with the answer that the rule wants, and on chance.
    case depends([(condition: TraceCondition, wanted: Bool)], chance: Double)
}
