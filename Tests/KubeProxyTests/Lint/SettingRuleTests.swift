import Iptables
import KubeProxy
import Testing

/// The rules about settings and sizes.
@Suite struct SettingRuleTests {
    private func check(_ rule: String, _ example: LintCase) throws {
        #expect(try findings(of: rule, in: example.objects, example.options) == example.expected)
    }

    private static let web = [node("a"), service(), slice([endpoint()])]
    private static let dual = [
        node("a"), dualStack(), slice([endpoint()]), slice("web", [endpoint("fd00::2")], type: "IPv6"),
    ]

    private static let missing = [
        LintCase(
            "none", web, [],
            ["warning cluster: there is no IPv4 cluster CIDR: traffic from outside to cluster IPs is not masqueraded"]),
        LintCase(
            "of one family", dual, ["--cluster-cidr", "10.0.0.0/16"],
            [
                "warning cluster: IPv6: there is no IPv6 cluster CIDR: traffic from outside to cluster IPs is not "
                    + "masqueraded"
            ]),
        LintCase(
            "a Node without", [node("a", podCIDRs: #""10.0.1.0/24""#), node("b"), service()],
            ["--detect-local-mode", "NodeCIDR"],
            [
                "warning Node b: it has no IPv4 pod CIDR: traffic from outside to cluster IPs is not masqueraded on it"
            ]),
        LintCase(
            "the Node that is asked for", [node("a", podCIDRs: #""10.0.1.0/24""#), node("b"), service()],
            ["--detect-local-mode", "NodeCIDR", "--node", "a"]),
        LintCase("of both families", dual, ["--cluster-cidr", "10.0.0.0/16,fd00::/48"]),
        LintCase("everything is masqueraded", web, ["--masquerade-all"]),
        LintCase(
            "an interface tells", web, ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "cni0"]),
        LintCase("no Services", [node("a")]),
    ]

    @Test(arguments: missing) func missingClusterCIDR(_ example: LintCase) throws {
        try check("missing-cluster-cidr", example)
    }

    private static let surplus = [
        LintCase(
            "two", web, ["--cluster-cidr", "10.0.0.0/16,10.1.0.0/16"],
            ["warning cluster: of 2 IPv4 CIDRs only the first, 10.0.0.0/16, is used"]),
        LintCase(
            "of a Node", [node("a", podCIDRs: #""10.0.1.0/24","10.0.2.0/24""#), service()],
            ["--detect-local-mode", "NodeCIDR"],
            ["warning Node a: of 2 IPv4 CIDRs only the first, 10.0.1.0/24, is used"]),
        LintCase("one of each family", dual, ["--cluster-cidr", "10.0.0.0/16,fd00::/48"]),
        LintCase(
            "pod CIDRs that nobody reads", [node("a", podCIDRs: #""10.0.1.0/24","10.0.2.0/24""#), service()],
            ["--cluster-cidr", "10.0.0.0/16"]),
    ]

    @Test(arguments: surplus) func surplusClusterCIDR(_ example: LintCase) throws {
        try check("surplus-cluster-cidr", example)
    }

    private static let everything = [
        LintCase(
            "0.0.0.0/0", web, ["--cluster-cidr", "0.0.0.0/0"],
            ["error cluster: the cluster CIDR 0.0.0.0/0 holds all addresses; with the nft backend no rule loads"]),
        LintCase(
            "::/0", dual, ["--cluster-cidr", "10.0.0.0/16,::/0"],
            ["error cluster: IPv6: the cluster CIDR ::/0 holds all addresses; with the nft backend no rule loads"]),
        LintCase("half of it", web, ["--cluster-cidr", "0.0.0.0/1"]),
        LintCase("everything is masqueraded", web, ["--cluster-cidr", "0.0.0.0/0", "--masquerade-all"]),
        LintCase("no rule says it", [node("a"), service()], ["--cluster-cidr", "0.0.0.0/0"]),
    ]

    @Test(arguments: everything) func clusterCIDROfEverything(_ example: LintCase) throws {
        try check("cluster-cidr-of-everything", example)
    }

    private static let prefix = ["--detect-local-mode", "InterfaceNamePrefix", "--pod-interface-name-prefix"]
    private static let interfaces = [
        LintCase(
            "15 characters", web, prefix + ["abcdefghijklmno"],
            [
                "error cluster: iptables refuses the interface abcdefghijklmno+, which is longer than 15 characters; no "
                    + "rule loads"
            ]),
        LintCase("14 characters", web, prefix + ["abcdefghijklmn"]),
        LintCase(
            "a bridge of 15", web,
            ["--detect-local-mode", "BridgeInterface", "--pod-bridge-interface", "abcdefghijklmno"]),
    ]

    @Test(arguments: interfaces) func longInterfacePrefix(_ example: LintCase) throws {
        try check("long-interface-prefix", example)
    }

    /// The number of endpoints, and what is said.
    @Test(arguments: [
        (899, nil),
        (900, "info cluster: with 900 endpoints, comments on endpoints will soon be left out: above 1000"),
        (1000, "info cluster: with 1000 endpoints, comments on endpoints will soon be left out: above 1000"),
        (1001, "info cluster: with 1001 endpoints, more than 1000, comments on endpoints are left out"),
    ])
    func largeCluster(_ count: Int, _ expected: String?) throws {
        let endpoints = (0..<count).map { endpoint("10.1.\($0 / 250).\($0 % 250 + 1)") }
        #expect(try findings(of: "large-cluster", in: [service(), slice(endpoints)]) == (expected.map { [$0] } ?? []))
    }

    /// By SPEC's own count: the filter table's five chains and KUBE-FIREWALL, nat's four, one for the Service port and
    /// one for its endpoint; a rule in KUBE-FIREWALL, three in KUBE-FORWARD, four before the Service's, the Service's
    /// own four (frontend, balancing, hairpin, translation) and the tail.
    @Test func ruleBudget() throws {
        let found = try findings(of: "rule-budget", in: Self.web)
        let bytes = try plan(Self.web, []).text(.restore).utf8.count
        #expect(
            found == [
                "info cluster: on node a there are 12 chains and 13 rules in \(bytes) bytes; a new connection passes up to "
                    + "2 rules of KUBE-SERVICES"
            ])
        #expect(try findings(of: "rule-budget", in: [node("a"), service("web", at: "None")]) == [])
    }

    /// One rule for each Service with endpoints, and the tail.
    @Test func depthBudget() throws {
        for (count, severity) in [(9999, "info"), (10_000, "warning")] {
            let services = (0..<count).map { index in
                service("s\(index)", at: "10.96.\(index >> 8).\(index & 255)")
                    + slice("s\(index)", [endpoint("10.0.\(index >> 8).\(index & 255)")])
            }
            let found = try findings(of: "rule-budget", in: [services.joined()])
            #expect(found.count == 1)
            #expect(found[0].hasPrefix("\(severity) cluster: on a node "))
            #expect(found[0].hasSuffix("passes up to \(count + 1) rules of KUBE-SERVICES"))
        }
    }
}
