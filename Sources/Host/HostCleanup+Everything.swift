package import Iptables
internal import KubeProxy
package import NetAddress
internal import Nftables

extension HostCleanup {
    /// What nftables mode made, and what the other modes left, as `kube-proxy --cleanup` takes it away.
    package struct Everything {
        private let families: [AddressFamily]
        private let backend: Generator.Backend?
        private let wait: Int
        private let nft: NftPrograms
        private let tables: NftablesHostState
        /// What takes IPVS mode away; nil: there is nothing of it.
        private let ipvs: IPVS?

        /// - Parameters:
        ///   - families: the families of tables and rules.
        ///   - backend: the backend of iptables; nil: both.
        ///   - excluded: ranges whose virtual servers stay.
        package init(
            _ families: [AddressFamily], _ backend: Generator.Backend?, excluding excluded: [IPPrefix], wait: Int
        ) throws(HostError) {
            nft = try NftPrograms(families)
            (self.families, self.backend, self.wait) = (families, backend, wait)
            tables = try nft.read()
            try Dangers.refuseOwnedTables(tables)
            try Dangers.refuseTablesOfOthers(tables, orElse: " if it is not needed")
            let rules = try HostRules.readAll(families, backend)
            let hasIPVS = HostFacts.hasIPVSInterface || rules.contains { $0.live.holdsChains(only: .ipvs) }
            ipvs = hasIPVS ? try IPVS(HostRules.choose(families, backend), excluding: excluded, wait: wait) : nil
        }

        private var emptyTables: NftablesHostState { NftablesHostState(parts: families.map { .init($0, nil) }) }

        /// Every step, as a shell script.
        package func script() throws(HostError) -> String {
            let rules = try rules()
            let before = IptablesHostState(parts: rules.map { .init(name: $0.iptables.name, rules: $0.live) })
            let wanted = IptablesHostState(
                parts: rules.map { .init(name: $0.iptables.name, rules: Cleanup($0.live).wanted) })
            return (ipvs?.script ?? "")
                + IptablesAccess(rules.map(\.iptables), wait: wait).script(before.steps(to: wanted))
                + nft.script(tables.steps(to: emptyTables))
        }

        /// Does all steps.
        ///
        /// - Returns: a report of what was done.
        package func run() throws(HostError) -> [String] {
            var report: [String] = []
            if let ipvs { report += try ipvs.run() }
            let rules = try rules()
            if !rules.isEmpty { report += try HostCleanup.run(rules, wait: wait) }
            try nft.carryOut(tables.steps(to: emptyTables), orGoBackTo: tables)
            for part in tables.parts {
                report.append("table \(part.name): " + (part.table == nil ? "nothing to clean up" : "deleted"))
            }
            return report
        }

        /// The rules of iptables as they are now.
        private func rules() throws(HostError) -> [HostRules] {
            try HostRules.readAll(families, backend)
        }
    }
}
