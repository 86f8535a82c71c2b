package import KubeProxy
package import NetAddress

/// Programs this host in IPVS mode, step by step.
package struct IPVSApply {
    private let host: IPVSPrograms
    private let plans: [IPVSPlan]
    private let before: IPVSHostState
    private let wanted: IPVSHostState
    private let changes: IPVSChanges
    private let excluded: [IPPrefix]

    /// - Parameters:
    ///   - rules: the host's rules, of each family.
    ///   - plans: what the host should have, likewise.
    ///   - excluded: ranges whose virtual servers stay.
    package init(_ rules: [HostRules], _ plans: [IPVSPlan], excluding excluded: [IPPrefix], wait: Int) throws(HostError)
    {
        var host = try IPVSPrograms(rules, wait: wait)
        wanted = IPVSHostState(plans)
        host.sysctls = wanted.sysctls.map(\.name)
        before = try host.read()
        changes = IPVSChanges(from: before, to: wanted, .gentle(excluding: excluded))
        self.host = host
        self.plans = plans
        self.excluded = excluded
        guard let set = changes.strangeSets.first else { return }
        throw HostError(
            "error: the set \(set.name) is there as '\(set.kind)', and not as kube-proxy has it; nothing was changed. "
                + "Take it away with 'ipset destroy \(set.name)'")
    }

    /// Every step, as a shell script.
    package var script: String { host.script(changes.steps) + drainingText.map { "# \($0)\n" }.joined() }

    /// Refuses what would do harm.
    package func refuseDangers(isForced: Bool) throws(HostError) {
        guard !isForced else { return }
        try Dangers.refuse(
            .ipvs, on: host.rules,
            zip(plans, before.families).map { plan, family in plan.outageRisks(replacing: family) })
    }

    /// Does all steps.
    ///
    /// - Returns: a report of what was done.
    package func run() throws(HostError) -> [String] {
        try host.carryOut(changes.steps, orGoBackTo: before)
        var report = changes.steps.map { "\($0.name): \($0.summary)" }
        if report.isEmpty { report.append("nothing to change") }
        return report + drainingText + ConnectionTracking.deleteStaleFlows(plans.map(\.plan))
    }

    /// What differs from the plans after everything is done.
    package func differences() throws(HostError) -> [String] {
        let left = IPVSChanges(from: try host.read(), to: wanted, .gentle(excluding: excluded))
        return left.steps.map { "error: \($0.name): not as they were written, \($0.summary) would be" }
    }

    private var drainingText: [String] {
        changes.draining.map { server in
            let connections = server.connections == 1 ? "connection" : "connections"
            return "drains: \(server.name) has \(server.connections) \(connections); "
                + "an apply after they have gone deletes it"
        }
    }
}
