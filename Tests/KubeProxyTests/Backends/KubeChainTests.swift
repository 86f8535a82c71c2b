import Iptables
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// The one table of chains and jumps: what it says, and that those who read it agree.
@Suite struct KubeChainTests {
    @Test func chainsAreInTheOrderOfTheirNames() {
        let names = KubeChain.allCases.map(\.name)
        #expect(names == names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(Set(names).count == names.count)
        #expect(KubeChain.allCases.allSatisfy { $0.isHashed == $0.name.hasSuffix("-") })
    }

    @Test func everyChainIsSomebodys() {
        #expect(Set(KubeChainEntry.all.map(\.chain)) == Set(KubeChain.allCases))
        let keys = KubeChainEntry.all.map { "\($0.table) \($0.chain) \($0.owner)" }
        #expect(Set(keys).count == keys.count)
    }

    /// kube-proxy's order: SPEC §16 and the first lines of each recorded text; SPEC-VERSIONS §8 and row S of §1.
    @Test(arguments: [
        (
            KubeChainEntry.Owner.iptablesMode, "filter", 27,
            "SERVICES EXTERNAL-SERVICES FORWARD NODEPORTS PROXY-FIREWALL FIREWALL"
        ),
        (.iptablesMode, "filter", 26, "SERVICES EXTERNAL-SERVICES FORWARD NODEPORTS PROXY-FIREWALL"),
        (.iptablesMode, "filter", 24, "SERVICES EXTERNAL-SERVICES FORWARD NODEPORTS"),
        (.iptablesMode, "nat", 24, "SERVICES NODEPORTS POSTROUTING MARK-MASQ"),
        (.ipvsMode, "nat", 36, "SERVICES POSTROUTING NODE-PORT LOAD-BALANCER MARK-MASQ"),
        (
            .ipvsMode, "filter", 36,
            "FORWARD NODE-PORT PROXY-FIREWALL SOURCE-RANGES-FIREWALL IPVS-FILTER IPVS-OUT-FILTER"
        ),
    ])
    func fixedChains(_ owner: KubeChainEntry.Owner, _ table: String, _ version: Int, _ names: String) {
        let chains = KubeChainEntry.fixedChains(of: owner, in: table, version: version)
        #expect(chains.map(\.name) == names.split(separator: " ").map { "KUBE-\($0)" })
    }

    /// Each jump leads to a chain that its mode makes, and is as old as the chain.
    @Test(arguments: [
        (KubeChainEntry.Owner.iptablesMode, JumpRule.iptablesMode, 14), (.ipvsMode, JumpRule.ipvsMode, 9),
    ])
    func jumpsLeadToChainsOfTheirMode(_ owner: KubeChainEntry.Owner, _ jumps: [JumpRule], _ count: Int) {
        #expect(jumps.count == count)
        for jump in jumps { #expect(jump.isMade(by: nil, owner), "\(jump)") }
        let old = jumps.filter { !$0.isMade(by: 24, owner) }.map(\.target)
        #expect(Set(old) == (owner == .iptablesMode ? [.proxyFirewall, .firewall] : []))
        #expect(jumps.filter { !$0.isMade(by: 26, owner) }.allSatisfy { $0.target == .firewall })
    }

    // MARK: Rules that are jumps

    private static let portals = "-m comment --comment \"kubernetes service portals\""

    /// What `audit` says of the jump from filter FORWARD to KUBE-SERVICES, and what `cleanup` does to the rule.
    @Test(arguments: [
        ("-m conntrack --ctstate NEW \(portals) -j KUBE-SERVICES", true, true),
        ("-j KUBE-SERVICES", true, true),
        ("-m comment --comment mine -j KUBE-SERVICES", true, true),
        ("-m conntrack --ctstate NEW -m nfacct --nfacct-name  new_connections \(portals) -j KUBE-SERVICES", true, true),
        ("-m nfacct --nfacct-name  all -j KUBE-SERVICES", true, true),
        ("-p tcp -j KUBE-SERVICES", false, false),
        ("-m conntrack --ctstate NEW,ESTABLISHED -j KUBE-SERVICES", false, false),
        ("-m mark --mark 0x1/0x1 -j KUBE-SERVICES", false, false),
        ("-g KUBE-SERVICES", false, false),
    ])
    func jumpForAuditAndCleanup(_ rule: String, isDone: Bool, isRemoved: Bool) throws {
        let jump = try #require(
            JumpRule.iptablesMode.first { $0.table == "filter" && $0.chain == "FORWARD" && $0.target == .services })
        let live = try rules("*filter\n:FORWARD ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n-A FORWARD \(rule)\nCOMMIT\n")
        let found = live.tables[0].chains[0].rules
        #expect(jump.isDone(by: found) == isDone)
        let cleanup = Cleanup(live)
        #expect(cleanup.jumpCount == (isRemoved ? 1 : 0))
        #expect(cleanup.blockingReferences.count == (isRemoved ? 0 : 1))
    }

