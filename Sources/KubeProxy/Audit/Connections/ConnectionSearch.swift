internal import Conntrack
internal import KubeObjects
internal import NetAddress

/// Sorts connections by how they are translated, and judges each such translation once.
struct ConnectionSearch<Mode: Backend> {
    /// Why connections are wrong.
    enum Fault: Hashable {
        case stale(StaleConnection.Reason)
        case orphaned(OrphanedConnection.Evidence)
        case pastPolicy(ConnectionPastPolicy.Policy)
    }

    /// What is known of connections that are translated alike.
    private struct Group {
        enum Verdict {
            case right
            case wrong(Fault)
            /// It depends on the client.
            case byClient(ServiceFrontend, PlannedEndpoint)
        }

        let verdict: Verdict
        let label: ServicePortLabel?
        /// The Service port with affinity for which one of its endpoints gets new connections; nil: there is none.
        var affinity: (port: Int, seconds: Int)?
        var clients: [IPAddress: Fault?] = [:]
        var senders: [TrafficSender: Fault?] = [:]
        /// The wrong connections by fault: the first, and the clients of all.
        var wrong: [Fault: (first: ConntrackEntry, clients: [ConnectionClient])] = [:]
        /// How many connections are not wrong, or end anyway.
        var others = 0
        /// The clients of those, where others are wrong.
        var otherClients: Set<IPAddress> = []

        mutating func addOther(_ client: IPAddress) {
            others += 1
            if case .right = verdict { return }
            otherClients.insert(client)
        }

        /// The wrong connections of some clients, and no others: where others are translated alike, by client, and where a client
        /// has some of both, by its port.
        func filters(of clients: [ConnectionClient], _ key: TranslationKey) -> [ConntrackFilter] {
            if others == 0, wrong.count == 1 { return [key.filter()] }
            var met: Set<IPAddress> = []
            return clients.compactMap { client in
                if otherClients.contains(client.address) { return key.filter(client) }
                return met.insert(client.address).inserted ? key.filter(of: client.address) : nil
            }
        }
    }

    private let reachability: Reachability
    private let backend: Mode
    private var frontends: ConnectionFrontends
    private var groups: [Group] = []
    private var positions: [TranslationKey: Int] = [:]
    private var keys: [TranslationKey] = []
    private var affine = AffineConnections()
    private(set) var serviceConnectionCount = 0

    private var plan: NodePlan { backend.plan }

    init(_ backend: Mode) {
        self.backend = backend
        reachability = Reachability(backend)
        frontends = ConnectionFrontends(backend.plan)
    }

    /// Takes another connection into account.
    mutating func add(_ entry: ConntrackEntry) {
        guard entry.family == plan.settings.family, entry.hasTranslatedDestination else { return }
        let key = TranslationKey(entry)
        let position = positions[key] ?? judge(key)
        if groups[position].label != nil { serviceConnectionCount += 1 }
        guard !entry.status.contains(.closing), let fault = fault(of: entry, position) else {
            groups[position].addOther(entry.original.source)
            if !entry.status.contains(.closing), let affinity = groups[position].affinity {
                affine.add(entry, position, of: affinity.port)
            }
            return
        }
        let client = ConnectionClient(address: entry.original.source, port: entry.original.sourcePort)
        groups[position].wrong[fault, default: (entry, [])].clients.append(client)
    }

    private mutating func fault(of entry: ConntrackEntry, _ position: Int) -> Fault? {
        switch groups[position].verdict {
        case .right: return nil
        case .wrong(let fault): return fault
        case .byClient(let frontend, let endpoint):
            let client = entry.original.source
            if let known = groups[position].clients[client] { return known }
            let sender = reachability.sender(client, to: frontend)
            let fault = groups[position].senders[sender] ?? policy(sender, frontend, endpoint)
            groups[position].senders[sender] = .some(fault)
            groups[position].clients[client] = .some(fault)
            return fault
        }
    }

    // MARK: Judging

    /// Judges connections of a new kind, and gives their position.
    private mutating func judge(_ key: TranslationKey) -> Int {
        let position = groups.count
        positions[key] = position
        keys.append(key)
        let owners = frontends.owners(of: key)
        groups.append(owners.isEmpty ? orphan(key) : group(key, owners))
        return position
    }

    private mutating func group(_ key: TranslationKey, _ owners: [ServiceFrontend]) -> Group {
        var found: (owner: ServiceFrontend, endpoint: PlannedEndpoint)?
        for owner in owners {
            guard let endpoint = frontends.endpoint(key, of: owner.servicePort) else { continue }
            if found == nil || endpoint.conditions.contains(.serving) { found = (owner, endpoint) }
            if endpoint.conditions.contains(.serving) { break }
        }
        guard let (owner, endpoint) = found else {
            let label = ServicePortLabel(owners[0].servicePort.name)
            return Group(verdict: .wrong(.stale(reason(key, owners))), label: label)
        }
        let port = owner.servicePort
        let label = ServicePortLabel(port.name)
        guard endpoint.conditions.contains(.serving) else {
            // Connections of TCP and SCTP drain at an endpoint that terminates.
            let drains = endpoint.conditions.contains(.terminating) && key.transport != .udp
            return Group(verdict: drains ? .right : .wrong(.stale(.notReady)), label: label)
        }
        var group = Group(verdict: .right, label: label)
        // Where several Service ports answer at one address, it is not known whose policy counts.
        guard owners.count == 1 else { return group }
        if owner.policy == .local || owner.mayAskForRanges {
            group = Group(verdict: .byClient(owner, endpoint), label: label)
        }
        if let seconds = port.affinitySeconds, endpoint.clusterUse.isUsed || endpoint.localUse.isUsed {
            group.affinity = (port.index, seconds)
        }
        return group
    }

