public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
public import NetAddress

/// What another version or mode of kube-proxy changes, and for whom.
public struct Upgrade: Sendable {
    /// What makes connections fare otherwise.
    public enum Cause: Sendable, Hashable {
        /// Kubernetes `1.N`, the first on the way with which they do, and the behaviours that make the difference: each by
        /// itself, or all that come or go with the version where only several together do.
        case version(Int, [ProxyBehavior])
        /// The other mode.
        case mode
    }

    /// Connections that fare otherwise, with the nodes where they do.
    public struct Change: Sendable {
        /// What changes, as on the first of the nodes.
        public let flow: FlowComparison.Change
        /// The family of the addresses.
        public let family: AddressFamily
        /// Where, on the first of the nodes: the frontend's address, or those of the node that take a node port.
        public internal(set) var addresses: [IPAddress]
        /// The nodes, in the order of the snapshot.
        public internal(set) var nodes: [String]
        /// What makes it; nil: that is not looked for, on the way to an older version.
        public internal(set) var cause: Cause?

        /// Whether it is one of node ports on 127.0.0.1, by the mode.
        fileprivate var isOfLoopback: Bool {
            cause == .mode && family == .ipv4 && flow.frontend.address?.isLoopback ?? false
        }
    }

    /// Packets beside frontends that fare otherwise, on all nodes.
    public struct UnservedChange: Sendable, Hashable {
        /// What changes.
        public let change: FlowComparison.UnservedChange
        /// The family of the addresses.
        public let family: AddressFamily
    }

    /// What clients notice after another mode, of the Service ports where they do.
    public struct ModeNote: Sendable {
        /// What differs.
        public let difference: ModeDifference
        /// The Service ports, in their order.
        public internal(set) var names: [ServicePortName]
    }

    /// By family, Service port and frontend.
    public private(set) var changes: [Change] = []
    /// By family and kind.
    public private(set) var unserved: [UnservedChange] = []
    /// The lines of the first node's rules that are other ones and mean the same, or belong to ``changes``; nil: another mode
    /// has other rules.
    public private(set) var respelled: (node: String, lines: Int, of: Int)?
    /// What comes with the versions on the way, by version, and what is announced.
    public private(set) var notes: [DatedChange] = []
    /// What comes with the mode, which flows do not show.
    public private(set) var modeChanges: [ModeChange] = []
    /// What clients notice after IPVS mode, which flows do not show.
    public private(set) var modeNotes: [ModeNote] = []
    /// The oldest version that a node has now.
    public private(set) var from: VersionChoice
    /// The version afterwards.
    public let to: ProxyVersion
    /// The mode now.
    public let oldMode: ProxyMode
    /// The mode afterwards.
    public let mode: ProxyMode
    /// How many nodes were looked at.
    public private(set) var nodeCount = 0
    /// How many flows were compared.
    public private(set) var flowCount = 0

    /// Whether packets fare as before.
    public var changesNothing: Bool { changes.isEmpty && unserved.isEmpty }

