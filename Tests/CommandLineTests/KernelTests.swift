import Foundation
import TestSupport
import Testing

/// The kernel takes every recorded case, and `iptables-save` then prints what `render -o save` says.
@Suite struct KernelTests {
    private static let cases = TestSize.current.sample(RecordedCase.names, brief: 12)
    private static let loads = Tally(0, cases: cases.count)

    // Runs only as root with the iptables, nfacct and util-linux packages.
    @Test(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."), arguments: cases)
    func recordedCase(_ name: String) throws {
        let folder = "\(Package.fixtures)/conformance/\(name)"
        let options = Package.lines(of: "conformance/\(name)/options") ?? []
        func render(_ form: String) throws -> Program.Result {
            let result = try Tool.run(["render", "-o", form] + options + ["\(folder)/snapshot.json"])
            #expect(result.ending == .exit(0), "\(result.errorText)")
            return result
        }
        let rules = try render("restore").output
        let expected = try render("save").outputText
        #expect(expected.hasPrefix("*filter\n"))
        let family = options.contains("ipv6") || options.contains("--family=ipv6") ? "ip6tables" : "iptables"
        let isComparable = try RecordedCase(name).cluster.isComparable
        for backend in Backend.allCases {
            let result = try load(rules, "\(family)-\(backend.rawValue)", hasCounters: options.contains("--nfacct"))
            #expect(result.ending == .exit(0), "\(family)-\(backend.rawValue): \(result.errorText)")
            let dumps = result.outputText.components(separatedBy: Self.separator)
            try #require(dumps.count == 2)
            let difference = firstDifference(kubeChains(of: dumps[0]), expected)
            #expect(difference == nil, "\(family)-\(backend.rawValue)")
            try audit(dumps[1], options + ["\(folder)/snapshot.json"], isComparable: isComparable)
            guard isComparable else { continue }
            // The dump says the rest.
            let bare = try Tool.run(["audit", "--live", "-", "\(folder)/snapshot.json"], input: Array(dumps[1].utf8))
            #expect(bare.ending == .exit(0), "\(bare.outputText)\(bare.errorText)")
        }
        Self.loads.add {
            $0 += Backend.allCases.count
        } finish: { loads in
            print(
                "Loaded \(Self.cases.count) recorded cases into the kernel, \(loads) loads in all, and audited each twice."
            )
        }
    }

    /// `--live host` runs iptables-save itself, and `--live` given twice takes a dump of each backend.
    @Test(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."))
    func hostAndBothBackends() throws {
        let arguments = [
            "--node", "worker-1", "--cluster-cidr", "10.244.0.0/16", "\(Package.fixtures)/demo/cluster.json",
        ]
        let rules = try Tool.run(["render"] + arguments).output
        func audit(loading backends: [Backend], _ live: String) throws -> Program.Result {
            let load = backends.map { backend in
                let program = "iptables-\(backend.rawValue)"
                let jumps = Self.jumps + ["-I INPUT -j KUBE-FIREWALL", "-I OUTPUT -j KUBE-FIREWALL"]
                return "\(program)-restore -w <$scratch/rules && "
                    + jumps.map { "\(program) -w \($0)" }.joined(separator: " && ")
            }
            let script = """
                scratch=$(mktemp -d) && trap 'rm -r $scratch' EXIT && cat >$scratch/rules &&
                \((load + ["true"]).joined(separator: " && ")) &&
                iptables-nft-save 2>/dev/null >$scratch/nft && iptables-legacy-save >$scratch/legacy &&
                '\(Tool.path)' audit \(live) \(arguments.joined(separator: " "))
                """
            return try Isolation.run(script, input: rules)
        }
        let clean = "no findings; rules of kube-proxy v1.36.2 (the Node's kubeletVersion)\n"
        let both = "--live $scratch/nft --live $scratch/legacy"
        expect(try audit(loading: [.nft], both), 0, output: clean)
        expect(try audit(loading: [.legacy], both), 0, output: clean)
        let twice = try audit(loading: [.nft, .legacy], both)
        #expect(twice.ending == .exit(1), "\(twice.errorText)")
        #expect(twice.outputText.contains("\n1 finding; rules of ") && twice.outputText.contains("[both-backends]"))

        // `host` asks the iptables-save that the machine is set to use.
        let version = try Program(executable: "/usr/bin/env", arguments: ["iptables-save", "--version"]).run()
        let isLegacy = version.outputText.contains("legacy")
        expect(try audit(loading: [isLegacy ? .legacy : .nft], "--live host"), 0, output: clean)
        // A host without rules of kube-proxy's has nothing that could be compared.
        let empty = try audit(loading: [], "--live host")
        #expect(empty.ending == .exit(2) && empty.outputText.contains("[nothing-to-compare]"), "\(empty.outputText)")
    }

    /// What `lint` says will not load does not, and what it is silent about does.
    @Test(
        .enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."),
        arguments: [
            (["--cluster-cidr", "0.0.0.0/0"], "cluster-cidr-of-everything", [Backend.nft]),
            (["--cluster-cidr", "0.0.0.0/1"], nil, []),
            (["--pod-interface-name-prefix", "abcdefghijklmno"], "long-interface-prefix", Backend.allCases),
            (["--pod-interface-name-prefix", "abcdefghijklmn"], nil, []),
        ] as [([String], String?, [Backend])])
    func refusedAsLintSays(_ given: [String], _ rule: String?, _ refusing: [Backend]) throws {
        let isPrefix = given[0].hasPrefix("--pod")
        let mode = isPrefix ? ["--detect-local-mode", "InterfaceNamePrefix"] : []
        let arguments = ["--node", "worker-1", "\(Package.fixtures)/demo/cluster.json"] + mode + given
        let rules = try Tool.run(["render"] + arguments).output
        let lint = try Tool.run(["lint", "--family", "ipv4", "--severity", "error"] + arguments)
        #expect(lint.ending == .exit(rule == nil ? 0 : 1))
        if let rule { #expect(lint.outputText.contains("[\(rule)]\n")) }
        for backend in Backend.allCases {
            let result = try Isolation.run("iptables-\(backend.rawValue)-restore -w", input: rules)
            #expect((result.ending != .exit(0)) == refusing.contains(backend), "\(backend): \(result.errorText)")
        }
    }

    /// Loads rules in a network namespace of their own and saves them again.
    private func load(_ rules: [UInt8], _ program: String, hasCounters: Bool) throws -> Program.Result {
        let counters = "nfacct add ct_state_invalid_dropped_pkts && nfacct add localhost_nps_accepted_pkts && "
        let jumps = Self.jumps.map { "\(program) -w \($0)" }.joined(separator: " && ")
        let script = """
            \(hasCounters ? counters : "")\(program)-restore -w && \(program)-save && echo '\(Self.separator)' && \(jumps) &&
            if \(program) -w -S KUBE-FIREWALL >/dev/null 2>&1; then
                \(program) -w -I INPUT -j KUBE-FIREWALL && \(program) -w -I OUTPUT -j KUBE-FIREWALL
            fi && \(program)-save -c
            """
        return try Isolation.run(script, input: rules)
    }

    /// Between the rules alone and those with the jumps from the built-in chains.
    private static let separator = "##### with jumps"

    /// The jumps that kube-proxy makes sure of by commands of their own.
    private static let jumps = [
        "-I INPUT -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-EXTERNAL-SERVICES",
        "-I FORWARD -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-EXTERNAL-SERVICES",
        "-I INPUT -m comment --comment checks -j KUBE-NODEPORTS",
        "-I FORWARD -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-SERVICES",
        "-I OUTPUT -m conntrack --ctstate NEW -m comment --comment portals -j KUBE-SERVICES",
        "-I FORWARD -m comment --comment forwarding -j KUBE-FORWARD",
        "-I INPUT -m conntrack --ctstate NEW -m comment --comment firewall -j KUBE-PROXY-FIREWALL",
        "-I OUTPUT -m conntrack --ctstate NEW -m comment --comment firewall -j KUBE-PROXY-FIREWALL",
        "-I FORWARD -m conntrack --ctstate NEW -m comment --comment firewall -j KUBE-PROXY-FIREWALL",
        "-t nat -I OUTPUT -m comment --comment portals -j KUBE-SERVICES",
        "-t nat -I PREROUTING -m comment --comment portals -j KUBE-SERVICES",
        "-t nat -I POSTROUTING -m comment --comment postrouting -j KUBE-POSTROUTING",
    ]

    /// What the kernel holds is what the API says, with comments and without, and to `diff` too. Without Services, or for
    /// a Node that the snapshot does not have, there is nothing to compare.
    private func audit(_ dump: String, _ arguments: [String], isComparable: Bool) throws {
        let bare = dump.replacing(/\ -m comment --comment ("[^"]*"|[^ ]+)/, with: "")
        #expect(bare != dump)
        for text in [dump, bare] {
            let audit = try Tool.run(["audit", "--live", "-", "-o", "json"] + arguments, input: Array(text.utf8))
            #expect(audit.ending == .exit(isComparable ? 0 : 2), "\(audit.outputText)\(audit.errorText)")
            if isComparable {
                #expect(audit.outputText.hasSuffix("\n    \"findings\": []\n}\n"), "\(audit.outputText)")
            }
            let diff = try Tool.run(["diff"] + arguments + ["-"], input: Array(text.utf8))
            #expect(diff.ending == .exit(isComparable ? 0 : 2), "\(diff.outputText)")
        }
    }

    /// The chains and rules that are kube-proxy's, table by table, filter first; the backends print them in different orders.
    private func kubeChains(of saved: String) -> String {
        var tables: [Substring: [Substring]] = [:]
        var table: Substring = ""
        for line in saved.split(separator: "\n") {
            if line.hasPrefix("*") { table = line }
            if line.hasPrefix(":KUBE-") || line.hasPrefix("-A KUBE-") { tables[table, default: []].append(line) }
        }
        let names: [Substring] = ["*filter", "*nat"]
        return names.map { name in
            let lines = [name] + tables[name, default: []] + ["COMMIT"]
            return lines.joined(separator: "\n") + "\n"
        }.joined()
    }
}
