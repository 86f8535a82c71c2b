import Foundation
import TestSupport
import Testing

/// The kernel takes the text of every version, and `iptables-save` then prints what `render -o save` says.
@Suite struct VersionKernelTests {
    private static let cases = TestSize.current.sample(VersionedCase.names(in: VersionedCase.iptables), brief: 5)
    private static let loads = Tally(0, cases: cases.count)

    // Runs only as root with the iptables, nfacct and util-linux packages.
    @Test(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."), arguments: cases)
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.iptables)
        let family = recorded.options.contains("ipv6") ? "ip6tables" : "iptables"
        // Each text goes into one backend, the next one into the other.
        for (index, text) in recorded.texts.enumerated() {
            let version = "1.\(text.minors.upperBound)"
            let program = "\(family)-\(Backend.allCases[(index + name.utf8.count) % 2].rawValue)"
            let saved = try Tool.run(
                ["render", "-o", "save", "--kube-proxy-version", version] + recorded.options
                    + [VersionedCase.path(of: name, in: VersionedCase.iptables) + "/snapshot.json"])
            #expect(saved.ending == .exit(0), "\(version): \(saved.errorText)")
            // kubelet's chain, to which 1.24 jumps.
            let prepared = text.minors.contains(24) ? "\(program) -w -t nat -N KUBE-MARK-DROP && " : ""
            let counters = "nfacct add ct_state_invalid_dropped_pkts && nfacct add localhost_nps_accepted_pkts && "
            let script =
                (recorded.options.contains("--nfacct") ? counters : "") + prepared
                + "\(program)-restore -w --noflush && \(program)-save"
            let result = try Isolation.run(script, input: Array(text.expected.utf8))
            // Versions before 1.31 write what slices spell, and iptables takes no target whose numbers begin with 0.
            if text.expected.contains(/--to-destination (?:[0-9]+\.)*0[0-9]/) {
                #expect(result.ending != .exit(0), "\(program), \(version)")
                continue
            }
            #expect(result.ending == .exit(0), "\(program), \(version): \(result.errorText)")
            let chains = linesByChain(result.outputText).filter { $0.key.contains("KUBE-") }
            var expected = linesByChain(saved.outputText)
            if !prepared.isEmpty { expected["*nat KUBE-MARK-DROP"] = [":KUBE-MARK-DROP - "] }
            let wrong = Set(chains.keys).union(expected.keys).filter { chains[$0] != expected[$0] }.sorted()
            #expect(wrong == [], "\(program), \(version)")
        }
        Self.loads.add {
            $0 += recorded.texts.count
        } finish: { loads in
            print("Gave the kernel \(loads) texts of kube-proxy 1.24 to 1.36.")
        }
    }
}
