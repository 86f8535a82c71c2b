internal import Iptables
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// Programs this host: checks first, then writes, then cleans up.
struct HostApply {
    let works: [HostWork]
    let options: ApplyOptions
    let console: Console

    func run(_ snapshot: ClusterSnapshot) throws(CommandFailure) -> ExitCode {
        try refuseDanger(snapshot)
        if options.shaping.gives(.nfacct), works[0].plan.settings.hasAccountingCounters { try HostFacts.makeCounters() }
        for work in works where !work.text.isEmpty { try watching(work, work.test) }
        var report: [String] = []
        for work in works {
            do throws(CommandFailure) {
                if !work.text.isEmpty { try watching(work, work.write) }
            } catch {
                throw CommandFailure(
                    exitCode: error.exitCode, message: (report + [error.message ?? ""]).joined(separator: "\n"))
            }
            report.append(work.report)
        }
        if works.contains(where: { $0.plan.node.hasLocalhostNodePorts }),
            let change = try HostFacts.enableRouteLocalnet()
        {
            report.append(change)
        }
        report += try ConnectionTracking.deleteStaleFlows(works.map(\.plan))
        let differences = options.verifies ? try self.differences() : []
        if options.verifies, differences.isEmpty {
            report.append("verified: the host's rules are what they should be")
        }
        try OutputFile.write(report.map { $0 + "\n" }.joined(), to: nil)
        console.say(lines: differences)
        return differences.isEmpty ? .success : .findings
    }

    // MARK: Before

    private func refuseDanger(_ snapshot: ClusterSnapshot) throws(CommandFailure) {
        for work in works {
            let blockingReferences = work.changes.blockingReferences(in: work.before)
            guard blockingReferences.isEmpty else {
                throw .input(
                    blockingReferences.map { obstacle in
                        "error: \(work.iptables.name): the chain \(obstacle.target) is to be deleted, but a rule that is not "
                            + "kube-proxy's leads to it: -t \(obstacle.table) \(obstacle.rule)"
                    }.joined(separator: "\n") + "\nnothing was changed; delete these rules first")
            }
        }
        guard !options.host.isForced else { return }
        let rules = works.map { HostRules(iptables: $0.iptables, live: $0.before) }
        if let sign = HostFacts.signOfKubeProxy(rules) {
            throw .input(
                "error: kube-proxy seems to run on this host: \(sign); it would undo at its next sync what is written here. "
                    + "Stop it, take away what it left with 'kubechains cleanup --apply', or give --force")
        }
        for work in works {
            if work.before.holdsChains(only: .ipvs) {
                throw .input(
                    "error: \(work.iptables.name): what kube-proxy in IPVS mode made is on this host, and would go on to take "
                        + "packets. Nothing was changed; take it away with 'kubechains cleanup --proxy-mode ipvs', or give "
                        + "--force")
            }
            if let doubt = work.wanted.outageRisks(replacing: work.before).first {
                throw .input("error: \(doubt). Nothing was changed; give --force if this is meant")
            }
        }
    }

    // MARK: After

    /// What differs from the plan after everything is written.
    private func differences() throws(CommandFailure) -> [String] {
        var lines: [String] = []
        for work in works {
            let left = HostChanges(work.wanted, try work.iptables.save(), isIncremental: true)
            lines += left.names.map { "\(work.iptables.name): error: \($0) is not what was written" }
        }
        return lines
    }

    /// Does work that waits for iptables-restore, and shows on a terminal how long it has been running.
    private func watching(
        _ work: HostWork, _ body: (_ wait: Int, _ whileWaiting: (Double) -> Void) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        defer { console.clearProgress() }
        try body(options.host.waitSeconds) { seconds in
            guard seconds >= 2 else { return }
            console.showProgress("\(work.iptables.name): iptables-restore has been at work for \(Int(seconds)) s")
        }
    }
}