    /// Compares the flows on nodes now and afterwards.
    ///
    /// - Parameters:
    ///   - settings: kube-proxy's settings now. Without a node's name all Nodes of the snapshot are looked at.
    ///   - families: the families to look at.
    ///   - version: the version afterwards.
    ///   - mode: the mode afterwards; nil: that of now.
    ///   - shard: the Nodes to look at.
    ///   - workers: threads that may plan half of many Services; the result is the same without them.
    /// - Throws: ``SnapshotError`` if a mode cannot serve a Service as the settings ask for it.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, families: [AddressFamily] = AddressFamily.allCases,
        to version: ProxyVersion, mode: ProxyMode? = nil, shard: NodeShard = .all, with workers: Workers? = nil
    ) throws(SnapshotError) {
        to = version
        oldMode = settings.mode
        from = VersionChoice(settings, in: snapshot)
        self.mode = mode ?? settings.mode
        var later = settings
        later.version = version
        if let mode { later.mode = mode }
        var oldest: VersionChoice?
        var names: Set<String> = []
        var first: String?
        var (isLarge, routesLoopback) = (false, false)
        for family in families {
            var (now, then) = (settings, later)
            now.family = family
            then.family = family
            let (before, after) = (
                AllNodesPlan(snapshot, now, shard: shard, with: workers),
                AllNodesPlan(snapshot, then, shard: shard, with: workers)
            )
            var causes = UpgradeCauses(snapshot, now, to: version)
            var positions: [Key: Int] = [:]
            for (member, next) in zip(before.members, after.members)
            where settings.nodeName ?? member.name == member.name {
                names.insert(member.name)
                first = first ?? member.name
                let (plan, nextPlan) = (try before.plan(of: member), try after.plan(of: next))
                if oldest.map({ plan.version.version < $0.version }) ?? true { oldest = plan.version }
                isLarge = isLarge || nextPlan.isLargeCluster
                routesLoopback = routesLoopback || family == .ipv4 && plan.node.loopbackTakesNodePorts
                let old = try plan.flows(with: workers)
                flowCount += old.frontends.reduce(0) { $0 + $1.flows.count }
                let comparison = FlowComparison(old, try nextPlan.flows(with: workers))
                var met: Set<Key> = []
                // What is translated on another node is looked at there.
                for change in comparison.changes where change.senders.origin.comes(to: change.kind) {
                    let key = Key(change)
                    if let position = positions[key] {
                        if met.insert(key).inserted {
                            changes[position].nodes.append(member.name)
                        } else if changes[position].nodes == [member.name], let address = change.frontend.address,
                            !changes[position].addresses.contains(address)
                        {
                            changes[position].addresses.append(address)
                        }
                    } else {
                        met.insert(key)
                        positions[key] = changes.count
                        let cause = try causes.cause(of: change, on: member.name, from: plan.version.version)
                        changes.append(
                            Change(
                                flow: change, family: family, addresses: change.frontend.address.map { [$0] } ?? [],
                                nodes: [member.name], cause: cause))
                    }
                }
                for change in comparison.unserved {
                    let found = UnservedChange(change: change, family: family)
                    if !unserved.contains(found) { unserved.append(found) }
                }
                guard member.name == first else { continue }
                if self.mode == settings.mode { try addSpelling(plan, nextPlan, member.name, with: workers) }
                if settings.mode == .ipvs, self.mode != .ipvs { try addModeNotes(plan) }
            }
        }
        nodeCount = names.count
        if let oldest { from = oldest }
        let step = UpgradeStep(
            snapshot: snapshot, before: settings, after: later, from: from.version, to: version, isLarge: isLarge,
            routesLoopback: routesLoopback, closesLoopback: changes.contains(where: \.isOfLoopback))
        notes = DatedChange.all.filter { $0.isMet(by: step) }
        modeChanges = self.mode == settings.mode ? [] : ModeChange.all.filter { $0.isMet(by: step) }
    }

    /// Counts the lines of a node's rules that are other ones with the version afterwards: of those that come and those that go
    /// the more.
    private mutating func addSpelling(
        _ before: NodePlan, _ after: NodePlan, _ node: String, with workers: Workers?
    ) throws(SnapshotError) {
        var counts: [Substring: Int] = [:]
        let (old, new) = (try before.ruleText(with: workers), try after.ruleText(with: workers))
        for line in old.split(separator: "\n") { counts[line, default: 0] += 1 }
        var coming = 0
        var all = 0
        for line in new.split(separator: "\n") {
            all += 1
            guard let count = counts[line], count > 0 else {
                coming += 1
                continue
            }
            counts[line] = count - 1
        }
        let going = counts.values.reduce(0, +)
        let more = max(going - coming, 0)
        respelled = (node, coming + more + (respelled?.lines ?? 0), all + more + (respelled?.of ?? 0))
    }

    /// Adds what packets of flows do not show: how long, how often, and in what order.
    private mutating func addModeNotes(_ plan: NodePlan) throws(SnapshotError) {
        let comparison = ModeComparison(try IPVSPlan(plan))
        var positions: [ModeDifference: Int] = [:]
        for (index, note) in modeNotes.enumerated() { positions[note.difference] = index }
        for port in plan.servicePorts {
            for difference in comparison.differences(of: port) where difference.kind.isBesideFlows(in: mode) {
                if let position = positions[difference] {
                    modeNotes[position].names.append(port.name)
                } else {
                    positions[difference] = modeNotes.count
                    modeNotes.append(ModeNote(difference: difference, names: [port.name]))
                }
            }
        }
    }

    /// What makes changes on several nodes one: not a node's own address, nor which addresses senders have.
    private struct Key: Hashable {
        let name: ServicePortName
        let kind: Frontend.Kind
        let address: IPAddress?
        let isLoopback: Bool
        let port: UInt16
        let origin: SenderOrigin
        let before: FlowOutcome
        let after: FlowOutcome

        init(_ change: FlowComparison.Change) {
            name = change.name
            kind = change.kind
            address = change.kind == .nodePort ? nil : change.frontend.address
            isLoopback = change.frontend.address?.isLoopback ?? false
            port = change.frontend.port
            origin = change.senders.origin
            before = change.before
            after = change.after
        }
    }
}

extension NodePlan {
    /// The first of the mode's texts.
    fileprivate func ruleText(with workers: Workers?) throws(SnapshotError) -> String {
        func text<Mode: Backend>(_ mode: Mode.Type) throws(SnapshotError) -> String {
            guard let form = Mode.Form.allCases.first else { return "" }
            return try mode.init(self, with: workers).text(form)
        }
        return try text(settings.mode.backend)
    }
}

extension ModeDifference.Kind {
    /// Whether the outcome of single connections does not show it, and another mode than IPVS does what is said of iptables mode.
    fileprivate func isBesideFlows(in mode: ProxyMode) -> Bool {
        switch self {
        case .linkLocalNodePort, .addressResolution, .sourceRanges, .singleAddressRange, .scheduling, .idleTimeout,
            .forwarding:
            true
        case .affinity, .claimedTwice: mode == .iptables
        case .internalFallback, .internalRefusal, .externalFallback, .podFallback, .localOnly, .ownSource,
            .loopbackNodePort, .otherPorts:
            false
        }
    }
}
