internal import Iptables
internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

/// What was found in a node's dumps of one family.
private struct AuditedNode: Sendable {
    let family: AddressFamily
    let dump: String
    let findings: [AuditFinding]
    let inferred: [InferredSetting]
    let version: VersionChoice?

    init(_ family: AddressFamily, dump: String, _ audit: some NodeAudit) {
        self.family = family
        self.dump = dump
        findings = audit.findings
        inferred = audit.inferred
        version = audit.version
    }
}

/// `audit --all-nodes`: each Node's dump is audited, and findings are grouped over Nodes.
extension AuditOptions {
    func auditAllNodes(_ console: Console) throws(CommandFailure) -> ExitCode {
        let folder = try allNodesFolder()
        let rules = try readRules()
        let prepared = try readSnapshot(operands)
        let snapshot = prepared.snapshot
        try prepared.requireServices(since: "so there is nothing to compare the rules with")
        try prepared.requireNodes(since: "so nothing says which endpoints are the nodes' own")
        let dumps = try LiveDumps(folder, nodes: Set(snapshot.nodes.map(\.name.text)))
        guard !dumps.isEmpty else {
            throw .input(
                "\(dumps.name): error: it has a dump of none of the \(snapshot.nodes.count) Nodes; nothing was audited")
        }
        let names = shard.of(snapshot.nodes).map(\.name.text)
        let positions = names.indices.filter { dumps.has(names[$0]) }
        var modes: [ProxyMode] = []
        for position in positions {
            modes.append(ProxyMode.ofRules(try dumps.files(of: names[position]), given: shaping.mode))
        }
        let auditor = FleetAuditor(prepared, Set(modes), shaping.family, shard)
        let results = System.workers.map(Array(zip(positions, modes))) { position, mode in
            Result { () throws(CommandFailure) in
                switch mode {
                case .iptables: try auditor.auditIptables(try dumps.dumps(of: names[position]), of: position)
                case .nftables: try auditor.auditNftables(try dumps.dumps(of: names[position]), of: position)
                case .ipvs: try auditor.auditIPVS(try dumps.files(of: names[position]), of: position)
                }
            }
        }
        System.keep((prepared, auditor))
        console.say(prepared.diagnostics(of: auditor.plans))
        let missing = names.filter { !dumps.has($0) }
        console.say(lines: dumps.warnings(without: missing))
        var audited: [(node: String, result: AuditedNode)] = []
        var hasFailures = false
        for (position, result) in zip(positions, results) {
            switch result {
            case .success(let found): audited += found.map { (names[position], $0) }
            case .failure(let failure):
                // Other nodes' dumps are good nevertheless.
                hasFailures = true
                console.say(lines: failure.message.map { [$0] } ?? [])
            }
        }
        guard !audited.isEmpty || !hasFailures else { throw .input("\(dumps.name): error: nothing was audited") }
        let code = try report(audited, missing, snapshot, rules, console)
        return hasFailures ? .input : code
    }

    /// Where the nodes' dumps are, if the options ask for nothing that is about one node.
    private func allNodesFolder() throws(CommandFailure) -> String {
        guard let liveFolder else {
            throw AuditOptions.usage(
                "audit --all-nodes needs the nodes' rules: --live-dir with a folder, a tar archive or a stream")
        }
        guard !operands.isEmpty else {
            throw AuditOptions.usage("audit needs a SNAPSHOT: a file, or '-' for standard input")
        }
        guard live.isEmpty else {
            throw AuditOptions.usage("--live is the dump of one node; with --all-nodes give --live-dir")
        }
        guard conntrack == nil else {
            throw AuditOptions.usage("--conntrack is the list of one node's connections; give it without --all-nodes")
        }
        return liveFolder
    }

    private func report(
        _ audited: [(node: String, result: AuditedNode)], _ missing: [String], _ snapshot: ClusterSnapshot,
        _ rules: FindingRules?, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let scope = try scope.scope(
            in: [snapshot], others: audited.flatMap { $0.result.findings.compactMap { $0.label?.service } })
        var nodes: [AuditNodesReport.Node] = []
        var selection = FindingSelection<AuditFinding>()
        for (node, result) in audited {
            // Where nothing was compared, it is not a Service that is at fault.
            let own = FindingSelection(
                result.findings, from: severity, result.version == nil ? .everything : scope, rules, in: snapshot)
            selection.append(own)
            nodes.append(
                .init(node, result.family, dump: result.dump, own.shown, result.inferred, result.version))
        }
        let report = AuditNodesReport(nodes, withoutDump: missing)
        let services = snapshot.services.count { scope.contains($0.qualifiedName) }
        let text =
            switch output.form {
            case .json: report.json
            case .jsonl: report.jsonLines
            case .openmetrics: report.metrics(services: services)
            case .junit, .sarif, .github:
                report.findings(version: Tool.number).text(output.form, of: operands[0]) ?? ""
            default: report.text(output.style)
            }
        try OutputFile.write(text, to: output.file)
        console.say(lines: [selection.closing(services: services, nodes: Set(nodes.map(\.name)).count)])
        if nodes.contains(where: { $0.version == nil }) { return .input }
        return selection.shown.contains { $0.severity > .info } ? .findings : .success
    }
}

