import Foundation
import TestSupport
import Testing

/// The kernel takes the text of every version, and `iptables-save` then prints what `render -o save` says; `audit` finds nothing in
/// what `apply` makes.
@Suite struct VersionKernelTests {
    private static let cases = TestSize.current.sample(VersionedCase.names(in: VersionedCase.iptables), brief: 5)
    private static let loads = Tally(0, cases: cases.count)

    // Runs only as root with the iptables, nfacct and util-linux packages.
    @Test(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."), arguments: cases)
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.iptables)
        let family = recorded.options.contains("ipv6") ? "ip6tables" : "iptables"
        let snapshot = VersionedCase.path(of: name, in: VersionedCase.iptables) + "/snapshot.json"
        // Each text goes into one backend, the next one into the other.
        for (index, text) in recorded.texts.enumerated() {
            let minor = text.minors.upperBound
            let program = "\(family)-\(Backend.allCases[(index + name.utf8.count) % 2].rawValue)"
            let saved = try Tool.run(
                ["render", "-o", "save", "--kube-proxy-version", "1.\(minor)"] + recorded.options + [snapshot])
            #expect(saved.ending == .exit(0), "1.\(minor): \(saved.errorText)")
            let counters = "nfacct add ct_state_invalid_dropped_pkts && nfacct add localhost_nps_accepted_pkts && "
            let script = """
                \(recorded.options.contains("--nfacct") ? counters : "")\(Self.kubelet(minor, program))
                \(program)-restore -w --noflush && \(program)-save
                """
            let result = try Isolation.run(script, input: Array(text.expected.utf8))
            // Versions before 1.31 write what slices spell, and iptables takes no target whose numbers begin with 0.
            if text.expected.contains(/--to-destination (?:[0-9]+\.)*0[0-9]/) {
                #expect(result.ending != .exit(0), "\(program), 1.\(minor)")
                continue
            }
            #expect(result.ending == .exit(0), "\(program), 1.\(minor): \(result.errorText)")
            let kubelets = minor > 26 ? [] : ["KUBE-MARK-DROP", "KUBE-FIREWALL", "KUBELET-CANARY", "IPTABLES-HINT"]
            let chains = linesByChain(result.outputText).filter { chain in
                chain.key.contains("KUBE-") && !kubelets.contains { chain.key.hasSuffix($0) }
            }
            let expected = linesByChain(saved.outputText)
            let wrong = Set(chains.keys).union(expected.keys).filter { chains[$0] != expected[$0] }.sorted()
            #expect(wrong == [], "\(program), 1.\(minor)")
        }
        Self.loads.add {
            $0 += recorded.texts.count
        } finish: { loads in
            print("Gave the kernel \(loads) texts of kube-proxy 1.24 to 1.36.")
        }
    }

    /// What `apply` makes of the demo cluster is what `audit` expects, without an option; so it is with a kubelet of 1.24 or
    /// without one, where `apply` makes the chain KUBE-MARK-DROP as that kube-proxy does.
    @Test(
        .enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."),
        arguments: TestSize.current.isFull ? Array(24...37) : [24])
    func applied(_ minor: Int) throws {
        let cluster = "\(Package.fixtures)/demo/cluster.json"
        for backend in Backend.allCases {
            for hasKubelet in [true, false] where minor <= 26 || hasKubelet {
                let program = "iptables-\(backend.rawValue)"
                let script = """
                    \(hasKubelet ? Self.kubelet(minor, program) : "")
                    "$KUBECHAINS" apply --backend \(backend) --verify --family ipv4 --node worker-1 \
                    --cluster-cidr 10.244.0.0/16 --kube-proxy-version 1.\(minor) '\(cluster)' >&2 && \(program)-save
                    """
                let saved = try Isolation.run(script, hasOwnMounts: true)
                #expect(saved.ending == .exit(0), "\(program): \(saved.errorText)")
                let audit = try Tool.run(["audit", "--live", "-", cluster], input: saved.output)
                #expect(audit.ending == .exit(0), "\(program): \(audit.outputText)\(audit.errorText)")
                #expect(!audit.outputText.contains("]\n"), "\(program): \(audit.outputText)")
            }
        }
    }

    /// Makes the chains of kubelet up to 1.26, by which it drops what kube-proxy 1.24 marks
    /// (`pkg/kubelet/kubelet_network_linux.go`).
    private static func kubelet(_ minor: Int, _ program: String) -> String {
        guard minor <= 26 else { return "" }
        let isIPv6 = program.hasPrefix("ip6")
        let martians =
            "-A KUBE-FIREWALL -m comment --comment \"block incoming localnet connections\" -d 127.0.0.0/8 "
            + "! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP\n"
        return """
            \(program)-restore -w --noflush <<'END' &&
            *mangle
            :KUBE-KUBELET-CANARY - [0:0]
            :KUBE-IPTABLES-HINT - [0:0]
            COMMIT
            *nat
            :KUBE-KUBELET-CANARY - [0:0]
            :KUBE-MARK-DROP - [0:0]
            -A KUBE-MARK-DROP -j MARK --or-mark 0x8000
            COMMIT
            *filter
            :KUBE-KUBELET-CANARY - [0:0]
            :KUBE-FIREWALL - [0:0]
            -A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x8000/0x8000 -j DROP
            \(isIPv6 ? "" : martians)COMMIT
            END

            """
    }
}
