internal import Conntrack
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension AuditOptions {
    /// Audits a node's connections alone.
    func auditConnections(_ path: String, _ console: Console) throws(CommandFailure) -> ExitCode {
        let connections = try NodeConnections(path, HostRules.families(shaping.family))
        let prepared = try readSnapshot(operands)
        try prepared.requireServices(since: "so there is nothing to compare the connections with")
        try prepared.requireNodes(since: "so nothing says which endpoints are the node's own")
        console.say(prepared.diagnostics)
        let found = connections.list.families
        let families = shaping.family.map { [$0] } ?? (found.isEmpty ? [.ipv4] : found)
        var findings: [AuditFinding] = []
        var version: VersionChoice?
        for family in families {
            var own = prepared
            own.settings.family = family
            let plan = try own.plan()
            if version == nil { console.say(prepared.snapshot.diagnostics(.warning, plan.warnings)) }
            version = plan.version
            let audit = try input { () throws(SnapshotError) in
                try plan.audit(connections.list, with: System.workers)
            }
            findings += connections.findings(of: audit, family, console)
        }
        if prepared.settings.mode == .ipvs {
            let notice =
                "in IPVS mode ip_vs has connections of its own, which 'ipvsadm -Lnc' lists and 'conntrack -D' leaves"
            console.say([Diagnostic(.notice, notice)])
        }
        return try report(
            [], findings, [], version, connections.name, prepared, nothingCompared: false, console)
    }

    /// The findings about connections beside an audit of rules.
    ///
    /// - Parameter backend: what the rules should be; nil: nothing was compared.
    func connections(
        _ backend: (some Backend)?, family: AddressFamily, _ console: Console
    ) throws(CommandFailure) -> [AuditFinding] {
        guard let conntrack, let backend else { return [] }
        let connections = try NodeConnections(conntrack, [family])
        return connections.findings(of: ConnectionAudit(backend, connections.list), family, console)
    }
}

/// The connections of a node, read.
private struct NodeConnections {
    /// What the list is called in messages.
    let name: String
    /// Those whose destination is translated.
    let list: ConntrackList

    /// - Parameters:
    ///   - path: a file, `-` for standard input, or `host`.
    ///   - families: the families that are listed on the host.
    init(_ path: String, _ families: [AddressFamily]) throws(CommandFailure) {
        guard path == "host" else {
            let source = try InputFile.open(path)
            name = source.name
            list = try NodeConnections.read(source)
            if list.count == 0 {
                throw .input(
                    "\(name): error: the list has no connections; give what 'conntrack -L' prints as root on the node")
            }
            return
        }
        guard System.isRoot else { throw .input("error: --conntrack host needs root, to read the host's connections") }
        var all = ConntrackList()
        var names: [String] = []
        for family in families {
            let (name, text) = try onHost { () throws(HostError) in try ConnectionTracking.list(family) }
            names.append(name)
            all.append(try NodeConnections.read(SnapshotSource(name: name, bytes: text)))
        }
        name = names.count == 1 ? names[0] : "conntrack -L"
        list = all
    }

    private static func read(_ source: SnapshotSource) throws(CommandFailure) -> ConntrackList {
        do throws(ConntrackError) {
            return try source.withBytes { bytes throws(ConntrackError) in
                try ConntrackList(parsing: bytes) { $0.hasTranslatedDestination }
            }
        } catch {
            throw .input("\(source.name):\(error)")
        }
    }

    /// The findings of an audit of a family, which name the list.
    func findings(of audit: ConnectionAudit, _ family: AddressFamily, _ console: Console) -> [AuditFinding] {
        let translated = list.entries.count { $0.family == family }
        console.say([
            Diagnostic(
                .notice,
                "\(name): \(counted(list.count, "connection")), \(translated) of \(family.name) with a translated destination, "
                    + "\(audit.serviceConnectionCount) of these to Services")
        ])
        return audit.findings.map { $0.of(file: name) }
    }
}
