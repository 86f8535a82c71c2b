internal import Iptables
package import KubeProxy

/// The rules of iptables on this host, of one or several families and backends.
package struct IptablesAccess: HostAccess {
    package let programs: [IptablesPrograms]
    /// Seconds to wait for the xtables lock.
    private let wait: Int
    /// Called about once a second with the part that is written and the seconds that have passed.
    private let whileWaiting: (IptablesPrograms, Double) -> Void

    package init(
        _ programs: [IptablesPrograms], wait: Int,
        whileWaiting: @escaping (IptablesPrograms, Double) -> Void = { _, _ in }
    ) {
        self.programs = programs
        self.wait = wait
        self.whileWaiting = whileWaiting
    }

    package func read() throws(HostError) -> IptablesHostState {
        var parts: [IptablesHostState.Part] = []
        for iptables in programs { parts.append(.init(name: iptables.name, rules: try iptables.save())) }
        return IptablesHostState(parts: parts)
    }

    /// Lets iptables-restore check the text (`--test`), which does not find everything.
    package func check(_ step: HostStep) throws(HostError) { try restore(step, isTest: true) }

    package func run(_ step: HostStep) throws(HostError) { try restore(step, isTest: false) }

    private func restore(_ step: HostStep, isTest: Bool) throws(HostError) {
        guard case .run(.iptablesRestore, _, let input) = step.work else { return }
        let iptables = programs[step.family ?? 0]
        try iptables.restore(Array(input.utf8), isTest: isTest, wait: wait) { whileWaiting(iptables, $0) }
    }

    package func command(of step: HostStep) -> String { programs[step.family ?? 0].restoreCommand(wait: wait) }

    package func restored(by steps: [HostStep]) -> String {
        let names = steps.map(\.name).joined(separator: ", ")
        return steps.count == 1
            ? "the \(names), which was written before, has its rules back"
            : "the \(names), which were written before, have their rules back"
    }
}
