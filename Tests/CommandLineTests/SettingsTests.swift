import Foundation
import Testing

/// Where settings come from, and what is said about them.
@Suite struct SettingsTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let node = ["--node", "worker-1"]

    private static func configuration(_ members: String) -> String {
        #"{"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", \#(members)}"# + "\n"
    }

    /// What a configuration says has the effect of the flag.
    @Test(arguments: [
        (#""clusterCIDR": "10.244.0.0/16,fd00::/8""#, ["--cluster-cidr", "10.244.0.0/16,fd00::/8"]),
        (#""detectLocalMode": "NodeCIDR""#, ["--detect-local-mode", "NodeCIDR"]),
        (
            #""detectLocalMode": "BridgeInterface", "detectLocal": {"bridgeInterface": "cni0"}"#,
            ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "cni0"]
        ),
        (
            #""detectLocal": {"interfaceNamePrefix": "veth"}, "detectLocalMode": "InterfaceNamePrefix""#,
            ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "veth"]
        ),
        (#""iptables": {"masqueradeAll": true}"#, ["--masquerade-all"]),
        (#""iptables": {"masqueradeBit": 0}"#, ["--iptables-masquerade-bit", "0"]),
        (#""iptables": {"localhostNodePorts": false}"#, ["--iptables-localhost-nodeports=false"]),
        (
            #""nodePortAddresses": ["192.168.0.0/16", "10.0.0.0/8"]"#,
            ["--nodeport-addresses", "192.168.0.0/16,10.0.0.0/8"]
        ),
        (#""nodePortAddresses": ["primary"]"#, ["--nodeport-addresses", "primary"]),
        (
            #""bindAddress": "10.9.8.7", "nodePortAddresses": ["primary"]"#,
            ["--bind-address", "10.9.8.7", "--nodeport-addresses", "primary"]
        ),
        (#""featureGates": {"AllowServiceExternalIPs": false}"#, ["--feature-gates", "AllowServiceExternalIPs=false"]),
        (#""conntrack": {"tcpBeLiberal": true}"#, ["--conntrack-tcp-be-liberal"]),
        (#""mode": "", "clusterCIDR": "", "iptables": null, "metricsBindAddress": 5"#, []),
    ])
    func configurationDoesWhatFlagsDo(_ members: String, _ flags: [String]) throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("config.json", Self.configuration(members))
        let expected = try Tool.run(["render"] + Self.node + flags + [Self.demo])
        expect(expected, 0, errors: [])
        let result = try Tool.run(["render", "--config", file] + Self.node + [Self.demo])
        expect(result, 0, output: expected.outputText, errors: [])
        if !flags.isEmpty {
            #expect(try Tool.run(["render"] + Self.node + [Self.demo]).outputText != expected.outputText)
        }
    }

    /// Flags win over `--config`, which wins over a configuration in the snapshot, setting by setting.
    @Test func precedence() throws {
        let folder = try TemporaryFolder()
        let members = #""iptables": {"masqueradeBit": 4}, "clusterCIDR": "10.1.0.0/16""#
        try folder.write("snapshot.json", Self.configuration(members))
        try folder.write("config.json", Self.configuration(#""iptables": {"masqueradeBit": 5}"#))
        let notice = "snapshot.json:1:1: notice: the settings of this KubeProxyConfiguration are used"
        func marks(_ arguments: [String], _ mark: String, notices: [String] = [notice]) throws {
            let result = try Tool.run(["render"] + Self.node + arguments + [Self.demo], in: folder.path)
            expect(result, 0, errors: notices)
            #expect(result.outputText.contains("-A KUBE-MARK-MASQ -j MARK --or-mark \(mark)\n"))
            #expect(result.outputText.contains("! -s 10.1.0.0/16 ") == !notices.isEmpty)
        }
        try marks([], "0x00004000", notices: [])
        try marks(["snapshot.json"], "0x00000010")
        try marks(["snapshot.json", "--config", "config.json"], "0x00000020")
        try marks(["snapshot.json", "--config", "config.json", "--iptables-masquerade-bit", "6"], "0x00000040")
        try marks(["--iptables-masquerade-bit=6", "snapshot.json"], "0x00000040")
        try marks(["--config=config.json"], "0x00000020", notices: [])
    }

    @Test func configurationFromStandardInput() throws {
        let configuration = Array(Self.configuration(#""iptables": {"masqueradeBit": 5}"#).utf8)
        let result = try Tool.run(["render", "--config", "-"] + Self.node + [Self.demo], input: configuration)
        expect(result, 0, errors: [])
        #expect(result.outputText.contains("--or-mark 0x00000020\n"))
    }

    @Test func hostnameOverrideNamesTheNode() throws {
        let folder = try TemporaryFolder()
        try folder.write("one.json", Self.configuration(#""hostnameOverride": "worker-1""#))
        try folder.write("two.json", Self.configuration(#""hostnameOverride": " Worker-2 ""#))
        func rules(_ arguments: [String], errors: [String] = []) throws -> String {
            let result = try Tool.run(["render"] + arguments + [Self.demo], in: folder.path)
            expect(result, 0, errors: errors)
            return result.outputText
        }
        let first = try rules(["--node", "worker-1"])
        let second = try rules(["--node", "worker-2"])
        #expect(first != second)
        #expect(try rules(["--config", "one.json"]) == first)
        #expect(try rules(["--config", "two.json"]) == second)
        #expect(try rules(["--config", "two.json", "--node", "worker-1"]) == first)
        let notice = "one.json:1:1: notice: the settings of this KubeProxyConfiguration are used"
        #expect(try rules(["one.json"], errors: [notice]) == first)
        #expect(try rules(["one.json", "--config", "two.json"], errors: [notice]) == second)
    }

    /// The line at the end counts what was written.
    @Test func summary() throws {
        let result = try Tool.run(["render", "--summary"] + Self.node + [Self.demo])
        #expect(result.ending == .exit(0))
        #expect(result.errorLines.count == 1)
        for word in ["Services", "endpoints", "chains", "rules", "\(result.output.count) bytes", " ms"] {
            #expect(result.errorText.contains(word))
        }
        let chains = result.outputText.split(separator: "\n").count { $0.hasPrefix(":") }
        let rules = result.outputText.split(separator: "\n").count { $0.hasPrefix("-A ") }
        #expect(result.errorText.contains(" \(chains) chains, \(rules) rules,"))
    }

    /// It says which version was taken, and where it comes from.
    @Test(arguments: [
        ([], "; kube-proxy v1.36.2 (the Node's kubeletVersion)"),
        (["--kube-proxy-version", "v1.31.4-eks-12"], "; kube-proxy v1.31.4-eks-12 (--kube-proxy-version)"),
        (["--kube-proxy-version=1.37", "--proxy-mode", "ipvs"], "; kube-proxy 1.37 (--kube-proxy-version)"),
    ])
    func summaryNamesTheVersion(_ options: [String], _ end: String) throws {
        let result = try Tool.run(["render", "--summary"] + Self.node + options + [Self.demo])
        #expect(result.ending == .exit(0))
        #expect(result.errorLines.last?.hasSuffix(end) == true, "\(result.errorText)")
    }

    /// A release that is not known yet gets the newest known text, and a warning.
    @Test func newerVersion() throws {
        let newest = try Tool.run(["render", "--kube-proxy-version", "1.37"] + Self.node + [Self.demo])
        expect(newest, 0, errors: [])
        let newer = try Tool.run(["render", "--kube-proxy-version", "v1.40.1"] + Self.node + [Self.demo])
        expect(
            newer, 0, output: newest.outputText,
            errors: [
                "warning: kube-proxy v1.40.1 (--kube-proxy-version) is newer than all versions that are known "
                    + "here: the rules are those of 1.37"
            ])
    }

    /// kube-proxy up to 1.30 does not start with the word `primary`.
    @Test func primaryBefore131() throws {
        let version = ["--kube-proxy-version", "1.30"]
        let problem =
            "kube-proxy 1.30 does not start with the word 'primary', which is known since 1.31: expected CIDRs"
        let flag = try Tool.run(["render"] + Self.node + version + ["--nodeport-addresses", "primary", Self.demo])
        #expect(flag.ending == .exit(64))
        #expect(flag.errorText.contains("--nodeport-addresses: \(problem)"))
        let folder = try TemporaryFolder()
        try folder.write("config.json", Self.configuration(#""nodePortAddresses": ["primary"]"#))
        let file = try Tool.run(
            ["render", "--config", "config.json"] + Self.node + version + [Self.demo], in: folder.path)
        #expect(file.ending == .exit(2))
        #expect(file.errorText.contains("config.json:1:") && file.errorText.contains(problem), "\(file.errorText)")
        let newer = try Tool.run(
            ["render", "--config", "config.json", "--kube-proxy-version", "1.31"] + Self.node + [Self.demo],
            in: folder.path)
        #expect(newer.ending == .exit(0))
    }

    @Test(arguments: ["localhost", "all"])
    func wordsOfNftablesMode(_ word: String) throws {
        let result = try Tool.run(["render", "--nodeport-addresses", word] + Self.node + [Self.demo])
        #expect(result.ending == .exit(64))
        #expect(result.errorText.contains("the word '\(word)' is for mode nftables since kube-proxy 1.37 only"))
    }
}