    private func reason(_ key: TranslationKey, _ owners: [ServiceFrontend]) -> StaleConnection.Reason {
        let serving = owners.flatMap { $0.servicePort.endpoints.filter { $0.conditions.contains(.serving) } }
        if serving.isEmpty { return .emptyService }
        return serving.contains { $0.address == key.target } ? .otherPort : .noEndpoint
    }

    private mutating func orphan(_ key: TranslationKey) -> Group {
        guard let evidence = frontends.trace(of: key) else { return Group(verdict: .right, label: nil) }
        return Group(verdict: .wrong(.orphaned(evidence)), label: frontends.formerService(of: key))
    }

    /// Which policy keeps new connections of a sender from an endpoint that serves; nil: none does.
    private func policy(_ sender: TrafficSender, _ frontend: ServiceFrontend, _ endpoint: PlannedEndpoint) -> Fault? {
        let isElsewhere = frontend.policy == .local && !endpoint.isLocal
        let local = isElsewhere ? Fault.pastPolicy(frontend.kind == .clusterIP ? .internalLocal : .externalLocal) : nil
        switch backend.outcome(of: sender, to: frontend) {
        case .endpoints(let shares, _):
            return shares.contains { $0.address == endpoint.address && $0.port == endpoint.port } ? nil : local
        case .refused, .timesOut:
            return sender.isInSourceRanges == false ? .pastPolicy(.sourceRanges) : local
        case .unchanged, .unknown: return nil
        }
    }

    // MARK: Findings

    /// The findings, sorted as those of an audit of rules are.
    var findings: [AuditFinding] {
        var found = AuditFindings()
        for (position, group) in groups.enumerated() {
            for (fault, wrong) in group.wrong {
                let filters = group.filters(of: wrong.clients, keys[position])
                let connections = connections(position, wrong.clients.count, filters)
                found.add(evidence(fault, connections, position), group.label, entry: wrong.first)
            }
        }
        for (position, first, clients) in affine.conflicts {
            guard let seconds = groups[position].affinity?.seconds else { continue }
            let connections = connections(position, clients.count, clients.map { keys[position].filter($0) })
            let fault = Fault.pastPolicy(.affinity(seconds: seconds))
            found.add(evidence(fault, connections, position), groups[position].label, entry: first)
        }
        return found.all.sorted(by: Audit.precedes)
    }

    private func connections(_ position: Int, _ count: Int, _ filters: [ConntrackFilter]) -> TranslatedConnections {
        let key = keys[position]
        return TranslatedConnections(
            transport: key.transport, destination: key.destination, destinationPort: key.destinationPort,
            target: key.target, targetPort: key.targetPort, count: count, filters: filters)
    }

    private func evidence(_ fault: Fault, _ connections: TranslatedConnections, _ position: Int) -> any AuditEvidence {
        let version = plan.version.version
        switch fault {
        case .stale(let reason): return StaleConnection(connections: connections, reason: reason, version: version)
        case .orphaned(let evidence):
            let left: LeftConnections =
                connections.transport != .udp
                ? .notUDP : frontends.isClusterIP(connections.destination) ? .atDeletedClusterIP : .atDeletedAddress
            return OrphanedConnection(connections: connections, evidence: evidence, left: left, version: version)
        case .pastPolicy(let policy):
            return ConnectionPastPolicy(connections: connections, policy: policy, version: version)
        }
    }
}

/// Connections to Service ports with affinity, by client.
struct AffineConnections {
    private struct Client: Hashable {
        let port: Int
        let address: IPAddress
    }

    private var clients: [Client: [(position: Int, entry: ConntrackEntry)]] = [:]

    /// - Parameters:
    ///   - position: which connections are translated alike.
    ///   - port: the Service port.
    mutating func add(_ entry: ConntrackEntry, _ position: Int, of port: Int) {
        clients[Client(port: port, address: entry.original.source), default: []].append((position, entry))
    }

    /// The connections of clients that have some to several endpoints, by how they are translated.
    var conflicts: [(position: Int, first: ConntrackEntry, clients: [ConnectionClient])] {
        var found: [Int: (first: ConntrackEntry, clients: [ConnectionClient])] = [:]
        for connections in clients.values {
            let targets = Set(
                connections.map {
                    ConnectionFrontends.Target(address: $0.entry.reply.source, port: $0.entry.reply.sourcePort)
                })
            guard targets.count > 1 else { continue }
            for (position, entry) in connections {
                let client = ConnectionClient(address: entry.original.source, port: entry.original.sourcePort)
                var group = found[position] ?? (entry, [])
                if entry.line < group.first.line { group.first = entry }
                group.clients.append(client)
                found[position] = group
            }
        }
        return found.keys.sorted().map { position in
            let group = found[position]!
            let clients = group.clients.sorted {
                ($0.address.number, $0.port) < ($1.address.number, $1.port)
            }
            return (position, group.first, clients)
        }
    }
}
