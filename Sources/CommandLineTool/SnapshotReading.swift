internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// The inputs and settings of a command, read.
struct PreparedSnapshot {
    let snapshot: ClusterSnapshot
    var settings: ProxySettings
    /// Warnings and notices so far. They are shown only if there is no error.
    private(set) var diagnostics: [Diagnostic]
    /// The settings that the command line and configurations give, as far as a node's rules show them.
    var given: Set<AuditSetting> = []
}

extension PreparedSnapshot {
    /// Refuses a snapshot without Services.
    ///
    /// - Parameters:
    ///   - consequence: what comes of it.
    ///   - file: the snapshot's name, where a command takes several snapshots.
    func requireServices(since consequence: String, in file: String? = nil) throws(CommandFailure) {
        if snapshot.services.isEmpty { throw PreparedSnapshot.lack(of: "Services", consequence, file) }
    }

    /// Refuses a snapshot without Nodes.
    ///
    /// - Parameters:
    ///   - consequence: what comes of it.
    ///   - file: the snapshot's name, where a command takes several snapshots.
    func requireNodes(since consequence: String, in file: String? = nil) throws(CommandFailure) {
        if snapshot.nodes.isEmpty { throw PreparedSnapshot.lack(of: "Node", consequence, file) }
    }

    /// Refuses a snapshot that is one side of a comparison and lacks what is compared.
    ///
    /// - Parameter file: its name.
    func requireObjects(in file: String) throws(CommandFailure) {
        try requireServices(since: "so there is nothing to compare", in: file)
        try requireNodes(since: "so nothing says which endpoints are the node's own", in: file)
    }

    /// Refuses settings that name a Node which the snapshot's Nodes do not have.
    fileprivate func requireNamedNode() throws(CommandFailure) {
        let names = snapshot.nodes.map(\.name.text)
        guard let name = settings.nodeName, !names.isEmpty, !names.contains(name) else { return }
        let more = names.count > 10 ? ", … (\(names.count) in all)" : ""
        throw .input(
            "error: the snapshot has no Node \(name); its Nodes are " + names.prefix(10).joined(separator: ", ") + more
                + Suggestion.text(for: name, among: names))
    }

    /// Adds a warning of a snapshot without Services.
    fileprivate mutating func warnOfNoServices() {
        guard snapshot.services.isEmpty else { return }
        let text = "the snapshot has no Services, so the rules are those of a cluster without any; "
        let remedy = "'kubectl get services,endpointslices,nodes -A -o json' makes one with all of them"
        diagnostics.append(Diagnostic(.warning, text + remedy))
    }

    /// Adds a warning of a shard that has no Node, so that nobody takes silence for a result.
    fileprivate mutating func warnIfEmpty(_ shard: NodeShard) {
        guard shard.of(snapshot.nodes).isEmpty, !snapshot.nodes.isEmpty else { return }
        let text = "the shard \(shard) has no Node: the snapshot has \(snapshot.nodes.count)"
        diagnostics.append(Diagnostic(.warning, text))
    }

    private static func lack(of objects: String, _ consequence: String, _ file: String?) -> CommandFailure {
        .input(
            (file.map { "\($0): " } ?? "") + "error: the snapshot has no \(objects), \(consequence); "
                + "make it with 'kubectl get services,endpointslices,nodes -A -o json'")
    }

    /// What a question names of some families, with the plans and the diagnostics of reading and planning.
    func flows(
        _ families: [AddressFamily], _ question: FlowQuestion = FlowQuestion()
    ) throws(CommandFailure) -> (flows: [NodeFlows], plans: [NodePlan], diagnostics: [Diagnostic]) {
        var flows: [NodeFlows] = []
        var plans: [NodePlan] = []
        for family in families {
            var own = self
            own.settings.family = family
            let plan = try own.plan()
            flows.append(try input { () throws(SnapshotError) in try plan.flows(question, with: System.workers) })
            plans.append(plan)
        }
        return (flows, plans, diagnostics + snapshot.diagnostics(.warning, NodePlan.warnings(of: plans)))
    }

    /// Plans for the family that the settings name.
    func plan() throws(CommandFailure) -> NodePlan {
        try input { () throws(SnapshotError) in try NodePlan(snapshot, settings, with: System.workers) }
    }

    /// Plans for iptables mode.
    func iptablesPlan() throws(CommandFailure) -> IptablesPlan { IptablesPlan(try plan(), with: System.workers) }

    /// Plans for nftables mode.
    func nftablesPlan() throws(CommandFailure) -> NftablesPlan {
        let plan = try plan()
        return try input { () throws(SnapshotError) in try NftablesPlan(plan, with: System.workers) }
    }

