public import Iptables
public import KubeChainsBytes
internal import NetAddress
public import Nftables

/// Compares a node's table of nftables mode with what the API says it should be.
public struct NftablesAudit: NodeAudit {
    /// The cause of others first, then most severe first, then by Service port and line.
    public private(set) var findings: [AuditFinding] = []
    /// What was not given and is read off the table, in the order of ``AuditSetting``.
    public private(set) var inferred: [InferredSetting] = []
    /// What the table was compared with, with the settings that it shows; nil: nothing was compared.
    public private(set) var expected: NftablesPlan?
    /// The version of kube-proxy whose table was expected, and what says it; nil: nothing was compared.
    public private(set) var version: VersionChoice?

    /// Why nothing was compared; nil: the table was compared.
    public var problem: NftablesEvidence.NothingToCompare.Problem? {
        findings.lazy.compactMap { ($0.evidence as? NftablesEvidence.NothingToCompare)?.problem }.first
    }

    /// Audits a node, and reads off its table what was not given.
    ///
    /// - Parameters:
    ///   - given: the settings that were given; the others are taken from the table.
    ///   - plan: a plan with the settings as far as they are known, for any Node of the snapshot if none was given.
    ///   - tables: all that is known of the host's tables, kube-proxy's among them.
    ///   - iptables: what iptables-save printed on the node, if it is known: chains of iptables mode are left-overs.
    ///   - workers: threads that may plan half of many Services; the audit is the same without them.
    public init(
        given: Set<AuditSetting>, _ plan: NftablesPlan, _ tables: [NftTable], iptables: [Ruleset] = [],
        with workers: Workers? = nil
    ) {
        var found = AuditFindings()
        let family = plan.plan.settings.family
        guard let table = tables.first(where: { $0.isKubeProxys(family) }), !table.chains.isEmpty else {
            let problem = NftablesAudit.problem(family, tables)
            found.add(NftablesEvidence.NothingToCompare(problem: problem, table: plan.tableName.description))
            findings = found.all
            return
        }
        let live = NftablesTableIndex(table)
        var reading = NftablesReading(plan, live, given, workers)
        if !given.contains(.version), let better = reading.ofAnotherVersion(plan, live, given, workers) {
            reading = better
        }
        inferred = reading.inferred
        expected = reading.planned
        version = plan.plan.version.replaced(by: reading.planned.plan.version)
        found = reading.found
        NftablesHost(reading.planned, tables, iptables, live).add(to: &found)
        findings = found.all.sorted(by: Audit.precedes)
    }

    private static func problem(
        _ family: AddressFamily, _ tables: [NftTable]
    ) -> NftablesEvidence.NothingToCompare.Problem {
        if tables.isEmpty { return .empty }
        if tables.contains(where: { $0.isKubeProxys(family) }) { return .emptyTable }
        return .noTable(
            hasIptablesChains: tables.contains { !$0.iptablesChains(family).isEmpty },
            hasOtherFamily: tables.contains { $0.isKubeProxys(family.other) })
    }
}

extension NftTable {
    /// The chains of a family that only kube-proxy in iptables mode makes, where iptables is based on nftables.
    func iptablesChains(_ family: AddressFamily) -> [NftChain] {
        guard self.family == family.keyword, name == "nat" || name == "filter" else { return [] }
        return chains.filter { chain in
            ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES"].contains(chain.name)
                || ["KUBE-SVC-", "KUBE-SVL-", "KUBE-SEP-", "KUBE-EXT-"].contains { chain.name.hasPrefix($0) }
        }
    }
}
