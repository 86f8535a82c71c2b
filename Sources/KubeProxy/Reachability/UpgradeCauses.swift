internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// Finds which version on the way makes a connection fare otherwise, and which of the version's behaviours: the flows of a node
/// are asked for again with each version that brings some behaviour, as far as there are changes on the node, and then with each
/// of its behaviours alone.
struct UpgradeCauses {
    private typealias Flows = [Frontend: FrontendFlows]

    private struct Step: Hashable {
        let node: String
        let minor: Int
        /// The behaviour that is changed alone.
        let behavior: ProxyBehavior
    }

    private let snapshot: ClusterSnapshot
    private let settings: ProxySettings
    private let target: ProxyVersion
    /// By node, then by version, in ascending order.
    private var steps: [String: [(minor: Int, flows: Flows)]] = [:]
    private var flowsOfBehaviors: [Step: Flows] = [:]

    /// - Parameter settings: those of now, with the family.
    init(_ snapshot: ClusterSnapshot, _ settings: ProxySettings, to target: ProxyVersion) {
        self.snapshot = snapshot
        self.settings = settings
        self.target = target
    }

    /// What makes a change on a node; nil: the version afterwards is older, which is not looked at.
    mutating func cause(
        of change: FlowComparison.Change, on node: String, from version: ProxyVersion
    ) throws(SnapshotError) -> Upgrade.Cause? {
        guard version.knownMinor <= target.knownMinor else { return nil }
        guard let sender = change.senders.example else { return nil }
        let senders = AddressSet(sender.family, [IPPrefix(single: sender)])
        let before = ConnectionResults(change.before, at: change.kind)
        func isChanged(_ flows: Flows) -> Bool {
            let flows = flows[change.frontend]?.flows ?? []
            let outcome = flows.first { $0.senders.addresses.contains(sender) }?.outcome ?? .unchanged
            // The outcome may be that of many, of whom some are endpoints that reach themselves.
            let after = ConnectionResults(outcome.narrowed(to: senders), at: change.kind)
            let found = ConnectionResults.differing(before, after, among: senders)
            return found.endpoints.isEmpty ? found.others : !found.differing.isEmpty
        }
        for step in try flows(on: node, from: version.knownMinor) where isChanged(step.flows) {
            let (old, new) = (behaviors(of: step.minor - 1), behaviors(of: step.minor))
            let all = new.differences(from: old)
            guard all.count > 1 else { return .version(step.minor, all) }
            var alone: [ProxyBehavior] = []
            for behavior in all {
                let step = Step(node: node, minor: step.minor, behavior: behavior)
                if isChanged(try flows(of: step)) { alone.append(behavior) }
            }
            return .version(step.minor, alone.isEmpty ? all : alone)
        }
        return .mode
    }

    private func behaviors(of minor: Int) -> ProxyBehaviors {
        ProxyVersion(minor: minor).behaviors(in: settings.mode)
    }

    /// The flows with each version on the way that brings some behaviour.
    private mutating func flows(
        on node: String, from minor: Int
    ) throws(SnapshotError) -> [(minor: Int, flows: Flows)] {
        if let known = steps[node] { return known }
        var all: [(minor: Int, flows: Flows)] = []
        for next in ProxyVersion.knownMinors where next > minor && next <= target.knownMinor {
            guard behaviors(of: next) != behaviors(of: next - 1) else { continue }
            all.append((next, try flows(on: node, with: next, doing: behaviors(of: next))))
        }
        steps[node] = all
        return all
    }

    /// The flows with the version before, but for one behaviour of the next one.
    private mutating func flows(of step: Step) throws(SnapshotError) -> Flows {
        if let known = flowsOfBehaviors[step] { return known }
        let changed = behaviors(of: step.minor - 1).toggling(step.behavior)
        let found = try flows(on: step.node, with: step.minor - 1, doing: changed)
        flowsOfBehaviors[step] = found
        return found
    }

    private func flows(
        on node: String, with minor: Int, doing behaviors: ProxyBehaviors
    ) throws(SnapshotError) -> Flows {
        var own = settings
        own.version = ProxyVersion(minor: minor)
        own.nodeName = node
        let plan = try NodePlan(ClusterPlan(snapshot, own, doing: behaviors))
        return Dictionary(FlowComparison.byAddress(try plan.flows().frontends)) { first, _ in first }
    }
}
