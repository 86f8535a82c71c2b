import Iptables
import KubeObjects
import KubeProxy
import TestSupport
import Testing

@testable import KubeChainsJSON

/// The texts of kube-proxy 1.24 to 1.36 (Fixtures/conformance-versions), byte for byte.
@Suite struct VersionConformanceTests {
    private static let tally = Tally(0, cases: VersionedCase.names(in: VersionedCase.iptables).count)

    @Test(arguments: VersionedCase.names(in: VersionedCase.iptables))
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.iptables)
        #expect(recorded.texts.flatMap { Array($0.minors) } == Array(24...36))
        let snapshot = try ClusterSnapshot(
            reading: [SnapshotSource(name: "snapshot.json", bytes: Array(recorded.snapshot.utf8))])
        var settings = try ProxySettings(flags: recorded.options)
        var count = 0
        for text in recorded.texts {
            for minor in TestSize.current.sample(Array(text.minors), brief: 1) {
                settings.version = ProxyVersion(minor: minor)
                #expect(try NodePlan(snapshot, settings).text(.restore) == text.expected, "1.\(minor)")
                // The reference model must give kube-proxy's texts too, or it could not be one for every version.
                #expect(ReferenceModel(recorded.cluster(minor: minor)).text == text.expected, "the model, 1.\(minor)")
                count += 1
            }
        }
        Self.tally.add {
            $0 += count
        } finish: { count in
            print("conformance: \(count) texts of 13 versions' recorded cases rendered and compared byte for byte")
        }
    }

    @Test(.enabled(if: RecordedCase.only == nil)) func allAreThere() {
        #expect(VersionedCase.names(in: VersionedCase.iptables).count >= 154)
    }
}

/// Random clusters of every version, which the reference model knows from the description of the versions, not from the
/// product.
@Suite struct RandomVersionTests {
    /// 1,000 clusters for each version in a full run and 4 in a brief one.
    private static let count = TestSize.current.count(full: 1000, brief: 4)

    @Test(arguments: 24...37)
    func textEqualsTheReference(_ minor: Int) throws {
        for seed in 0..<UInt64(Self.count) {
            let cluster = RandomCluster(seed: seed, kubeProxyMinor: minor)
            #expect(try plan(cluster).text(.restore) == cluster.reference.text, "seed \(seed)")
        }
    }

    /// The order of the input never shows, in any version.
    @Test(arguments: 24...37)
    func orderDoesNotMatter(_ minor: Int) throws {
        for seed in 0..<UInt64(max(Self.count / 20, 1)) {
            let cluster = RandomCluster(seed: seed, kubeProxyMinor: minor)
            let order = cluster.shuffledOrder(seed: seed + 1)
            let shuffled = try plan([cluster.listDocument(order: order)], cluster.options)
            #expect(try plan(cluster).text(.restore) == shuffled.text(.restore), "seed \(seed)")
        }
    }
}
