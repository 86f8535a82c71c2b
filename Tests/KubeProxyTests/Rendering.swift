import Iptables
import KubeObjects
import KubeProxy
import TestSupport

@testable import KubeChainsJSON

/// The folder of the fixtures.
let fixtures =
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/Fixtures"

/// The plan for texts read as one snapshot, with the tool's options.
func plan(_ texts: [String], _ options: [String]) throws -> NodePlan {
    let sources = texts.enumerated().map { SnapshotSource(name: "\($0)", bytes: Array($1.utf8)) }
    let settings = try ProxySettings(flags: options)
    return try NodePlan(ClusterSnapshot(reading: sources), settings)
}

extension NodePlan {
    /// A text of iptables mode.
    func text(_ form: TextForm) -> String { IptablesPlan(self).text(form) }
}

/// The plan for a random cluster, read as one List in the given order.
func plan(_ cluster: RandomCluster) throws -> NodePlan {
    try plan([cluster.listDocument()], cluster.options)
}
