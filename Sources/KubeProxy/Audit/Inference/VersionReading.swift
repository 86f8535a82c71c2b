internal import Iptables
internal import KubeChainsBytes

/// The settings that a node's rules show, read with the version that they show: what versions make of nodes' names and of node
/// ports differs.
struct VersionReading {
    /// What was planned, or the same for the version that the rules show.
    private(set) var plan: IptablesPlan
    private(set) var inference: SettingInference
    /// The version that the rules show, if it was not planned with.
    private(set) var version: ProxyVersion?

    init(_ planned: IptablesPlan, _ live: ChainsByName, _ knowledge: AuditKnowledge, _ workers: Workers?) {
        plan = planned
        inference = SettingInference(planned, live, knowledge)
        guard knowledge.accepts(.version), !knowledge.gives(.version), live.olderVersionSigns.isEmpty else { return }
        if let found = inference.settings.version, found != planned.plan.settings.version {
            read(found, live, knowledge, workers)
        }
        // Before it is said that kube-proxy has a wrong name: an older version may treat the endpoints so.
        guard inference.lacksNode else { return }
        for other in plan.plan.version.version.others(ProxyVersion.candidates(from: live.ruleset)) {
            let before = self
            read(other, live, knowledge, workers)
            if !inference.lacksNode { return }
            self = before
        }
    }

    private mutating func read(
        _ version: ProxyVersion, _ live: ChainsByName, _ knowledge: AuditKnowledge, _ workers: Workers?
    ) {
        var settings = plan.plan.settings
        settings.version = version
        guard let other = plan.replanned(settings, workers) else { return }
        plan = other
        inference = SettingInference(other, live, knowledge)
        self.version = version
    }
}

extension SettingInference {
    /// Whether the rules fit no Node of the snapshot.
    fileprivate var lacksNode: Bool {
        differences.contains { if case .node(nil, _) = $0 { true } else { false } }
    }
}
