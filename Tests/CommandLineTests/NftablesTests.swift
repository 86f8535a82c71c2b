import Foundation
import TestSupport
import Testing

/// nftables mode through the command line.
@Suite struct NftablesCommandTests {
    private static let cluster = "\(Package.fixtures)/demo/cluster.json"
    private static let arguments = ["--proxy-mode", "nftables"] + (Package.lines(of: "demo/options") ?? [])

    private func run(_ arguments: [String]) throws -> Program.Result { try Tool.run(arguments + [Self.cluster]) }

    /// The demo cluster's goldens, which the model gives too.
    @Test(arguments: ["ipv4", "ipv6"])
    func demoGoldens(_ family: String) throws {
        let options = Self.arguments + ["--family", family]
        let snapshot = try String(contentsOfFile: Self.cluster, encoding: .utf8)
        let model = ReferenceNftables(try ClusterDescription(json: snapshot, settings: .init(arguments: options)))
        #expect(model.faults.isEmpty)
        for (form, reference) in [("restore", model.transaction), ("state", model.state), ("save", nil)] {
            let golden = try String(
                contentsOfFile: "\(Package.fixtures)/demo/nftables/\(family).\(form)", encoding: .utf8)
            let result = try run(["render", "-o", form] + options)
            #expect(result.ending == .exit(0), "\(result.errorText)")
            #expect(result.outputText == golden, "\(form)")
            if let reference { #expect(reference == golden, "\(form)") }
        }
    }

    /// The mode may come from a configuration too, with settings of its own.
    @Test func configuration() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "config.json",
            """
            {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "nftables",
             "iptables": {"masqueradeAll": false, "masqueradeBit": 3}, "nftables": {"masqueradeAll": true, "masqueradeBit": 5}}
            """)
        let options = ["--node", "worker-1"]
        let expected = try run(
            ["render", "--proxy-mode", "nftables", "--masquerade-all", "--nftables-masquerade-bit", "5"] + options)
        #expect(expected.outputText.contains("mark set mark or 0x00000020"))
        #expect(try run(["render", "--config", file] + options).outputText == expected.outputText)
    }

    /// masqueradeAll stands in the section of each mode, and that of the mode counts, which a flag may name.
    @Test(arguments: [("nftables", false, true), ("iptables", true, false), ("ipvs", true, false)])
    func masqueradeAllOfTheMode(_ mode: String, _ iptables: Bool, _ nftables: Bool) throws {
        let folder = try TemporaryFolder()
        for (ofIptables, ofNftables) in [(iptables, nftables), (nftables, iptables)] {
            let file = try folder.write(
                "\(ofIptables).json",
                """
                {"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables",
                 "iptables": {"masqueradeAll": \(ofIptables)}, "nftables": {"masqueradeAll": \(ofNftables)}}
                """)
            let options = ["render", "--node", "worker-1", "--cluster-cidr", "10.244.0.0/16", "--proxy-mode", mode]
            let all = mode == "nftables" ? ofNftables : ofIptables
            let expected = try run(options + ["--masquerade-all=\(all)"]).outputText
            #expect(try run(options + ["--config", file]).outputText == expected, "\(all)")
        }
    }

    /// Without ServiceCIDRs it is not known whether the cluster has any.
    @Test func serviceCIDRs() throws {
        let notice =
            "notice: the snapshot has no ServiceCIDR, so the rule that drops traffic to unallocated cluster IPs"
        let without = try run(["render"] + Self.arguments)
        #expect(without.errorText.contains(notice))
        #expect(!without.outputText.contains("unallocated ClusterIPs"))
        let folder = try TemporaryFolder()
        let file = try folder.write(
            "ranges.json",
            """
            {"apiVersion": "networking.k8s.io/v1", "kind": "ServiceCIDR", "metadata": {"name": "kubernetes"},
             "spec": {"cidrs": ["10.96.0.0/16", "fd00:10:96::/112", "nonsense"]}}
            """)
        let with = try run(["render", file] + Self.arguments)
        #expect(!with.errorText.contains(notice))
        #expect(
            with.errorText.contains("spec.cidrs[2]: the ServiceCIDR's range \"nonsense\" is not a CIDR; it is skipped"))
        #expect(
            with.outputText.contains(
                "cluster-ips-check ip daddr { 10.96.0.0/16 } drop comment \"Drop traffic to unallocated ClusterIPs\"\n")
        )
    }

    @Test func summary() throws {
        let result = try run(["render", "--summary"] + Self.arguments)
        let commands = result.outputText.split(separator: "\n").count
        #expect(result.errorText.contains(": \(commands) commands, \(result.output.count) bytes in "))
    }

    /// What kube-proxy refuses, and what the mode does not have.
    @Test(arguments: [
        (["-o", "ipset"], 64, "-o ipset is not for nftables mode"),
        (["--nft-version", "0.9"], 64, "'0.9' is no version of nft: expected 1.0 or 1.1"),
        (["--output-dir", "out"], 64, "--output-dir is for all Nodes or IPVS mode; give --all-nodes too"),
        (["--against", "dump"], 64, "--against is for iptables mode"),
        (
            ["--nftables-masquerade-bit", "32"], 64,
            "invalid bit of the packet mark '32': expected a number from 0 to 31"
        ),
        (
            ["--nodeport-addresses", "primary,10.0.0.0/8"], 64,
            "'primary' stands for all node-port addresses: expected no other beside it"
        ),
        (
            ["--nodeport-addresses", "localhost"], 64,
            "the word 'localhost' is for mode nftables since kube-proxy 1.37 only: expected CIDRs or primary"
        ),
        (
            ["--kube-proxy-version", "1.30"], 2,
            "nftables mode is known from kube-proxy 1.31 on, but this is 1.30 (--kube-proxy-version)"
        ),
    ])
    func refused(_ options: [String], _ code: Int32, _ message: String) throws {
        let result = try run(["render"] + Self.arguments + options)
        #expect(result.ending == .exit(code))
        #expect(result.errorText.contains(message), "\(result.errorText)")
        #expect(result.outputText.isEmpty)
    }

    /// The words are known from 1.37 on.
    @Test(arguments: ["all", "localhost", "primary,192.168.0.0/16", "localhost,primary"])
    func wordsAmongNodePortAddresses(_ words: String) throws {
        let options = ["--nodeport-addresses", words, "--kube-proxy-version", "1.37"]
        let result = try run(["render"] + options + Self.arguments)
        #expect(result.ending == .exit(0), "\(result.errorText)")
    }
}