    /// A jump of IPVS mode with a counter is there, and goes with the mode.
    @Test(arguments: [
        (portals, true), ("-m nfacct --nfacct-name  all \(portals)", true), ("", true), ("-p tcp", false),
        ("-m conntrack --ctstate NEW", false),
    ])
    func jumpOfIPVSMode(_ conditions: String, isDone: Bool) throws {
        let jump = try #require(JumpRule.ipvsMode.first { $0.chain == "PREROUTING" })
        let live = try rules(
            "*nat\n:PREROUTING ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n:KUBE-NODE-PORT - [0:0]\n"
                + "-A PREROUTING \(conditions) -j KUBE-SERVICES\nCOMMIT\n")
        #expect(jump.isDone(by: live.tables[0].chains[0].rules) == isDone)
        let texts = IPVSHostTexts(servers: "", sets: "", addresses: [])
        let host = IPVSHostState(
            sysctls: [], timeouts: [], hasInterface: false, families: [IPVSFamilyState(.ipv4, texts, live)])
        let wanted = host.withoutProxy(excluding: [])
        let text = IPVSChanges(from: host, to: wanted, .exact).steps.map(\.summary)
        #expect(text == ["2 chains deleted" + (isDone ? ", 1 jumps deleted" : "")])
        #expect(host.families[0].blockingReferences(to: wanted.families[0]).count == (isDone ? 0 : 1))
    }

    // MARK: Whose chains are

    /// What `cleanup` deletes: kube-proxy's chains of all versions, and none of kubelet's or of others.
    @Test(arguments: [
        ("nat", "KUBE-SVC-ERIFXISQEP7F7OF4", true), ("nat", "KUBE-XLB-ERIFXISQEP7F7OF4", true),
        ("nat", "KUBE-PROXY-CANARY", true), ("mangle", "KUBE-PROXY-CANARY", true), ("nat", "KUBE-POSTROUTING", true),
        ("filter", "KUBE-PROXY-FIREWALL", true), ("nat", "KUBE-MARK-DROP", false),
        ("nat", "KUBE-KUBELET-CANARY", false),
        ("mangle", "KUBE-IPTABLES-HINT", false), ("filter", "KUBE-SVC-ERIFXISQEP7F7OF4", false),
        ("nat", "KUBE-HOSTPORTS", false), ("nat", "KUBERNETES", false), ("filter", "KUBE-ROUTER-FORWARD", false),
        ("raw", "KUBE-SERVICES", false),
    ])
    func cleanupOfAChain(_ table: String, _ chain: String, isDeleted: Bool) throws {
        let cleanup = Cleanup(try rules("*\(table)\n:\(chain) - [0:0]\nCOMMIT\n"))
        #expect(cleanup.chainCount == (isDeleted ? 1 : 0))
    }

    @Test(arguments: [
        ("KUBE-NODEPORTS", true, false), ("KUBE-SEP-ERIFXISQEP7F7OF4", true, false), ("KUBE-NODE-PORT", false, true),
        ("KUBE-LOAD-BALANCER", false, true), ("KUBE-SERVICES", false, false), ("KUBE-POSTROUTING", false, false),
        ("KUBE-MARK-MASQ", false, false), ("KUBE-PROXY-CANARY", false, false), ("KUBE-MARK-DROP", false, false),
    ])
    func modeOfAChain(_ chain: String, isIptables: Bool, isIPVS: Bool) throws {
        let live = try rules("*nat\n:\(chain) - [0:0]\nCOMMIT\n")
        #expect(live.holdsChains(only: .iptables) == isIptables)
        #expect(live.holdsChains(only: .ipvs) == isIPVS)
    }

    private func rules(_ text: String) throws -> Ruleset { try Ruleset(parsing: Array(text.utf8), family: .ipv4) }
}
