internal import Iptables
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// Programs this host in IPVS mode, step by step; if a step fails, the steps before it are undone.
struct IPVSApply {
    private let host: IPVSHost
    private let plans: [IPVSPlan]
    private let before: IPVSHostState
    private let wanted: IPVSHostState
    private let changes: IPVSChanges
    private let excluded: [IPPrefix]

    init(_ prepared: PreparedSnapshot, _ options: ApplyOptions) throws(CommandFailure) {
        let rules = try HostRules.choose(HostRules.families(options.shaping.family), options.host.backend)
        host = try IPVSHost(rules, wait: options.host.waitSeconds)
        var plans: [IPVSPlan] = []
        for rules in rules {
            var prepared = prepared
            prepared.settings = try HostFacts.complete(prepared.settings, options.shaping, rules.iptables)
            prepared.settings.family = rules.iptables.family
            plans.append(try prepared.ipvsPlan())
        }
        self.plans = plans
        excluded = prepared.settings.ipvs.excludeCIDRs
        wanted = IPVSHostState(plans)
        before = try host.read(wanted.sysctls.map(\.name))
        changes = IPVSChanges(from: before, to: wanted, .gentle(excluding: excluded))
        guard let set = changes.strangeSets.first else { return }
        throw .input(
            "error: the set \(set.name) is there as '\(set.kind)', and not as kube-proxy has it; nothing was changed. "
                + "Take it away with 'ipset destroy \(set.name)'")
    }

    /// Warnings for the user.
    var warnings: [PlacedMessage] {
        plans.count > 1 ? plans[0].plan.warningsOfAnyFamily : plans.first?.plan.warnings ?? []
    }

    /// Every step, as a shell script.
    var script: String { host.script(changes.steps) + drainingText.map { "# \($0)\n" }.joined() }

    func run(
        _ snapshot: ClusterSnapshot, _ options: ApplyOptions, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        if !options.host.isForced { try refuseDanger(snapshot) }
        for (index, step) in changes.steps.enumerated() {
            do throws(CommandFailure) {
                try host.run(step)
            } catch {
                throw undo(after: error, at: index)
            }
        }
        var report = changes.steps.map { "\($0.name): \($0.summary)" }
        if report.isEmpty { report.append("nothing to change") }
        report += drainingText
        report += try ConnectionTracking.deleteStaleFlows(plans.map(\.plan))
        var differences: [String] = []
        if options.verifies {
            let left = IPVSChanges(
                from: try host.read(wanted.sysctls.map(\.name)), to: wanted, .gentle(excluding: excluded))
            differences = left.steps.map { "error: \($0.name): not as they were written, \($0.summary) would be" }
            if differences.isEmpty { report.append("verified: the host has what it should have") }
        }
        try OutputFile.write(report.map { $0 + "\n" }.joined(), to: nil)
        console.say(lines: differences)
        return differences.isEmpty ? .success : .findings
    }

    private var drainingText: [String] {
        changes.draining.map { server in
            let connections = server.connections == 1 ? "connection" : "connections"
            return "drains: \(server.name) has \(server.connections) \(connections); "
                + "an apply after they have gone deletes it"
        }
    }

    private func refuseDanger(_ snapshot: ClusterSnapshot) throws(CommandFailure) {
        if let sign = HostFacts.signOfKubeProxy(host.rules) {
            throw .input(
                "error: kube-proxy seems to run on this host: \(sign); it would undo at its next sync what is written here. "
                    + "Stop it, take away what it left with 'kubechains cleanup --proxy-mode ipvs', or give --force")
        }
        for (index, family) in before.families.enumerated() {
            if family.rules.holdsChains(only: .iptables) {
                throw .input(
                    "error: \(host.rules[index].iptables.name): the chains of kube-proxy in iptables mode are on this host, and "
                        + "packets would meet both. Nothing was changed; take them away with 'kubechains cleanup --apply', or "
                        + "give --force")
            }
            if let doubt = plans[index].outageRisks(replacing: family).first {
                throw .input("error: \(doubt). Nothing was changed; give --force if this is meant")
            }
        }
    }

    // MARK: After a failure

    /// Undoes the steps before a failed step, and what the step itself did.
    ///
    /// - Returns: the failure, with the resulting state of the host.
    private func undo(after failure: CommandFailure, at index: Int) -> CommandFailure {
        let step = changes.steps[index]
        let done = changes.steps[..<index].map(\.name).joined(separator: ", ")
        let message =
            "error: step \(index + 1) of \(changes.steps.count) failed, \(step.name) (\(step.summary)):\n"
            + (failure.message ?? "") + "\ndone before: \(done.isEmpty ? "nothing" : done)\n"
        var left: ArraySlice<HostStep> = []
        do throws(CommandFailure) {
            let now = try host.read(before.sysctls.map(\.name))
            left = IPVSChanges(from: now, to: before, .exact).steps[...]
            guard !left.isEmpty else { return .input(message + "the host is as it was") }
            while let step = left.first {
                try host.run(step)
                left.removeFirst()
            }
            return .input(
                message + "all of it was taken back: the host is as it was, but for connections to deleted servers")
        } catch {
            return .input(
                message + "it could not all be taken back: \(error.message ?? "")\n"
                    + "this is left to do, to get back to where the host was:\n" + host.script(left))
        }
    }
}
