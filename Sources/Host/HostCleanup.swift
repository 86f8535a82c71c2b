internal import Iptables
internal import KubeChainsBytes
internal import KubeProxy
package import NetAddress

/// Takes away from this host what kube-proxy or `apply` made.
package enum HostCleanup {
    /// What iptables mode made.
    ///
    /// - Parameter rules: the rules of all families and backends.
    /// - Returns: a report of what was done.
    package static func run(_ rules: [HostRules], wait: Int) throws(HostError) -> [String] {
        guard !rules.isEmpty else { throw HostProgram.missing("iptables", package: "iptables") }
        let cleanups = rules.map { Cleanup($0.live) }
        try Dangers.refuse(
            cleanups.flatMap { $0.blockingReferences.map { ("", $0) } })
        func state(_ wanted: [Ruleset]) -> IptablesHostState {
            IptablesHostState(parts: zip(rules, wanted).map { .init(name: $0.iptables.name, rules: $1) })
        }
        let before = state(rules.map(\.live))
        try IptablesAccess(rules.map(\.iptables), wait: wait).carryOut(
            before.steps(to: state(cleanups.map(\.wanted))), orGoBackTo: before)
        return zip(rules, cleanups).map { rules, cleanup in
            cleanup.isEmpty
                ? "\(rules.iptables.name): nothing to clean up"
                : "\(rules.iptables.name): \(counted(cleanup.chainCount, "chain")) and "
                    + "\(counted(cleanup.jumpCount, "jump")) deleted"
        }
    }

    /// What IPVS mode made.
    package struct IPVS {
        private let host: IPVSPrograms
        private let wanted: IPVSHostState
        private let steps: [HostStep]

        /// - Parameters:
        ///   - rules: the host's rules, of each family.
        ///   - excluded: ranges whose virtual servers stay.
        package init(_ rules: [HostRules], excluding excluded: [IPPrefix], wait: Int) throws(HostError) {
            host = try IPVSPrograms(rules, wait: wait)
            let before = try host.read()
            wanted = before.withoutProxy(excluding: excluded)
            steps = before.steps(to: wanted)
            var references: [(host: String, reference: ChainReference)] = []
            for (index, family) in before.families.enumerated() {
                references += family.blockingReferences(to: wanted.families[index]).map { ("", $0) }
            }
            try Dangers.refuse(references)
        }

        /// Every step, as a shell script.
        package var script: String { host.script(steps) }

        /// Does all steps.
        ///
        /// - Returns: a report of what was done.
        package func run() throws(HostError) -> [String] {
            try host.carryOut(steps, orGoBackTo: nil)
            var report = steps.map { "\($0.name): \($0.summary)" }
            if report.isEmpty { report.append("nothing to clean up") }
            for server in wanted.families.flatMap(\.servers) {
                report.append("left, for it is not kube-proxy's: \(server.name)")
            }
            return report
        }
    }
}