extension LiveDumps {
    /// What standard error says of dumps that are no Node's, and of Nodes without a dump.
    fileprivate func warnings(without missing: [String]) -> [String] {
        var warnings: [String] = []
        if !others.isEmpty {
            warnings.append("\(name): warning: no Node of the snapshot has these names: \(NodeNames.list(others))")
        }
        if !missing.isEmpty {
            warnings.append(
                "\(name): warning: no dump of \(counted(missing.count, "Node")): \(NodeNames.list(missing))")
        }
        return warnings
    }
}

/// Audits the nodes of a snapshot, whose plans are made for the modes of their dumps and for both families.
private struct FleetAuditor: Sendable {
    private let given: Set<AuditSetting>
    private let family: AddressFamily?
    private let byMode: [ProxyMode: [AddressFamily: AllNodesPlan]]

    /// The plans of the first mode.
    var plans: [AllNodesPlan] {
        let first = ProxyMode.allCases.lazy.compactMap { byMode[$0] }.first ?? [:]
        return AddressFamily.allCases.compactMap { first[$0] }
    }

    /// - Parameters:
    ///   - modes: the modes of the dumps.
    ///   - family: the family that the command line gives.
    init(_ prepared: PreparedSnapshot, _ modes: Set<ProxyMode>, _ family: AddressFamily?, _ shard: NodeShard) {
        given = prepared.given.union([.node])
        self.family = family
        byMode = modes.reduce(into: [:]) { plans, mode in
            for family in family.map({ [$0] }) ?? AddressFamily.allCases {
                var settings = prepared.settings
                settings.mode = mode
                settings.family = family
                plans[mode, default: [:]][family] = AllNodesPlan(
                    prepared.snapshot, settings, shard: shard, with: System.workers)
            }
        }
    }

    /// What the dumps of one Node have: rules of each family, and tables.
    private func read(
        _ dumps: [(source: SnapshotSource, family: AddressFamily?)]
    ) throws(CommandFailure) -> (rules: [AddressFamily: (all: [Ruleset], dump: String)], tables: [NftTable]) {
        var rules: [AddressFamily: (all: [Ruleset], dump: String)] = [:]
        var tables: [NftTable] = []
        for (source, known) in dumps {
            if let found = try source.nftablesTables() {
                tables += found
                continue
            }
            if let family, let known, family != known { continue }
            let found = try RulesInput.readRules(source, known ?? family)
            rules[found.family, default: ([], source.name)].all.append(found)
        }
        return (rules, tables)
    }

    /// Audits the dumps of one Node, those of each family together.
    ///
    /// - Parameter position: the Node's among those of the shard.
    func auditIptables(
        _ dumps: [(source: SnapshotSource, family: AddressFamily?)], of position: Int
    ) throws(CommandFailure) -> [AuditedNode] {
        let rules = try read(dumps).rules
        var audited: [AuditedNode] = []
        for family in AddressFamily.allCases {
            guard let found = rules[family], let plan = try plan(.iptables, family, position) else { continue }
            let audit = Audit(given: given, IptablesPlan(plan), nil, found.all)
            audited.append(AuditedNode(family, dump: found.dump, audit))
        }
        return audited
    }

    /// Audits the dumps of one Node in nftables mode, each family of it.
    func auditNftables(
        _ dumps: [(source: SnapshotSource, family: AddressFamily?)], of position: Int
    ) throws(CommandFailure) -> [AuditedNode] {
        let (rules, tables) = try read(dumps)
        let present = Set(tables.compactMap(\.familyOfKubeProxy))
        // Without a table of kube-proxy's the audit says so of one family.
        let families = family.map { [$0] } ?? AddressFamily.allCases.filter(present.contains)
        var audited: [AuditedNode] = []
        for family in families.isEmpty ? [.ipv4] : families {
            guard let plan = try plan(.nftables, family, position) else { continue }
            let expected = try input { () throws(SnapshotError) in try NftablesPlan(plan) }
            let audit = NftablesAudit(given: given, expected, tables, iptables: rules[family]?.all ?? [])
            audited.append(AuditedNode(family, dump: dumps[0].source.name, audit))
        }
        return audited
    }

    /// Audits what programs printed on one Node in IPVS mode, each family of it.
    func auditIPVS(_ sources: [SnapshotSource], of position: Int) throws(CommandFailure) -> [AuditedNode] {
        let dump = try IPVSDump(sources)
        let families = family.map { [$0] } ?? AddressFamily.allCases.filter(dump.families.contains)
        var audited: [AuditedNode] = []
        for family in families.isEmpty ? [.ipv4] : families {
            guard let plan = try plan(.ipvs, family, position) else { continue }
            let expected = try input { () throws(SnapshotError) in try IPVSPlan(plan) }
            let audit = IPVSAudit(given: given, expected, dump)
            audited.append(AuditedNode(family, dump: dump.rulesName(family) ?? sources[0].name, audit))
        }
        return audited
    }

    private func plan(
        _ mode: ProxyMode, _ family: AddressFamily, _ position: Int
    ) throws(CommandFailure) -> NodePlan? {
        guard let all = byMode[mode]?[family] else { return nil }
        return try input { () throws(SnapshotError) in try all.plan(of: all.members[position]) }
    }
}
