internal import Iptables
internal import KubeObjects

/// Which version's rules a node has, where the fixed rules leave several: versions differ in what they make of certain
/// Services, such as those with topology hints.
struct VersionFit {
    /// The Service ports that differ, or that only one side has.
    private let changed: Set<ChainHash>
    /// The Services of these, with their slices, and all Nodes.
    private let snapshot: ClusterSnapshot
    private let subject: AuditSubject

    /// - Returns: nil where nothing differs, or so much that no version explains it.
    init?(_ subject: AuditSubject) {
        let differences = subject.comparison.servicePorts
        let all = subject.plan.snapshot
        guard !differences.isEmpty, differences.count <= 50 + subject.plan.servicePorts.count / 4 else { return nil }
        let names = Set(differences.map { String($0.label.servicePort.prefix { $0 != ":" }) })
        guard let small = try? all.limited(to: names) else { return nil }
        changed = Set(differences.map(\.hash))
        snapshot = small
        self.subject = subject
    }

    /// Whether topology hints may decide which endpoints of them a Node uses, which depends on the version.
    var hasHints: Bool { snapshot.endpointSlices.contains { $0.endpoints.contains { $0.hints != nil } } }

    /// The release of some whose rules differ least in these Service ports, the newest of several that do; nil: none differs
    /// in half as many as the planned one, or in fewer.
    func best(of candidates: [ProxyVersion]) -> ProxyVersion? {
        let planned = subject.plan.version.version
        let own = count(planned)
        guard own > 0 else { return nil }
        var least = own / 2 + 1
        var best: ProxyVersion?
        for version in planned.others(candidates) {
            let count = count(version)
            if count < least { (best, least) = (version, count) }
        }
        return best
    }

    /// In how many of the Service ports the node's rules differ from a version's.
    private func count(_ version: ProxyVersion) -> Int {
        var settings = subject.plan.settings
        settings.version = version
        settings.nodeName = subject.plan.node.name
        guard let plan = try? NodePlan(snapshot, settings) else { return changed.count }
        let iptables = IptablesPlan(plan)
        let rules = RulesByService(ChainsByName(iptables.ruleset(keepsComments: false)), subject.names)
        let hashes = changed.union(plan.servicePorts.map { iptables.hash(of: $0) })
        return hashes.count { hash in
            !RuleComparison.details(ServiceFacts(hash, rules), ServiceFacts(hash, subject.live)).isEmpty
        }
    }
}

extension ProxyVersion {
    /// Those of some versions, the oldest first, that write other rules than this one and each other, the newest first.
    func others(_ versions: [ProxyVersion]) -> [ProxyVersion] {
        var seen: Set<ProxyBehaviors> = [behaviors]
        return versions.reversed().filter { seen.insert($0.behaviors).inserted }
    }
}
