import Foundation
import Testing

/// `render --proxy-mode ipvs`: forms, options, configuration, the folder of all texts, and what is refused.
@Suite struct IPVSCommandTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]
    private static let mode = ["--proxy-mode", "ipvs"]
    private static let files = ["addresses", "ipset", "ipvsadm", "rules", "setup"]

    private func render(
        _ arguments: [String], in folder: String? = nil, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try Tool.run(["render"] + Self.options + arguments + [Self.demo], in: folder)
        expect(result, 0, errors: [], sourceLocation: sourceLocation)
        return result.outputText
    }

    /// A case that kube-proxy's own code gave, form by form and as a folder.
    @Test func formsAndFolderAreTheRecordedTexts() throws {
        let recorded = "\(Package.fixtures)/conformance-ipvs/named-003"
        let arguments = ["render"] + (Package.lines(of: "conformance-ipvs/named-003/options") ?? [])
        let folder = try TemporaryFolder()
        let all = try Tool.run(arguments + ["--output-dir", "out/", "\(recorded)/snapshot.json"], in: folder.path)
        expect(all, 0, output: "", errors: [])
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/out").sorted() == Self.files)
        #expect(try folder.names == ["out"])
        for file in Self.files {
            let expected = try String(contentsOfFile: "\(recorded)/expected.\(file)", encoding: .utf8)
            let form = file == "rules" ? "restore" : file
            expect(try Tool.run(arguments + ["-o", form, "\(recorded)/snapshot.json"]), 0, output: expected)
            #expect(try String(decoding: folder.read("out/\(file)"), as: UTF8.self) == expected)
        }
    }

    /// What a configuration's section says has the effect of the flag.
    @Test(arguments: [
        (#""scheduler": "wlc""#, ["--ipvs-scheduler", "wlc"], "ipvsadm"),
        (#""scheduler": "mh""#, ["--ipvs-scheduler=mh"], "ipvsadm"),
        (#""strictARP": true"#, ["--ipvs-strict-arp"], "setup"),
        (#""tcpTimeout": "15m0s""#, ["--ipvs-tcp-timeout", "15m0s"], "setup"),
        (#""tcpFinTimeout": "1500ms""#, ["--ipvs-tcpfin-timeout", "1500ms"], "setup"),
        (#""udpTimeout": "500ms""#, ["--ipvs-udp-timeout", "500ms"], "setup"),
    ])
    func configurationDoesWhatFlagsDo(_ members: String, _ flags: [String], _ form: String) throws {
        let folder = try TemporaryFolder()
        let section = #""mode": "ipvs", "ipvs": {\#(members), "excludeCIDRs": ["10.0.0.0/8"], "syncPeriod": "30s"}"#
        let file = try folder.write("config.json", Self.configuration(section))
        let expected = try render(Self.mode + flags + ["-o", form])
        #expect(try render(["--config", file, "-o", form]) == expected)
        #expect(try render(Self.mode + ["-o", form]) != expected)
        // Flags win: the mode is taken back.
        #expect(try render(["--config", file, "--proxy-mode", "iptables"]) == render([]))
    }

    private static func configuration(_ members: String) -> String {
        #"{"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", \#(members)}"# + "\n"
    }

    @Test(arguments: [
        (
            ["--proxy-mode", "userspace"],
            "--proxy-mode: invalid mode 'userspace': expected iptables, nftables or ipvs"
        ),
        (
            ["--ipvs-scheduler", "random"],
            "--ipvs-scheduler: invalid IPVS scheduler 'random': expected one of rr, wrr, lc, wlc, lblc, lblcr, dh, "
                + "sh, sed, nq, fo, ovf, mh"
        ),
        (
            ["--ipvs-exclude-cidrs", "10.0.0.0"],
            "--ipvs-exclude-cidrs: invalid CIDR '10.0.0.0': expected one such as 10.244.0.0/16"
        ),
        (
            ["--ipvs-tcp-timeout", "15"],
            "--ipvs-tcp-timeout: invalid duration '15': expected one such as 15m0s, 30s or 1h2m3s"
        ),
        (
            ["--ipvs-udp-timeout=-1s"],
            "--ipvs-udp-timeout: '-1s' is negative: expected a duration of 0s, which leaves the host's, or more"
        ),
        (
            ["--kernel-version", "six"],
            "--kernel-version: invalid kernel version 'six': expected one such as 6.1 or 5.10.0-32-amd64"
        ),
        (
            ["--ipvs-forwarding", "nat"],
            "--ipvs-forwarding: invalid forwarding method 'nat': expected one of masquerading, gatewaying, tunneling"
        ),
        (["-o", "ipset"], "-o ipset is for IPVS mode; give --proxy-mode ipvs too"),
        (
            ["--output-dir", "out"],
            "--output-dir is for all Nodes or IPVS mode; give --all-nodes or --proxy-mode ipvs too"
        ),
        (
            ["--proxy-mode", "ipvs", "--output-dir", "out", "-o", "ipset"],
            "--output-dir writes all texts; leave -o and --output-file out"
        ),
        (["--proxy-mode", "ipvs", "--against", demo], "--against is for iptables mode"),
        (
            ["-o", "nft"],
            "-o: invalid output format 'nft': expected restore or save, in nftables mode also state, or in IPVS mode also "
                + "ipvsadm, ipset, addresses or setup"
        ),
    ])
    func commandLineIsRefused(_ arguments: [String], _ message: String) throws {
        let folder = try TemporaryFolder()
        let result = try Tool.run(["render"] + Self.options + arguments + [Self.demo], in: folder.path)
        expect(result, 64, output: "", errors: ["error: \(message) (see 'kubechains help render')"])
        #expect(try folder.names.isEmpty)
    }

    /// What does not serve the mode says so, and where it was asked for.
    @Test func otherCommandsRefuseTheMode() throws {
        let folder = try TemporaryFolder()
        try folder.write("config.json", Self.configuration(#""mode": "ipvs""#))
        let save = "\(Package.fixtures)/demo/ipv4.save"
        let message =
            "only render, apply, audit, explain, reach, check, upgrade, lint, report and cleanup serve mode ipvs; "
            + "give --proxy-mode iptables for the rules of iptables mode"
        let flag = try Tool.run(["diff", save] + Self.options + Self.mode + [Self.demo], in: folder.path)
        expect(flag, 64, output: "", errors: ["error: --proxy-mode: \(message) (see 'kubechains help diff')"])
        let configured = Self.options + ["--config", "config.json", Self.demo]
        let file = try Tool.run(["diff", save] + configured, in: folder.path)
        expect(file, 2, output: "", errors: ["config.json:1:94: error: mode: \(message)"])
        // Beside a configuration of the mode, a dump of iptables-save is probably not all there is.
        let audit = try Tool.run(["audit", "--live", save] + configured, in: folder.path)
        expect(
            audit, 2, output: "",
            errors: [
                "config.json:1:94: error: mode: in mode ipvs Services are no rules: give --proxy-mode ipvs, and with --live "
                    + "what 'ipvsadm -Sn', 'ipset save' and iptables-save print"
            ])
    }

    /// Options that say nothing to `apply` and `cleanup` in the mode, or only there.
    @Test(arguments: [
        (
            ["apply"] + mode + ["--dry-run", "--live", "save", demo],
            "--live is not for IPVS mode: the rules alone do not say what a host has in IPVS mode"
        ),
        (
            ["apply"] + mode + ["--incremental", demo],
            "--incremental is for iptables mode; in IPVS mode only what differs is written anyway"
        ),
        (
            ["cleanup"] + mode + ["--live", "host"],
            "--live is for iptables mode; in IPVS mode cleanup works on this host"
        ),
        (
            ["cleanup"] + mode + ["--family", "ipv6"],
            "--family is for iptables mode; in IPVS mode both families share an interface"
        ),
        (["cleanup", "--dry-run", "--apply"], "--dry-run is for IPVS mode; give --proxy-mode ipvs too"),
        (
            ["cleanup", "--proxy-mode", "ipvs"],
            "in IPVS mode cleanup works on this host: give --apply to do it, or --dry-run to print the steps"
        ),
        (
            ["cleanup", "--apply", "--ipvs-exclude-cidrs", "10.0.0.0/8"],
            "--ipvs-exclude-cidrs is for IPVS mode; give --proxy-mode ipvs too"
        ),
    ])
    func hostCommandsRefuse(_ arguments: [String], _ message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write("save", "*filter\nCOMMIT\n")
        let result = try Tool.run(arguments, in: folder.path)
        expect(result, 64, output: "", errors: ["error: \(message) (see 'kubechains help \(arguments[0])')"])
    }

    // MARK: The folder

    @Test func emptyFolderIsFilled() throws {
        let folder = try TemporaryFolder()
        _ = try render(Self.mode + ["--output-dir", "."], in: folder.path)
        #expect(try folder.names == Self.files)
    }

    @Test func otherFoldersAreRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write("file", "old")
        for (path, reason) in [
            (".", "directory not empty"), ("file", "not a directory"), ("no/out", "no such file or directory"),
        ] {
            let arguments = ["render"] + Self.options + Self.mode + ["--output-dir", path, Self.demo]
            let result = try Tool.run(arguments, in: folder.path)
            expect(result, 2, output: "", errors: ["\(path): error: the folder cannot be written: \(reason)"])
        }
        #expect(try folder.names == ["file"])
        #expect(try String(decoding: folder.read("file"), as: UTF8.self) == "old")
    }

    /// A limit on the size of files lets the small texts be written and not the large ones.
    @Test(arguments: [false, true])
    func allOrNone(_ exists: Bool) throws {
        let folder = try TemporaryFolder()
        let make = exists ? "mkdir out; " : ""
        let script = "\(make)trap '' XFSZ; ulimit -f 2; exec $KUBECHAINS render --output-dir out \"$@\""
        let result = try Tool.shell(script, Self.options + Self.mode + [Self.demo], in: folder.path)
        #expect(result.ending == .exit(2), "\(result.errorText)")
        #expect(result.errorText.hasSuffix(": error: cannot be written: file too large\n"), "\(result.errorText)")
        #expect(try folder.names == (exists ? ["out"] : []))
        if exists {
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/out").isEmpty)
        }
    }

    @Test func summary() throws {
        let arguments = ["render", "--summary"] + Self.options + Self.mode + ["-o", "ipvsadm", Self.demo]
        let result = try Tool.run(arguments)
        #expect(result.ending == .exit(0))
        let servers = result.outputText.split(separator: "\n").count { $0.hasPrefix("-A ") }
        #expect(result.errorText.contains(": \(servers) virtual servers, \(result.output.count) bytes in "))
    }
}
