import Iptables
import KubeObjects
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON
@testable import KubeProxy

/// Plans of many nodes that share a plan of their cluster, beside plans that were made for each node by itself.
@Suite struct ClusterPlanTests {
    private func expectSame(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, _ name: String
    ) throws -> Int {
        let once = ClusterPlan(snapshot, settings)
        let indexed = ClusterPlan(snapshot, settings, forManyNodes: true)
        let names = snapshot.nodes.map(\.name.text) + ["no-such-node"]
        for node in names {
            var own = settings
            own.nodeName = node
            let alone = try NodePlan(snapshot, own)
            for shared in [try NodePlan(once, own), try NodePlan(indexed, own)] {
                #expect(shared.node == alone.node, "\(name), \(node)")
                #expect(shared.warnings.map(\.message) == alone.warnings.map(\.message), "\(name), \(node)")
                for form in [TextForm.restore, .save] {
                    #expect(shared.text(form) == alone.text(form), "\(name), \(node)")
                }
                let (left, right) = (try IPVSPlan(shared), try IPVSPlan(alone))
                for form in IPVSForm.allCases { #expect(left.text(form) == right.text(form), "\(name), \(node)") }
            }
        }
        return names.count
    }

    private static let nodes = Tally(0, cases: cases.count)
    private static let cases = TestSize.current.sample(RecordedCase.tried, brief: 6)

    @Test(arguments: cases)
    func everyNodeOfRecordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let source = SnapshotSource(name: name, bytes: Array(recorded.snapshot.utf8))
        let settings = try ProxySettings(flags: recorded.options)
        let hasSeveral = recorded.cluster.nodes.count > 1
        let count = hasSeveral ? try expectSame(ClusterSnapshot(reading: [source]), settings, name) : 0
        Self.nodes.add {
            $0 += count
        } finish: { count in
            #expect(RecordedCase.only != nil || count > TestSize.current.count(full: 100, brief: 4))
        }
    }

    @Test(arguments: RandomClusterTests.parts.prefix(1))
    func everyNodeOfRandomClusters(_ seeds: Range<UInt64>) throws {
        for seed in seeds.prefix(20) {
            let cluster = RandomCluster(seed: seed)
            let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
            let settings = try ProxySettings(flags: cluster.options)
            _ = try expectSame(ClusterSnapshot(reading: [source]), settings, "seed \(seed)")
        }
    }

    /// What shaped the plan of the cluster holds for all its nodes, whatever their settings say.
    @Test func theClustersSettingsHold() throws {
        let source = SnapshotSource(name: "a", bytes: Array(RandomCluster(seed: 1).listDocument().utf8))
        var settings = ProxySettings()
        settings.allowServiceExternalIPs = false
        let cluster = ClusterPlan(try ClusterSnapshot(reading: [source]), settings)
        var other = ProxySettings()
        other.nodeName = "n"
        other.family = .ipv6
        other.masqueradeAll = true
        let plan = try NodePlan(cluster, other)
        #expect(plan.settings.family == .ipv4 && !plan.settings.allowServiceExternalIPs && plan.settings.masqueradeAll)
    }
}
