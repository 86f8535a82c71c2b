import Foundation
import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// What an audit finds on a node in IPVS mode, and that it finds nothing on a healthy one.
@Suite struct IPVSAuditTests {
    private static func audit(
        _ texts: some Sequence<String>, given: Set<AuditSetting> = [], _ options: [String] = []
    ) throws -> IPVSAudit {
        var dump = IPVSDump()
        for text in texts { try dump.read(text) }
        return IPVSAudit(given: given, try IPVSPlan(plan([IPVSTexts.snapshot], IPVSTexts.options + options)), dump)
    }

    /// The findings above information, as `identifier label`.
    private static func found(_ audit: IPVSAudit) -> [String] {
        audit.findings.filter { $0.severity > .info }.map { finding in
            finding.id.rawValue + (finding.label.map { " " + $0.servicePort } ?? "")
        }.sorted()
    }

    // MARK: Healthy nodes

    /// Of each recorded case's own texts nothing is found, with its settings and without; what was given otherwise is.
    @Test(arguments: RecordedCase.ipvsTried)
    func recordedCase(_ name: String) throws {
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(fixtures)/conformance-ipvs/\(name)/\(file)", encoding: .utf8)
        }
        let options = try read("options").split(separator: "\n").map(String.init)
        var host = ["--proxy-mode", "ipvs"]
        for (option, value) in zip(options, options.dropFirst()) where ["--node-address", "--family"].contains(option) {
            host += [option, value]
        }
        let known = try plan([read("snapshot.json")], options)
        guard let first = known.snapshot.nodes.first else { return }
        var dump = IPVSDump()
        for file in ["ipvsadm", "ipset", "rules", "addresses", "setup"] { try dump.read(read("expected.\(file)")) }
        let isKnown = known.snapshot.nodes.contains { $0.name.text == known.node.name }
        let all = IPVSAudit(given: Set(AuditSetting.allCases), try IPVSPlan(known), dump)
        if isKnown { #expect(Self.found(all).isEmpty, "\(all.findings.map(\.effect))") }
        let own = try plan([read("snapshot.json")], host + ["--node", first.name.text])
        let inferred = IPVSAudit(given: [.hostAddresses], try IPVSPlan(own), dump)
        // A node name that no Node has is said.
        #expect(
            Self.found(inferred) == (isKnown ? [] : ["settings-differ"]) || known.servicePorts.isEmpty,
            "\(inferred.findings.map(\.effect))")
        #expect(inferred.problem == nil || known.servicePorts.isEmpty)
    }

    /// Whatever of the texts is given, nothing is found; what is not given is said.
    @Test(
        arguments: [
            ([.servers], [.sets, .rules, .jumps, .addresses]), ([.list], [.sets, .rules, .jumps, .addresses]),
            ([.sets], [.servers, .rules, .jumps, .addresses]), ([.rules], [.servers, .sets, .addresses]),
            ([.servers, .list, .sets, .rules, .addresses], []), ([.list, .sets, .rules, .addresses, .setup], []),
        ] as [([IPVSTexts.Kind], [IPVSDump.Part])])
    func partsOfTexts(_ given: [IPVSTexts.Kind], _ missing: [IPVSDump.Part]) throws {
        let audit = try Self.audit(given.compactMap { IPVSTexts.healthy[$0] })
        #expect(Self.found(audit).isEmpty, "\(audit.findings.map(\.effect))")
        #expect(audit.problem == nil && audit.notGiven == missing)
        // One after the other in one file, with the line ends of Windows.
        let whole = given.compactMap { IPVSTexts.healthy[$0] }.joined().replacing("\n", with: "\r\n")
        #expect(Self.found(try Self.audit([whole])).isEmpty)
    }

    // MARK: Settings

    /// What was not given is inferred; what was given otherwise is one finding.
    @Test(arguments: [
        (["--ipvs-scheduler", "wlc"], ["--ipvs-scheduler", "rr"], AuditSetting.scheduler, "--ipvs-scheduler wlc"),
        (
            ["--iptables-masquerade-bit", "9"], ["--iptables-masquerade-bit", "14"], .masqueradeBit,
            "--iptables-masquerade-bit 9"
        ),
        (["--masquerade-all"], ["--masquerade-all=false"], .masqueradeAll, "--masquerade-all"),
        (
            ["--cluster-cidr", "10.0.0.0/8"], ["--cluster-cidr", "10.244.0.0/16"], .localTraffic,
            "--cluster-cidr 10.0.0.0/8"
        ),
        (
            ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix", "veth"],
            ["--cluster-cidr", "10.244.0.0/16"], .localTraffic,
            "--detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix veth"
        ),
        (["--ipvs-strict-arp"], ["--ipvs-strict-arp=false"], .strictARP, "--ipvs-strict-arp"),
        (["--no-random-fully"], ["--no-random-fully=false"], .randomFully, "--no-random-fully"),
        (["--node", "worker-2"], ["--node", "worker-1"], .node, "--node worker-2"),
        (
            ["--feature-gates", "AllowServiceExternalIPs=false"], ["--feature-gates", "AllowServiceExternalIPs=true"],
            .externalIPs, "--feature-gates AllowServiceExternalIPs=false"
        ),
        (
            ["--node-address", "192.168.1.21", "--node-address", "172.17.0.1"],
            ["--node-address", "192.168.1.21"], .hostAddresses, ""
        ),
        (
            ["--nodeport-addresses", "127.0.0.0/8"], ["--nodeport-addresses", "192.168.1.0/24"], .nodePortAddresses, ""
        ),
    ])
    func settings(_ made: [String], _ given: [String], _ setting: AuditSetting, _ inferred: String) throws {
        let texts = try IPVSTexts.texts(made).filter { $0.key != .list }.values.sorted()
        let unknown = try Self.audit(texts)
        #expect(Self.found(unknown).isEmpty, "\(unknown.findings.map(\.effect))")
        let others = unknown.inferred.map(\.text).filter { $0 != "--node worker-1" || $0 == inferred }
        #expect(others == (inferred.isEmpty ? [] : [inferred]))
        let differing = try Self.audit(texts, given: [setting], given)
        #expect(Self.found(differing) == ["settings-differ"], "\(differing.findings.map(\.effect))")
    }

    // MARK: Damage

    /// Each damage is found, attributed to its Service port, and nothing else is.
    @Test(arguments: IPVSDamage.all)
    func damagedNode(_ damage: IPVSDamage) throws {
        var texts = IPVSTexts.healthy
        texts[.list] = nil
        let text = try #require(texts[damage.text])
        let line = damage.old + (damage.new == nil ? "\n" : "")
        #expect(text.ranges(of: line).count == 1 || damage.new != nil, "\(line)")
        let range = try #require(text.range(of: line), "\(line)")
        texts[damage.text] = text.replacingCharacters(in: range, with: damage.new ?? "")
        let audit = try Self.audit(
            texts.values.sorted(), given: [.node, .localTraffic], ["--cluster-cidr", "10.244.0.0/16"])
        #expect(Self.found(audit) == damage.expected, "\(audit.findings.map(\.effect))")
        #expect(audit.findings.contains { $0.effect.contains(damage.words) }, "\(audit.findings.map(\.effect))")
        #expect(audit.inferred.isEmpty, "\(audit.inferred.map(\.text))")
    }

    /// What somebody deleted as a whole is one finding.
    @Test(arguments: [
        (IPVSTexts.Kind.servers, "", ["missing-service"]),
        (.list, "IP Virtual Server version 1.2.1 (size=4096)\n", ["missing-service"]),
        (.addresses, "5: kube-ipvs0: <BROADCAST,NOARP> mtu 1500\n", ["wrong-address"]),
        (.sets, "create other hash:ip\n", ["wrong-set"]),
    ])
    func deletedAsWhole(_ text: IPVSTexts.Kind, _ left: String, _ expected: [String]) throws {
        var texts = IPVSTexts.healthy
        texts[.list] = nil
        if text == .list { texts[.servers] = nil }
        texts[text] = left
        let audit = try Self.audit(texts.values.sorted())
        #expect(Self.found(audit) == expected, "\(audit.findings.map(\.effect))")
    }

    // MARK: Nothing to compare

    @Test(arguments: [
        ([""], IPVSEvidence.NothingToCompare.Problem.empty), (["create other hash:ip\n"], .nothingOfKubeProxy),
        (
            ["*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -d 10.96.0.1/32 -j KUBE-SVC-AAAAAAAAAAAAAAAA\nCOMMIT\n"],
            .iptablesMode
        ),
        (["-A -t [fd00::1]:80 -s rr\n"], .otherFamily),
    ])
    func nothingToCompare(_ texts: [String], _ problem: IPVSEvidence.NothingToCompare.Problem) throws {
        let audit = try Self.audit(texts)
        #expect(audit.problem == problem && audit.findings.count == 1)
        #expect(audit.expected == nil && audit.version == nil)
    }

    /// What is none of the texts is refused, with its line.
    @Test(arguments: [
        ("-A -t 10.96.0.1:443 -s rr\nhello world\n", 2, "expected what 'ipvsadm -Sn'"),
        ("-A -t node-1:https -s rr\n", 1, "run ipvsadm with -n"),
        ("-A -t 10.96.0.1:443 -s rr\n\n*nat\n-A KUBE-SERVICES -j\nCOMMIT\n", 4, "expected a word after -j"),
        ("Name: KUBE-CLUSTER-IP\n", 1, "'ipset save'"),
    ])
    func otherTexts(_ text: String, _ line: Int, _ words: String) throws {
        var dump = IPVSDump()
        do throws(IPVSDump.Failure) {
            try dump.read(text)
            Issue.record("it was read")
        } catch {
            #expect(error.line == line && error.message.contains(words), "\(error)")
        }
    }
}
