import Foundation
import TestSupport
import Testing

/// `apply` and `cleanup` on kernels of their own.
@Suite(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."))
struct ApplyTests {
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let arguments = (options + [demo]).joined(separator: " ")

    /// What is loaded is what `render -o save` says, the audit finds nothing, and a second run changes nothing.
    @Test(arguments: Backend.allCases)
    func demoCluster(_ backend: Backend) throws {
        let script = """
            "$KUBECHAINS" apply --backend \(backend) --verify \(Self.arguments) && echo ---- &&
            cat /proc/sys/net/ipv4/conf/all/route_localnet && echo ---- &&
            iptables-\(backend)-save && echo ---- && ip6tables-\(backend)-save && echo ---- &&
            "$KUBECHAINS" apply --backend \(backend) --incremental --verify \(Self.arguments) && echo ---- &&
            for family in iptables ip6tables; do
                $family-\(backend)-save | "$KUBECHAINS" audit --live - \(Self.arguments) || exit 1
            done
            """
        let result = try Isolation.run(script)
        #expect(result.ending == .exit(0), "\(result.outputText)\(result.errorText)")
        let parts = result.outputText.components(separatedBy: "----\n")
        try #require(parts.count == 6)
        #expect(
            parts[0] == """
                IPv4, \(backend): 139 chains and 389 rules written, 14 jumps added
                IPv6, \(backend): 22 chains and 48 rules written, 14 jumps added
                net.ipv4.conf.all.route_localnet: 0 -> 1
                verified: the host's rules are what they should be

                """)
        #expect(parts[1] == "1\n")
        for (saved, family) in [(parts[2], "ipv4"), (parts[3], "ipv6")] {
            let golden = try String(contentsOfFile: "\(Package.fixtures)/demo/\(family).save", encoding: .utf8)
            let actual = linesByChain(saved)
            for (chain, lines) in linesByChain(golden) { #expect(actual[chain] == lines, "\(chain)") }
        }
        #expect(
            parts[4] == """
                IPv4, \(backend): nothing to change
                IPv6, \(backend): nothing to change
                verified: the host's rules are what they should be

                """)
        #expect(parts[5].split(separator: "\n").map { $0.prefix(12) } == ["no findings;", "no findings;"])
    }

    /// The jumps are kube-proxy's, in its order: each new one at the top.
    @Test func jumps() throws {
        let result = try Isolation.run(
            "\"$KUBECHAINS\" apply --family ipv4 \(Self.arguments) >/dev/null && iptables-save")
        let jumps = stableLines(result.outputText).filter { $0.hasPrefix("-A ") && !$0.hasPrefix("-A KUBE-") }
        let new = "-m conntrack --ctstate NEW -m comment --comment"
        #expect(
            Set(jumps)
                == [
                    "-A INPUT -j KUBE-FIREWALL", "-A OUTPUT -j KUBE-FIREWALL",
                    "-A INPUT \(new) \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL",
                    "-A INPUT -m comment --comment \"kubernetes health check service ports\" -j KUBE-NODEPORTS",
                    "-A INPUT \(new) \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES",
                    "-A FORWARD \(new) \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL",
                    "-A FORWARD -m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD",
                    "-A FORWARD \(new) \"kubernetes service portals\" -j KUBE-SERVICES",
                    "-A FORWARD \(new) \"kubernetes externally-visible service portals\" -j KUBE-EXTERNAL-SERVICES",
                    "-A OUTPUT \(new) \"kubernetes load balancer firewall\" -j KUBE-PROXY-FIREWALL",
                    "-A OUTPUT \(new) \"kubernetes service portals\" -j KUBE-SERVICES",
                    "-A PREROUTING -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES",
                    "-A OUTPUT -m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES",
                    "-A POSTROUTING -m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING",
                ])
        #expect(
            jumps.filter { $0.hasPrefix("-A INPUT") }.map { $0.split(separator: " ").last }
                == ["KUBE-FIREWALL", "KUBE-PROXY-FIREWALL", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES"])
    }

    /// `apply --incremental` of one cluster over another leaves what `apply` of it leaves on a fresh host.
    @Test(arguments: TestSize.current.sample(Array(0..<20), brief: 8))
    func incrementalEqualsFresh(_ part: Int) throws {
        let count = UInt64(TestSize.current.count(full: 10, brief: 2))
        for seed in UInt64(part * 10)..<UInt64(part * 10) + count {
            let cluster = RandomCluster(seed: seed)
            let (before, after) = cluster.change(seed: seed)
            let folder = try TemporaryFolder()
            let (first, second) = (try folder.write("a.json", before), try folder.write("b.json", after))
            let backend: Backend = seed % 2 == 0 ? .nft : .legacy
            let family = cluster.description.settings.family == .ipv4 ? "iptables" : "ip6tables"
            let apply = "\"$KUBECHAINS\" apply --force --backend \(backend) \"$@\""
            let script = """
                first=$1 second=$2; shift 2
                \(apply) "$first" && \(apply) --incremental --verify "$second" && \(family)-\(backend)-save >"$first.save" &&
                cat "$first.save" && echo ---- &&
                unshare -n sh -c '\(apply) && \(family)-\(backend)-save' sh "$@" "$second" >"$first.fresh" &&
                grep -v -e '^IPv' -e '^net.ipv4' -e '^conn' "$first.fresh"
                """
            let result = try Isolation.run(script, [first, second] + cluster.options)
            #expect(result.ending == .exit(0), "seed \(seed): \(result.outputText)\(result.errorText)")
            let parts = result.outputText.components(separatedBy: "----\n")
            try #require(parts.count == 2, "seed \(seed)")
            let saved = parts[0].components(separatedBy: "\n").drop { !$0.hasPrefix("#") && !$0.hasPrefix("*") }
            let (actual, expected) = (linesByChain(saved.joined(separator: "\n")), linesByChain(parts[1]))
            #expect(expected.count > 10, "seed \(seed)")
            for chain in Set(actual.keys).union(expected.keys) {
                // Where the text does not hold it, the chain that kubelet shares keeps what it has.
                if chain == "*filter KUBE-FIREWALL", expected[chain] == [":KUBE-FIREWALL - "] { continue }
                #expect(actual[chain] == expected[chain], "seed \(seed), \(chain)")
            }
        }
        Self.pairs.add {
            $0 += count
        } finish: {
            print("Applied \($0) pairs of random clusters one over the other.")
        }
    }

    private static let pairs = Tally(UInt64(0), cases: 20)
}

extension RandomCluster {
    /// Two clusters that have most objects in common, each of which lacks some of the other's.
    fileprivate func change(seed: UInt64) -> (String, String) {
        var generator = SeededGenerator(seed: seed ^ 0x5EED)
        let all = addingUnrelatedService().objects
        func some() -> String {
            let kept = all.filter { _ in !generator.chance(1, in: 5) }
            return kept.joined(separator: "\n")
        }
        return (some(), some())
    }
}
