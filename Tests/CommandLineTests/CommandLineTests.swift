import Foundation
import Testing

/// How arguments are read: what is taken, and what is refused with exit code 64 and one line.
@Suite struct ArgumentTests {
    private let demo = "\(Package.fixtures)/demo/cluster.json"

    private func rules(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let result = try Tool.run(["render"] + arguments)
        expect(result, 0, errors: [], sourceLocation: sourceLocation)
        return result.outputText
    }

    @Test func optionsStandAnywhere() throws {
        let expected = try rules(["--node", "worker-1", "-o", "save", demo])
        #expect(try rules([demo, "--node", "worker-1", "-o", "save"]) == expected)
        #expect(try rules(["-o", "save", demo, "--node", "worker-1"]) == expected)
    }

    @Test(arguments: [
        ["--node=worker-1", "--output=save"], ["--node", "worker-1", "--output", "save"],
        ["--node", "worker-1", "-osave"], ["--node", "worker-1", "-o=save"],
        ["--family", "ipv6", "-o", "restore", "--node", "worker-1", "--family", "ipv4", "-o", "save"],
    ])
    func spellings(_ options: [String]) throws {
        #expect(try rules(options + [demo]) == rules(["--node", "worker-1", "-o", "save", demo]))
    }

    @Test func booleans() throws {
        let node = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]
        let off = try rules(node + [demo])
        let on = try rules(node + ["--masquerade-all", demo])
        #expect(on != off)
        for value in ["1", "t", "T", "true", "TRUE", "True"] {
            #expect(try rules(node + ["--masquerade-all=\(value)", demo]) == on)
        }
        for value in ["0", "f", "F", "false", "FALSE", "False"] {
            #expect(try rules(node + ["--masquerade-all=\(value)", demo]) == off)
        }
        #expect(try rules(node + ["--masquerade-all", "--masquerade-all=false", demo]) == off)
        #expect(try rules(node + ["--iptables-localhost-nodeports", demo]) == off)
        #expect(try !rules(node + ["--iptables-localhost-nodeports=false", demo]).contains("KUBE-FIREWALL"))
    }

    /// A word after a boolean is no value of it.
    @Test func booleanTakesNoNextArgument() throws {
        let result = try Tool.run(["render", "--node", "worker-1", "--masquerade-all", "false", demo])
        expect(result, 2, output: "", errors: ["false: error: cannot be read: no such file or directory"])
    }

    @Test func twoDashesEndOptions() throws {
        let folder = try TemporaryFolder()
        try folder.write("--node", try String(contentsOfFile: demo, encoding: .utf8))
        let expected = try rules(["--node", "worker-1", demo])
        expect(
            try Tool.run(["render", "--node", "worker-1", "--", "--node"], in: folder.path), 0, output: expected,
            errors: [])
        expect(
            try Tool.run(["render", "--", "--nope"]), 2, output: "",
            errors: ["--nope: error: cannot be read: no such file or directory"])
    }

    @Test func collectingOptions() throws {
        let ranges = ["--node", "worker-1", "--nodeport-addresses", "10.1.0.0/16"]
        let both = try rules(ranges + ["--node-address", "10.1.0.2/24", "--node-address", "10.1.0.1", demo])
        #expect(both.contains("-d 10.1.0.1 -j KUBE-NODEPORTS\n"))
        #expect(both.contains("-d 10.1.0.2 -j KUBE-NODEPORTS\n"))
    }

    // MARK: What is refused

    private static let seeRender = " (see 'kubechains help render')"
    private static let cidr = ": expected one such as 10.244.0.0/16"
    private static let interface = ": expected 1 to 15 of A-Z, a-z, 0-9 and _.:@-"
    private static let forms =
        "expected restore or save, in nftables mode also state, "
        + "or in IPVS mode also ipvsadm, ipset, addresses or setup"

    private func expectUsageError(
        _ arguments: [String], _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let result = try Tool.run(arguments)
        expect(result, 64, output: "", errors: ["error: \(message)"], sourceLocation: sourceLocation)
    }

    @Test(arguments: [
        ("--node", "Worker_1", "invalid node name 'Worker_1': expected a DNS subdomain, such as worker-1"),
        ("--node", "", "invalid node name '': expected a DNS subdomain, such as worker-1"),
        ("--family", "ipv5", "invalid family 'ipv5': expected ipv4 or ipv6"),
        ("--family", "IPv4", "invalid family 'IPv4': expected ipv4 or ipv6"),
        ("--cluster-cidr", "10.244.0.0", "invalid CIDR '10.244.0.0'\(cidr)"),
        ("--cluster-cidr", "10.244.0.0/16,", "invalid CIDR ''\(cidr)"),
        ("--cluster-cidr", "10.244.0.0/33", "invalid CIDR '10.244.0.0/33'\(cidr)"),
        (
            "--detect-local-mode", "clustercidr",
            "invalid mode 'clustercidr': expected one of ClusterCIDR, NodeCIDR, BridgeInterface, InterfaceNamePrefix"
        ),
        ("--pod-bridge-interface", "a-name-too-long-", "invalid interface name 'a-name-too-long-'\(interface)"),
        ("--pod-bridge-interface", "cni\" -j DROP", "invalid interface name 'cni\" -j DROP'\(interface)"),
        ("--pod-interface-name-prefix", "", "invalid interface name ''\(interface)"),
        ("--pod-interface-name-prefix", "veth+", "invalid interface name 'veth+'\(interface)"),
        ("--iptables-masquerade-bit", "32", "invalid bit of the packet mark '32': expected a number from 0 to 31"),
        ("--iptables-masquerade-bit", "-1", "invalid bit of the packet mark '-1': expected a number from 0 to 31"),
        ("--iptables-masquerade-bit", "0x4", "invalid bit of the packet mark '0x4': expected a number from 0 to 31"),
        ("--nodeport-addresses", "10.0.0.1", "invalid CIDR '10.0.0.1'\(cidr)"),
        (
            "--node-address", "10.0.0.1/33",
            "invalid address '10.0.0.1/33': expected one such as 192.168.0.2 or 192.168.0.2/24"
        ),
        ("--node-address", "eth0", "invalid address 'eth0': expected one such as 192.168.0.2 or 192.168.0.2/24"),
        ("--bind-address", "0.0.0.0/0", "invalid address '0.0.0.0/0': expected one such as 0.0.0.0 or 192.168.0.2"),
        ("--feature-gates", "AllAlpha", "invalid feature gate 'AllAlpha': expected NAME=true or NAME=false"),
        ("--feature-gates", "AllowServiceExternalIPs=yes", "'yes' is neither true nor false"),
        ("--output", "yaml", "invalid output format 'yaml': \(forms)"),
        ("--output", "", "invalid output format '': \(forms)"),
    ])
    func badValue(_ option: String, _ value: String, _ message: String) throws {
        try expectUsageError(["render", option, value, "no.json"], "\(option): \(message)\(Self.seeRender)")
        try expectUsageError(["render", "no.json", "\(option)=\(value)"], "\(option): \(message)\(Self.seeRender)")
    }

    @Test(arguments: [
        "--masquerade-all", "--iptables-localhost-nodeports", "--conntrack-tcp-be-liberal", "--nfacct",
        "--no-random-fully", "--summary",
    ])
    func badBoolean(_ option: String) throws {
        for value in ["yes", "", "TRue", "2"] {
            let message = "\(option): '\(value)' is neither true nor false\(Self.seeRender)"
            try expectUsageError(["render", "\(option)=\(value)", "no.json"], message)
        }
    }

    @Test func badShortValue() throws {
        try expectUsageError(
            ["render", "-oyaml", "no.json"], "-o: invalid output format 'yaml': \(Self.forms)\(Self.seeRender)")
    }

    /// A mode that needs a name and gets none is a bad value of the flag.
    @Test(arguments: [
        ("BridgeInterface", "the bridge's name: give --pod-bridge-interface"),
        ("InterfaceNamePrefix", "the prefix: give --pod-interface-name-prefix"),
    ])
    func modeWithoutInterface(_ mode: String, _ needed: String) throws {
        let result = try Tool.run(["render", "--node", "worker-1", "--detect-local-mode", mode, demo])
        #expect(result.ending == .exit(64))
        #expect(result.outputText == "")
        #expect(result.errorLines.count == 1)
        #expect(result.errorText.contains("mode \(mode) needs \(needed)"))
    }

    @Test(arguments: [
        ("--node", "NAME"), ("--family", "ipv4|ipv6"), ("--config", "FILE"), ("--output", "restore|save"),
        ("-o", "restore|save"), ("--output-file", "FILE"), ("--feature-gates", "K=BOOL[,...]"),
    ])
    func missingValue(_ option: String, _ placeholder: String) throws {
        try expectUsageError(
            ["render", "no.json", option], "the option \(option) needs a value: \(placeholder)\(Self.seeRender)")
    }

    @Test(arguments: [
        ("--nod", "'--node'"), ("--famly", "'--family'"), ("--masquerade-al", "'--masquerade-all'"),
        ("--ouptut", "'--output'"), ("--cluster-cdir", "'--cluster-cidr'"), ("--hepl", "'--help'"),
        ("--iptables-masq", "'--iptables-masquerade-bit'"), ("--masquerade_all", "'--masquerade-all'"),
    ])
    func unknownOption(_ option: String, _ meant: String) throws {
        let message = "unknown option '\(option)'; did you mean \(meant)?\(Self.seeRender)"
        try expectUsageError(["render", option, "no.json"], message)
        try expectUsageError(["render", "\(option)=x", "no.json"], message)
    }

    @Test(arguments: ["--zebra", "-x", "-O"])
    func unknownOptionUnlikeAnyOther(_ option: String) throws {
        try expectUsageError(["render", option, "no.json"], "unknown option '\(option)'\(Self.seeRender)")
    }

    @Test func unknownCommand() throws {
        try expectUsageError(
            ["rendr", "no.json"], "unknown command 'rendr'; did you mean 'render'? (see 'kubechains help')")
        try expectUsageError(["hlep"], "unknown command 'hlep'; did you mean 'help'? (see 'kubechains help')")
        try expectUsageError(["zebra"], "unknown command 'zebra' (see 'kubechains help')")
        try expectUsageError(
            ["help", "rendr"], "unknown command 'rendr'; did you mean 'render'? (see 'kubechains help')")
        try expectUsageError([""], "unknown command '' (see 'kubechains help')")
    }

    @Test func missingArguments() throws {
        try expectUsageError([], "no command is given; expected one such as 'render' (see 'kubechains help')")
        try expectUsageError(
            ["render"], "render needs a SNAPSHOT: a file, or '-' for standard input\(Self.seeRender)")
        try expectUsageError(
            ["--node", "n", "render"], "the command comes first, before the option '--node' (see 'kubechains help')")
        try expectUsageError(["help", "render", "render"], "help takes one command (see 'kubechains help help')")
    }

    /// The command line is checked before any input is opened.
    @Test func commandLineComesFirst() throws {
        try expectUsageError(
            ["render", "no.json", "--family", "x"],
            "--family: invalid family 'x': expected ipv4 or ipv6\(Self.seeRender)"
        )
    }
}
