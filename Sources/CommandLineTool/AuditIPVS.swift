internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeProxy
internal import NetAddress

extension AuditOptions {
    /// Audits a node in IPVS mode.
    func auditIPVS(_ sources: [SnapshotSource], _ console: Console) throws(CommandFailure) -> ExitCode {
        let dump = try IPVSDump(sources)
        let family = shaping.family ?? dump.mainFamily
        let prepared = try inIPVSMode.readSnapshot(operands)
        let plan = try prepared.ipvsExpectation(family)
        let audit = IPVSAudit(given: prepared.given, plan, dump, with: System.workers)
        System.keep((prepared, plan, audit))
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings))
        if audit.problem == nil {
            var notices = audit.notGiven.isEmpty ? [] : [AuditReport.words(notGiven: audit.notGiven)]
            if shaping.family == nil, dump.families.count > 1 {
                notices.append(
                    "\(sources[0].name) is of both families; this is about \(family.name), and --family "
                        + "\(family.other.name) audits the other")
            }
            console.say(notices.map { Diagnostic(.notice, $0) })
        }
        let connections = try connections(audit.expected, family: family, console)
        return try report(
            audit.findings, connections, audit.inferred, audit.version, dump.rulesName(family) ?? sources[0].name,
            prepared, nothingCompared: audit.problem != nil, console)
    }
}

extension IPVSDump {
    /// Reads what programs printed on one node.
    init(_ sources: [SnapshotSource]) throws(CommandFailure) {
        self.init()
        for source in sources {
            if let foreign = ForeignEncoding(source.bytes) {
                throw .input("\(source.name): error: it is \(foreign.name); \(foreign.remedy)")
            }
            do throws(IPVSDump.Failure) {
                try read(source.wholeText, of: source.name)
            } catch {
                throw .input("\(source.name):\(error.line):1: error: \(error.message)")
            }
        }
    }
}

extension PreparedSnapshot {
    /// The plan of a family in IPVS mode, by the settings as far as they are given.
    fileprivate func ipvsExpectation(_ family: AddressFamily) throws(CommandFailure) -> IPVSPlan {
        var prepared = try forAudit(family)
        prepared.settings.mode = .ipvs
        return try prepared.ipvsPlan()
    }
}

extension SnapshotSource {
    /// Whether it is what only a node in IPVS mode prints.
    var isOfIPVSMode: Bool { IPVSDump.isOfIPVSMode(bytes[0..<min(count, 4096)].string) }

    fileprivate var wholeText: String { bytes[0..<count].string }
}
