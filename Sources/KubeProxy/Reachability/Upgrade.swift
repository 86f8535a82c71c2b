public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
public import NetAddress

/// What another version or mode of kube-proxy changes, and for whom.
public struct Upgrade: Sendable {
    /// Connections that fare otherwise, with the nodes where they do.
    public struct Change: Sendable {
        /// What changes, as on the first of the nodes.
        public let flow: FlowComparison.Change
        /// The family of the addresses.
        public let family: AddressFamily
        /// The nodes, in the order of the snapshot.
        public internal(set) var nodes: [String]
    }

    /// By family, Service port and frontend.
    public private(set) var changes: [Change] = []
    /// What comes with the versions on the way, by version, and what is announced.
    public let notes: [DatedChange]
    /// The oldest version that a node has now.
    public let from: VersionChoice
    /// The version afterwards.
    public let to: ProxyVersion
    /// The mode afterwards.
    public let mode: ProxyMode
    /// How many nodes were looked at.
    public let nodeCount: Int
    /// How many flows were compared.
    public private(set) var flowCount = 0

    /// Compares the flows on nodes now and afterwards.
    ///
    /// - Parameters:
    ///   - settings: kube-proxy's settings now. Without a node's name all Nodes of the snapshot are looked at.
    ///   - families: the families to look at.
    ///   - version: the version afterwards.
    ///   - mode: the mode afterwards; nil: that of now.
    ///   - workers: threads that may plan half of many Services; the result is the same without them.
    /// - Throws: ``SnapshotError`` if a mode cannot serve a Service as the settings ask for it.
    public init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, families: [AddressFamily] = AddressFamily.allCases,
        to version: ProxyVersion, mode: ProxyMode? = nil, with workers: Workers? = nil
    ) throws(SnapshotError) {
        to = version
        self.mode = mode ?? settings.mode
        var oldest: VersionChoice?
        var names: Set<String> = []
        for family in families {
            var now = settings
            now.family = family
            var later = now
            later.version = version
            later.mode = self.mode
            let (before, after) = (
                AllNodesPlan(snapshot, now, with: workers), AllNodesPlan(snapshot, later, with: workers)
            )
            var positions: [Key: Int] = [:]
            for (member, then) in zip(before.members, after.members)
            where settings.nodeName ?? member.name == member.name {
                names.insert(member.name)
                let plan = try before.plan(of: member)
                if oldest.map({ plan.version.version < $0.version }) ?? true { oldest = plan.version }
                let old = try plan.flows(with: workers).frontends
                flowCount += old.reduce(0) { $0 + $1.flows.count }
                let comparison = FlowComparison(old, try after.plan(of: then).flows(with: workers).frontends)
                var met: Set<Key> = []
                for change in comparison.changes {
                    let key = Key(change)
                    guard met.insert(key).inserted else { continue }
                    if let position = positions[key] {
                        changes[position].nodes.append(member.name)
                    } else {
                        positions[key] = changes.count
                        changes.append(Change(flow: change, family: family, nodes: [member.name]))
                    }
                }
            }
        }
        nodeCount = names.count
        from = oldest ?? VersionChoice(settings, in: snapshot)
        let minor = from.version.knownMinor
        notes = DatedChange.all.filter { $0.isMet(from: minor, to: version.knownMinor, by: snapshot, settings) }
    }

    /// What makes changes on several nodes one: not a node's own address, nor which addresses senders have.
    private struct Key: Hashable {
        let name: ServicePortName
        let kind: Frontend.Kind
        let address: IPAddress?
        let port: UInt16
        let origin: SenderOrigin
        let before: FlowOutcome
        let after: FlowOutcome

        init(_ change: FlowComparison.Change) {
            name = change.name
            kind = change.kind
            address = change.kind == .nodePort ? nil : change.frontend.address
            port = change.frontend.port
            origin = change.senders.origin
            before = change.before
            after = change.after
        }
    }
}
