import Iptables
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// Steps from one state of a host's rules to another, carried out on a model: iptables-restore reads what it is given after
/// what is there.
@Suite struct RulesetChangesTests {
    private func rules(_ text: String) throws -> Ruleset { try Ruleset(parsing: Array(text.utf8), family: .ipv4) }

    /// A host's rules once a text is loaded.
    private func load(_ changes: RulesetChanges, into host: Ruleset) throws -> Ruleset {
        let text = host.saved(SaveOptions(rulesHaveCounters: true)) + changes.text
        return try Ruleset(parsing: text, family: host.family)
    }

    /// What `iptables-save` prints, chains in the order of their names and tables without chains left out.
    private func normal(_ rules: Ruleset) -> String {
        var rules = rules
        rules.tables.sort { $0.name < $1.name }
        for index in rules.tables.indices { rules.tables[index].chains.sort { $0.name < $1.name } }
        rules.tables.removeAll { $0.chains.isEmpty }
        return String(decoding: rules.saved(), as: UTF8.self)
    }

    private static let foreign = """
        *filter
        :INPUT ACCEPT [0:0]
        :FORWARD DROP [0:0]
        :OUTPUT ACCEPT [0:0]
        :mine - [0:0]
        -A INPUT -p tcp -m tcp --dport 22 -j mine
        -A FORWARD -j mine
        -A mine -j RETURN
        COMMIT
        *nat
        :PREROUTING ACCEPT [0:0]
        :OUTPUT ACCEPT [0:0]
        :POSTROUTING ACCEPT [0:0]
        -A POSTROUTING -o docker0 -j MASQUERADE
        COMMIT

        """

    /// One cluster over another, back to it, and all of it gone: what others made stays.
    @Test(arguments: 0..<10)
    func oneClusterOverAnother(_ part: Int) throws {
        for seed in UInt64(part * 10)..<UInt64(part * 10 + TestSize.current.count(full: 10, brief: 2)) {
            let (first, second) = (try cluster(seed), try cluster(seed + 1, like: seed))
            let empty = try Ruleset(parsing: Array(Self.foreign.utf8), family: first.family)
            let one = try load(RulesetChanges(from: empty, to: merged(empty, first)), into: empty)
            #expect(normal(one) == normal(merged(empty, first)), "seed \(seed), first")
            let changes = RulesetChanges(from: one, to: merged(empty, second))
            let two = try load(changes, into: one)
            #expect(normal(two) == normal(merged(empty, second)), "seed \(seed), second")
            #expect(RulesetChanges(from: two, to: merged(empty, second)).isEmpty, "seed \(seed)")
            let back = try load(RulesetChanges(from: two, to: one), into: two)
            #expect(normal(back) == normal(one), "seed \(seed), back")
            let clean = try Ruleset(
                parsing: two.saved(SaveOptions(rulesHaveCounters: true)) + Cleanup(two).text, family: two.family)
            #expect(normal(clean) == normal(empty), "seed \(seed), cleaned up")
        }
    }

    /// The rules of a cluster, in the family of another.
    private func cluster(_ seed: UInt64, like other: UInt64? = nil) throws -> Ruleset {
        let cluster = RandomCluster(seed: seed)
        let isIPv4 = RandomCluster(seed: other ?? seed).description.settings.family == .ipv4
        let options = cluster.options + ["--family", isIPv4 ? "ipv4" : "ipv6"]
        return IptablesPlan(try plan([cluster.listDocument()], options)).hostRules
    }

    /// A host's rules with kube-proxy's, whose jumps come first.
    private func merged(_ host: Ruleset, _ own: Ruleset) -> Ruleset {
        var merged = host
        for table in own.tables {
            guard let index = merged.tables.firstIndex(where: { $0.name == table.name }) else { continue }
            for chain in table.chains {
                if let place = merged.tables[index].chains.firstIndex(where: { $0.name == chain.name }) {
                    merged.tables[index].chains[place].rules.insert(contentsOf: chain.rules, at: 0)
                } else {
                    merged.tables[index].chains.append(chain)
                }
            }
        }
        return merged
    }

    // MARK: Cleanup

    private static let guardRule =
        "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment \"block incoming localnet connections\" "
        + "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP"

    /// KUBE-FIREWALL goes where kube-proxy alone made it, and stays where kubelet was at work or others put rules into it.
    @Test(arguments: [
        ("", "", true), ("\(guardRule)\n", "", true),
        ("\(guardRule)\n", "*mangle\n:KUBE-KUBELET-CANARY - [0:0]\nCOMMIT\n", false),
        ("", "*mangle\n:KUBE-IPTABLES-HINT - [0:0]\nCOMMIT\n", false),
        ("", "*nat\n:KUBE-MARK-DROP - [0:0]\nCOMMIT\n", false),
        ("-A KUBE-FIREWALL -m mark --mark 0x8000/0x8000 -j DROP\n", "", false),
        ("\(guardRule)\n-A KUBE-FIREWALL -j DROP\n", "", false),
    ])
    func firewallChain(_ content: String, _ others: String, isDeleted: Bool) throws {
        let live = try rules(
            "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:KUBE-FIREWALL - [0:0]\n-A INPUT -j KUBE-FIREWALL\n"
                + "-A OUTPUT -j KUBE-FIREWALL\n\(content)COMMIT\n\(others)")
        let cleanup = Cleanup(live)
        #expect(cleanup.chainCount == (isDeleted ? 1 : 0))
        #expect(cleanup.jumpCount == (isDeleted ? 2 : 0))
        #expect(cleanup.blockingReferences.isEmpty)
    }

    /// Where IPVS mode is at work, the chains that both modes have stay, without what needs those of iptables mode.
    @Test func cleanupBesideIPVSMode() throws {
        let live = try rules(
            """
            *nat
            :PREROUTING ACCEPT [0:0]
            :KUBE-SERVICES - [0:0]
            :KUBE-NODEPORTS - [0:0]
            :KUBE-NODE-PORT - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-SVC-ERIFXISQEP7F7OF4 - [0:0]
            -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-SVC-ERIFXISQEP7F7OF4
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
            -A KUBE-NODE-PORT -p tcp -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ
            -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
            COMMIT

            """)
        let cleanup = Cleanup(live)
        #expect(cleanup.blockingReferences.isEmpty)
        #expect(
            String(decoding: cleanup.text, as: UTF8.self) == """
                *nat
                :KUBE-SERVICES - [0:0]
                :KUBE-NODEPORTS - [0:0]
                :KUBE-SVC-ERIFXISQEP7F7OF4 - [0:0]
                [0:0] -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
                -X KUBE-NODEPORTS
                -X KUBE-SVC-ERIFXISQEP7F7OF4
                COMMIT

                """)
    }

    /// A jump that comes back stands where it was.
    @Test func placeOfAJump() throws {
        let before = try rules(
            "*nat\n:OUTPUT ACCEPT [0:0]\n:KUBE-SERVICES - [0:0]\n-A OUTPUT -p tcp -j ACCEPT\n-A OUTPUT -j KUBE-SERVICES\n"
                + "-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n")
        let now = try rules(
            "*nat\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -p tcp -j ACCEPT\n-A OUTPUT -p udp -j ACCEPT\nCOMMIT\n")
        let changes = RulesetChanges(from: now, to: before)
        #expect(
            String(decoding: changes.text, as: UTF8.self)
                == "*nat\n:KUBE-SERVICES - [0:0]\n-I OUTPUT 2 -j KUBE-SERVICES\nCOMMIT\n")
        #expect(normal(try load(changes, into: now)) == normal(before))
    }
}
