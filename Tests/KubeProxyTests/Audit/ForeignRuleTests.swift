import Iptables
import KubeProxy
import TestSupport
import Testing

/// Rules of other programs beside kube-proxy's, as these programs write them: which of them an audit accuses.
@Suite struct ForeignRuleTests {
    /// Lines that are added to a healthy node's rules, and the rule that is found.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        /// Lines before kube-proxy's jumps and behind them, by table.
        var before: [(table: String, lines: [String])] = []
        var behind: [(table: String, lines: [String])] = []
        var policy: String?
        /// The rule that is found; nil: nothing is.
        let found: String?

        var testDescription: String { name }
    }

    private static let snapshot = [
        node("a", "192.168.1.1", podCIDRs: #""10.244.1.0/24""#),
        node("b", "192.168.1.2", podCIDRs: #""10.244.2.0/24""#),
        service("web", ports: #"{"name":"http","port":80,"nodePort":30080}"#, #""type":"NodePort""#),
        slice([endpoint("10.244.1.5"), endpoint("10.244.2.5", on: "b")]),
    ]

    private static let docker = [
        ":DOCKER - [0:0]", "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A FORWARD -o docker0 -j DOCKER", "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT",
        "-A FORWARD -i docker0 -o docker0 -j ACCEPT",
        "-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
    ]
    private static func bridge(_ range: String) -> [String] {
        ["-A POSTROUTING -s \(range) ! -o docker0 -j MASQUERADE"]
    }
    private static let flannel = [
        ":FLANNEL-FWD - [0:0]", "-A FORWARD -m comment --comment \"flanneld forward\" -j FLANNEL-FWD",
        "-A FLANNEL-FWD -s 10.244.0.0/16 -j ACCEPT", "-A FLANNEL-FWD -d 10.244.0.0/16 -j ACCEPT",
    ]
    /// What firewalld of RHEL 7 writes; from 0.9 on with DNAT among the states that it accepts.
    private static func firewalld(_ states: String) -> [String] {
        [
            ":FWDI_public - [0:0]", ":FORWARD_IN_ZONES - [0:0]",
            "-A FORWARD -m conntrack --ctstate \(states) -j ACCEPT", "-A FORWARD -i lo -j ACCEPT",
            "-A FORWARD -j FORWARD_IN_ZONES", "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
            "-A FORWARD -j REJECT --reject-with icmp-host-prohibited",
            "-A FORWARD_IN_ZONES -i eth0 -g FWDI_public", "-A FORWARD_IN_ZONES -g FWDI_public",
            "-A FWDI_public -p icmp -j ACCEPT",
        ]
    }

    static let cases: [Case] = [
        Case(
            name: "Docker's policy", behind: [("filter", docker), ("nat", bridge("172.17.0.0/16"))], policy: "DROP",
            found: ":FORWARD DROP"),
        Case(
            name: "Docker beside flannel",
            behind: [("filter", docker + flannel), ("nat", bridge("172.17.0.0/16"))], policy: "DROP", found: nil),
        Case(
            name: "pods on Docker's bridge", behind: [("filter", docker), ("nat", bridge("10.244.1.0/24"))],
            policy: "DROP", found: nil),
        Case(
            name: "Docker, policy ACCEPT", behind: [("filter", docker), ("nat", bridge("172.17.0.0/16"))], found: nil),
        Case(
            name: "firewalld", behind: [("filter", firewalld("RELATED,ESTABLISHED"))],
            found: "-A FORWARD -j REJECT --reject-with icmp-host-prohibited"),
        Case(name: "firewalld, DNAT", behind: [("filter", firewalld("RELATED,ESTABLISHED,DNAT"))], found: nil),
        Case(
            name: "an interface's packets go on, others do not",
            behind: [
                (
                    "filter",
                    [
                        ":PODS - [0:0]", "-A FORWARD -i cni0 -j PODS", "-A FORWARD -j DROP", "-A PODS -j ACCEPT",
                    ]
                )
            ], found: nil),
        Case(
            name: "RETURN before KUBE-POSTROUTING", before: [("nat", ["-A POSTROUTING -d 10.244.0.0/16 -j RETURN"])],
            found: "-A POSTROUTING -d 10.244.0.0/16 -j RETURN"),
        Case(
            name: "ACCEPT before KUBE-POSTROUTING", before: [("nat", ["-A POSTROUTING -j ACCEPT"])],
            found: "-A POSTROUTING -j ACCEPT"),
        Case(
            name: "RETURN of pods alone",
            before: [("nat", ["-A POSTROUTING -s 10.244.0.0/16 -d 10.244.0.0/16 -j RETURN"])], found: nil),
        Case(
            name: "masqueraded before", before: [("nat", ["-A POSTROUTING -j MASQUERADE"])], found: nil),
        Case(
            name: "RETURN behind", behind: [("nat", ["-A POSTROUTING -d 10.244.0.0/16 -j RETURN"])], found: nil),
        Case(
            name: "node ports dropped in INPUT, which their packets do not pass",
            before: [("filter", ["-A INPUT -p tcp -m tcp --dport 30000:32767 -j DROP"])], found: nil),
        Case(
            name: "a cloud's metadata service", before: [("filter", ["-A FORWARD -d 169.254.169.254/32 -j DROP"])],
            found: nil),
        Case(
            name: "an endpoint's port", before: [("filter", ["-A FORWARD -p tcp -m tcp --dport 8080 -j DROP"])],
            found: "-A FORWARD -p tcp -m tcp --dport 8080 -j DROP"),
    ]

    @Test(arguments: cases)
    func accused(_ example: Case) throws {
        let plan = try plan(ForeignRuleTests.snapshot, ["--node", "a", "--cluster-cidr", "10.244.0.0/16"])
        var saved = SavedRules(plan)
        for (table, lines) in example.before {
            saved.lines.insert(contentsOf: lines, at: saved.rules(table) { $0.hasPrefix("-A") }[0])
        }
        for (table, lines) in example.behind {
            saved.lines.insert(contentsOf: lines.filter { $0.hasPrefix(":") }, at: saved.range(table).lowerBound + 1)
            saved.lines.insert(contentsOf: lines.filter { !$0.hasPrefix(":") }, at: saved.range(table).upperBound)
        }
        if let policy = example.policy {
            let line = try #require(saved.lines.firstIndex(of: ":FORWARD ACCEPT [0:0]"))
            saved.lines[line] = ":FORWARD \(policy) [0:0]"
        }
        let iptables = IptablesPlan(plan)
        let dump = try Ruleset(parsing: Array((saved.lines.joined(separator: "\n") + "\n").utf8))
        let audit = Audit(given: [], iptables, nil, [dump])
        #expect(
            audit.findings.map(\.id) == (example.found == nil ? [] : [.foreignRule]), "\(audit.findings.map(\.effect))")
        #expect(audit.findings.first?.rule == example.found)
    }
}
