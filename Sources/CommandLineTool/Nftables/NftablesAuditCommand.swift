internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

extension AuditOptions {
    /// Audits a node whose rules are tables of nftables mode.
    func auditNftables(_ sources: [SnapshotSource], _ console: Console) throws(CommandFailure) -> ExitCode {
        // Mostly the family is that of the dump; while the dump is read, the snapshot is planned for it.
        let guess = shaping.family ?? .ipv4
        let (reading, planning) = System.workers.both(
            { Result { () throws(CommandFailure) in try NftablesDumps(sources, shaping.family) } },
            {
                Result { () throws(CommandFailure) -> (PreparedSnapshot, NftablesPlan) in
                    let prepared = try readSnapshot(operands)
                    return (prepared, try prepared.nftablesExpectation(guess))
                }
            })
        let dumps = try reading.get()
        let (prepared, early) = try planning.get()
        let plan = dumps.family == guess ? early : try prepared.nftablesExpectation(dumps.family)
        let audit = NftablesAudit(
            given: prepared.given, plan, dumps.tables, iptables: dumps.iptables, with: System.workers)
        System.keep((prepared, plan, dumps, audit))
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings))
        if dumps.hasBothFamilies, shaping.family == nil {
            console.say([
                Diagnostic(
                    .notice,
                    "\(sources[0].name) has kube-proxy's tables of both families; this is about ip kube-proxy, "
                        + "and --family ipv6 audits the other")
            ])
        }
        let connections = try connections(audit.expected, family: dumps.family, console)
        return try report(
            audit.findings, connections, audit.inferred, audit.version, sources[0].name, prepared,
            nothingCompared: audit.problem != nil, console)
    }
}

/// What the dumps of one node say.
struct NftablesDumps {
    /// Those of nft.
    var tables: [NftTable] = []
    /// Those of iptables, which should not have chains of kube-proxy's.
    var iptables: [Ruleset] = []
    let family: AddressFamily
    let hasBothFamilies: Bool

    init(_ sources: [SnapshotSource], _ given: AddressFamily?) throws(CommandFailure) {
        for source in sources {
            if let found = try source.nftablesTables() {
                tables += found
            } else if !source.isBlank {
                iptables.append(try RulesInput.readRules(source, given))
            }
        }
        let present = Set(tables.compactMap(\.familyOfKubeProxy))
        hasBothFamilies = present.count > 1
        family = given ?? (present.contains(.ipv4) ? .ipv4 : present.first ?? iptables.first?.family ?? .ipv4)
    }
}

extension PreparedSnapshot {
    /// The plan of a family, by the settings as far as they are given.
    func nftablesExpectation(_ family: AddressFamily) throws(CommandFailure) -> NftablesPlan {
        var prepared = try forAudit(family)
        prepared.settings.mode = .nftables
        return try prepared.nftablesPlan()
    }
}

extension SnapshotSource {
    /// Whether there is nothing in it but blanks.
    fileprivate var isBlank: Bool {
        var index = 0
        while index < count, bytes[index] <= 0x20 { index += 1 }
        return index == count
    }
}
