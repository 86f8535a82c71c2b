package import KubeProxy
internal import NetAddress
package import Nftables

/// Programs this host in nftables mode: one transaction for all families.
package struct NftablesApply {
    private let host: NftPrograms
    private let rules: [HostRules]
    private let plans: [NftablesPlan]
    private let before: NftablesHostState
    private let wanted: NftablesHostState
    /// What leads from the one to the other.
    private let changes: [(family: AddressFamily, changes: TableChanges)]

    private static let liberalSysctl = "net/netfilter/nf_conntrack_tcp_be_liberal"

    /// - Parameters:
    ///   - host: nft.
    ///   - rules: what iptables has on the host, of all families and backends.
    ///   - plans: what the host should have, of each family.
    ///   - makesLiberal: whether connection tracking is to be made liberal, which kube-proxy does in all modes if it is told.
    package init(
        _ host: NftPrograms, _ rules: [HostRules], _ plans: [NftablesPlan], makesLiberal: Bool
    ) throws(HostError) {
        var host = host
        if makesLiberal { host.sysctls = [NftablesApply.liberalSysctl] }
        self.host = host
        self.rules = rules
        self.plans = plans
        before = try host.read()
        wanted = NftablesHostState(
            parts: plans.map { .init($0.plan.settings.family, $0.table) },
            sysctls: makesLiberal ? [.init(name: NftablesApply.liberalSysctl, value: "1")] : [])
        changes = before.changes(to: wanted)
    }

    /// The transaction that leads from tables to those of plans.
    package static func transaction(from live: [NftTable?], to plans: [NftablesPlan]) -> String {
        zip(live, plans).map { TableChanges(from: $0, to: $1.table).text }.joined()
    }

    /// The transaction, as text for nft.
    package var script: String { changes.map(\.changes.text).joined() }

    /// Refuses what would do harm.
    package func refuseDangers(isForced: Bool) throws(HostError) {
        try Dangers.refuseOwnedTables(before)
        guard !isForced else { return }
        if let release = HostFacts.kernelReleaseText, let reason = NftPrograms.refusal(ofKernel: release) {
            throw HostError("error: \(reason). Nothing was changed; give --force if its nf_tables is patched")
        }
        try Dangers.refuseTablesOfOthers(before, orElse: ", or give --force to replace it")
        var risks: [String] = []
        for (index, plan) in plans.enumerated() {
            guard let live = before.parts[index].table, let table = wanted.parts[index].table else { continue }
            risks += plan.outageRisks(replacing: live, with: table)
        }
        try Dangers.refuse(nftables: rules, risks)
    }

    /// Does all steps.
    ///
    /// - Parameter whileWaiting: called about once a second while nft runs, with the seconds that have passed.
    /// - Returns: a report of what was done.
    package func run(whileWaiting: @escaping (Double) -> Void) throws(HostError) -> [String] {
        var host = host
        host.whileWaiting = whileWaiting
        let steps = before.steps(to: wanted, changes)
        try host.carryOut(steps, orGoBackTo: before)
        var report = changes.map { "\($0.family.name): \($0.changes.summary)" }
        for case .write(let sysctl) in steps.map(\.work) {
            let name = sysctl.name.split(separator: "/").joined(separator: ".")
            report.append("\(name): \(before.sysctls.first?.value ?? "?") -> \(sysctl.value)")
        }
        return report + ConnectionTracking.deleteStaleFlows(plans.map(\.plan))
    }

    /// What differs from the plans after everything is done.
    package func differences() throws(HostError) -> [String] {
        try host.read().changes(to: wanted).filter { !$0.changes.isEmpty }.map { family, changes in
            "error: \(family.name): the table is not as it was written; another apply would do this: \(changes.summary)"
        }
    }
}
