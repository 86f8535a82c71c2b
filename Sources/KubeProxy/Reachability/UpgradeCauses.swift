internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// Finds which version on the way makes a connection fare otherwise: the flows of a node are asked for again with each version
/// that brings some behaviour, as far as there are changes on the node.
struct UpgradeCauses {
    private let snapshot: ClusterSnapshot
    private let settings: ProxySettings
    private let target: ProxyVersion
    /// By node, then by version, in ascending order.
    private var steps: [String: [(minor: Int, flows: [Frontend: FrontendFlows])]] = [:]

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
        for step in try flows(on: node, from: version.knownMinor) {
            let flows = step.flows[change.frontend]?.flows ?? []
            let outcome = flows.first { $0.senders.addresses.contains(sender) }?.outcome
            if outcome ?? (change.kind == .nodePort ? .refused : .unchanged) != change.before {
                return .version(step.minor)
            }
        }
        return .mode
    }

    private mutating func flows(
        on node: String, from minor: Int
    ) throws(SnapshotError) -> [(minor: Int, flows: [Frontend: FrontendFlows])] {
        if let known = steps[node] { return known }
        var all: [(minor: Int, flows: [Frontend: FrontendFlows])] = []
        for next in ProxyVersion.knownMinors where next > minor && next <= target.knownMinor {
            let old = ProxyVersion(minor: next - 1).behaviors(in: settings.mode)
            guard ProxyVersion(minor: next).behaviors(in: settings.mode) != old else { continue }
            var own = settings
            own.version = ProxyVersion(minor: next)
            own.nodeName = node
            var byPlace: [Frontend: FrontendFlows] = [:]
            for frontend in try NodePlan(snapshot, own).flows().frontends {
                for address in frontend.addresses {
                    let place = Frontend(
                        address: address, port: frontend.port, transport: frontend.name.transport)
                    if byPlace[place] == nil { byPlace[place] = frontend }
                }
            }
            all.append((next, byPlace))
        }
        steps[node] = all
        return all
    }
}

extension ProxyVersion {
    /// The pull requests of behaviours that come or go with `1.minor` in a mode, as far as they are known.
    public static func pullRequests(of minor: Int, in mode: ProxyMode) -> [Int] {
        guard minor > knownMinors.lowerBound else { return [] }
        let (old, new) = (
            ProxyVersion(minor: minor - 1).behaviors(in: mode), ProxyVersion(minor: minor).behaviors(in: mode)
        )
        let changed = ProxyBehavior.allCases.filter { old.contains($0) != new.contains($0) }
        return Set(changed.flatMap(\.pullRequests)).sorted()
    }
}