    /// Plans for IPVS mode.
    func ipvsPlan() throws(CommandFailure) -> IPVSPlan {
        let plan = try plan()
        return try input { () throws(SnapshotError) in try IPVSPlan(plan) }
    }
}

extension ShapesRules {
    /// Reads a snapshot and resolves the settings: flags win over `--config`, which wins over a configuration in the
    /// snapshot.
    func readSnapshot(_ paths: [String]) throws(CommandFailure) -> PreparedSnapshot {
        var sources: [SnapshotSource] = []
        for path in paths { sources.append(try InputFile.open(path)) }
        return try readSnapshot(sources)
    }

    /// Reads a snapshot from open inputs, and resolves the settings.
    func readSnapshot(_ sources: [SnapshotSource]) throws(CommandFailure) -> PreparedSnapshot {
        var prepared = try shaping.readSnapshot(sources, refusal: refusal, command: Self.command)
        if Self.takesIncompleteSnapshots {
            prepared.warnOfNoServices()
        } else {
            try prepared.requireNamedNode()
        }
        prepared.warnIfEmpty(shard)
        return prepared
    }
}

extension ShapingOptions {
    /// Reads a snapshot from open inputs, and resolves the settings.
    ///
    /// - Parameters:
    ///   - refusal: why the command refuses a mode; nil: it serves it.
    ///   - command: the command's name, for errors.
    fileprivate func readSnapshot(
        _ sources: [SnapshotSource], refusal: (ProxyMode) -> String?, command: String
    ) throws(CommandFailure) -> PreparedSnapshot {
        let snapshot = try input { () throws(SnapshotError) in
            try ClusterSnapshot(reading: sources, with: System.workers)
        }
        var diagnostics = snapshot.diagnostics(.warning, snapshot.warnings)
        var settings = ProxySettings()
        var given = auditSettings
        // The places that set the detect-local mode and the proxy mode, to which errors are attributed.
        var mode: (file: ClusterSnapshot, location: SourceLocation?)?
        var proxyMode: (file: ClusterSnapshot, location: SourceLocation?)?
        var nodePorts: (file: ClusterSnapshot, location: SourceLocation?)?

        func apply(_ configuration: KubeProxyConfiguration, of file: ClusterSnapshot) throws(CommandFailure) {
            let warnings = try input { () throws(SnapshotError) in try settings.apply(configuration, of: file) }
            diagnostics += file.diagnostics(.warning, warnings)
            given.formUnion(AuditSetting.given(by: configuration))
            if let setting = configuration.detectLocalMode { mode = (file, setting.location) }
            if let setting = configuration.mode { proxyMode = (file, setting.location) }
            if let setting = configuration.nodePortAddresses.first { nodePorts = (file, setting.location) }
        }
        if let configuration = snapshot.configuration {
            let notice = PlacedMessage(
                message: "the settings of this KubeProxyConfiguration are used", location: configuration.location)
            diagnostics += snapshot.diagnostics(.notice, [notice])
            try apply(configuration, of: snapshot)
        }
        if let configFile = configFile {
            let source = try InputFile.open(configFile)
            let file = try input { () throws(SnapshotError) in
                try ClusterSnapshot(reading: [source], expecting: .configuration)
            }
            guard let configuration = file.configuration else {
                if file.services.isEmpty, let warning = file.warnings.first {
                    throw .input(file.error(warning.message, at: warning.location).description)
                }
                throw .input("\(source.name): error: the file holds no KubeProxyConfiguration")
            }
            try apply(configuration, of: file)
        }

        settings = applied(to: settings)
        do {
            try settings.checkDetectLocalMode()
        } catch {
            guard let mode, !gives(.detectLocalMode) else {
                throw .usage("--detect-local-mode: \(error)", see: command)
            }
            throw .input(mode.file.error(error.description, at: mode.location).description)
        }
        do {
            try settings.checkNodePortAddresses(for: VersionChoice(settings, in: snapshot).version)
        } catch {
            guard let nodePorts, !gives(.nodePortAddresses) else {
                throw .usage("--nodeport-addresses: \(error)", see: command)
            }
            throw .input(nodePorts.file.error(error.description, at: nodePorts.location).description)
        }
        if let message = refusal(settings.mode) {
            guard let proxyMode, !gives(.proxyMode) else {
                throw .usage("--proxy-mode: \(message)", see: command)
            }
            throw .input(proxyMode.file.error(message, at: proxyMode.location).description)
        }
        return PreparedSnapshot(snapshot: snapshot, settings: settings, diagnostics: diagnostics, given: given)
    }
}

/// Runs `body`; an input error becomes the command's failure.
func input<Value>(_ body: () throws(SnapshotError) -> Value) throws(CommandFailure) -> Value {
    do {
        return try body()
    } catch {
        throw .input(error.description)
    }
}
