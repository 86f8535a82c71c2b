public import Conntrack
public import KubeChainsBytes
public import KubeChainsJSON
internal import NetAddress

/// The connections of a node that are still translated as the cluster's Services no longer ask for.
///
/// Connection tracking is the same in all modes; a connection keeps the translation of its first packet. In IPVS mode
/// `ip_vs` has a connection of its own beside each entry.
public struct ConnectionAudit: Sendable {
    /// The findings, sorted as those of an audit of rules are.
    public let findings: [AuditFinding]
    /// How many connections of the family go to the Services of the plan.
    public let serviceConnectionCount: Int

    /// Looks for stale connections of the plan's family, in time linear in the list and the plan.
    ///
    /// - Parameters:
    ///   - backend: what kube-proxy makes of the plan.
    ///   - list: the node's connections.
    public init<Mode: Backend>(_ backend: Mode, _ list: ConntrackList) {
        var search = ConnectionSearch(backend)
        for entry in list.entries { search.add(entry) }
        findings = search.findings
        serviceConnectionCount = search.serviceConnectionCount
    }
}

extension NodePlan {
    /// Looks for stale connections of the plan's family, in the mode of the settings.
    ///
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    public func audit(
        _ list: ConntrackList, with workers: Workers? = nil
    ) throws(SnapshotError) -> ConnectionAudit {
        func audit<Mode: Backend>(_ mode: Mode.Type) throws(SnapshotError) -> ConnectionAudit {
            ConnectionAudit(try mode.init(self, with: workers), list)
        }
        return try audit(settings.mode.backend)
    }
}
