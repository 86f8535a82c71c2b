import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// What an audit reads off the rules of a healthy node with an older or newer kube-proxy than the Node says.
@Suite struct VersionInferenceTests {
    private static let cases = TestSize.current.sample(VersionedCase.names(in: VersionedCase.iptables), brief: 6)
    private static let audits = Tally(0, cases: cases.count)

    /// The rules of each recorded cluster and version, beside kubelet's chains for 1.24: nothing but the dump and the snapshot is
    /// given.
    @Test(arguments: cases)
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.iptables)
        var count = 0
        for text in recorded.texts {
            let minor = text.minors.upperBound
            let cluster = recorded.cluster(minor: minor)
            guard cluster.isComparable else { continue }
            let options = recorded.options + ["--kube-proxy-version", "1.\(minor)"]
            let dump = IptablesPlan(try plan([recorded.snapshot], options)).hostRules
            let family = dump.family == .ipv6 ? ["--family", "ipv6"] : []
            let known = IptablesPlan(try plan([recorded.snapshot], ["--node", cluster.nodes[0].name] + family))
            let findings = Audit(given: [], known, nil, [dump]).findings.filter { $0.severity > .info }
            #expect(
                findings.isEmpty,
                "1.\(minor): \(findings.map { "\($0.id.rawValue) \($0.label?.servicePort ?? "") \($0.effect)" })")
            count += 1
        }
        Self.audits.add {
            $0 += count
        } finish: { count in
            print("Audited \(count) healthy nodes of kube-proxy 1.24 to 1.36.")
        }
    }
}
