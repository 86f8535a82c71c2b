import Iptables
import NetAddress
import Testing

/// Two spellings of one rule, or of two.
struct SpellingPair: Sendable, CustomTestStringConvertible {
    let left: RuleText
    let right: RuleText
    /// Whether iptables-save prints the same for both; a few are equal though it does not.
    var isSavedAlike = true

    init(
        _ left: String, _ right: String, table: String = "filter", _ family: AddressFamily = .ipv4,
        isSavedAlike: Bool = true
    ) {
        self.left = RuleText(rule: left, table: table, family: family)
        self.right = RuleText(rule: right, table: table, family: family)
        self.isSavedAlike = isSavedAlike
    }

    var testDescription: String { "\(left) | \(right.rule)" }

    /// Pairs that say the same. The tests with real iptables hold each pair against it.
    static let equal: [SpellingPair] = [
        SpellingPair("-j MARK --or-mark 0x4000", "-j MARK --set-xmark 0x4000/0x4000", table: "mangle"),
        SpellingPair("-j MARK --xor-mark 0x4000", "-j MARK --set-xmark 0x4000/0x0", table: "mangle"),
        SpellingPair("-j MARK --and-mark 0xffffbfff", "-j MARK --set-xmark 0x0/0x4000", table: "mangle"),
        SpellingPair("-j MARK --set-mark 16384", "-j MARK --set-xmark 0x4000/0xffffffff", table: "mangle"),
        SpellingPair("-j MARK --set-mark 0x3/0x1", "-j MARK --set-xmark 3/3", table: "mangle"),
        SpellingPair("-d 10.96.0.1", "-d 10.96.0.1/32"),
        SpellingPair("-d 10.96.0.1", "-d 10.96.0.1/255.255.255.255"),
        SpellingPair("-s 10.1.2.3/8", "--source 10.0.0.0/255.0.0.0"),
        SpellingPair("-s 10.1/16", "--src 10.1.0.0/16"),
        SpellingPair("-s 0.0.0.0/0", ""),
        SpellingPair("-d FD00:0:0::1", "-d fd00::1/128", .ipv6),
        SpellingPair("-d fd00::ffff/64", "-d fd00::/ffff:ffff:ffff:ffff::", .ipv6),
        SpellingPair(
            "-m statistic --mode random --probability 0.3333333333",
            "-m statistic --mode random --probability 0.33333333349"),
        SpellingPair("-m statistic --mode random --probability 0.5", "-m statistic --mode random --probability 5e-1"),
        SpellingPair(
            "-m statistic --mode random ! --probability .25", "-m statistic ! --probability 0.25 --mode random"),
        SpellingPair("-p tcp -s 10.0.0.1 -i eth0 -j ACCEPT", "-j ACCEPT -i eth0 -s 10.0.0.1 -p tcp"),
        SpellingPair(
            "-m comment --comment x -m tcp -p tcp -d 10.0.0.1 --dport 80",
            "-p tcp -d 10.0.0.1/32 -m comment --comment x -m tcp --dport 80"),
        SpellingPair("-p tcp --dport 80", "-p tcp -m tcp --dport 80"),
        SpellingPair("-p 6 --dport http", "--protocol TCP -m tcp --destination-port 80:80"),
        SpellingPair("-p tcp --dport=80", "-ptcp --dport 0x50"),
        SpellingPair("-p tcp --dport :1023", "-p tcp --dport 0:1023"),
        SpellingPair("-p tcp --syn", "-p tcp -m tcp --tcp-flags SYN,ACK,FIN,RST SYN"),
        SpellingPair("-p tcp ! --syn", "-p tcp ! --tcp-flags FIN,SYN,RST,ACK SYN"),
        SpellingPair("-p all -j DROP", "-j DROP"),
        SpellingPair("-p 47", "-p gre"),
        SpellingPair("-p icmp --icmp-type echo-request", "-p icmp -m icmp --icmp-type 8"),
        SpellingPair("-p icmp --icmp-type port-unreach", "-p icmp -m icmp --icmp-type 3/3"),
        SpellingPair("-p icmpv6 --icmpv6-type echo-reply", "-p ipv6-icmp -m icmp6 --icmpv6-type 129", .ipv6),
        SpellingPair("-m conntrack --ctstate ESTABLISHED,RELATED", "-m conntrack --ctstate related,EST"),
        SpellingPair("-m state --state NEW,ESTABLISHED", "-m state --state ESTABLISHED,NEW"),
        SpellingPair("-m addrtype --dst-type LOCAL,UNICAST", "-m addrtype --dst-type unicast,local"),
        SpellingPair("-m limit --limit 60/min", "-m limit --limit 1/sec"),
        SpellingPair("-m limit --limit 5/minute --limit-burst 5", "-m limit --limit 5/m"),
        SpellingPair("-m limit", "-m limit --limit 3/hour"),
        SpellingPair(
            "-p udp -m multiport --destination-ports 53,67:68", "-p udp -m multiport --dports domain,67:bootpc"),
        SpellingPair("-m mark --mark 0x10/0xffffffff", "-m mark --mark 16"),
        SpellingPair("-m recent --set", "-m recent --name DEFAULT --rsource --set --mask 255.255.255.255"),
        SpellingPair("-j REJECT", "-j REJECT --reject-with port-unreach"),
        SpellingPair("-j REJECT", "-j REJECT --reject-with icmp6-port-unreachable", .ipv6),
        SpellingPair("-j LOG --log-level warning", "-j LOG"),
        SpellingPair("-j LOG --log-level debug", "-j LOG --log-level 7"),
        SpellingPair("-p tcp -j DNAT --to 10.0.0.1:80-80", "-p tcp -j DNAT --to-destination 10.0.0.1:80", table: "nat"),
        SpellingPair("-p tcp -j REDIRECT --to-port 80", "-p tcp -j REDIRECT --to-ports 80", table: "nat"),
        SpellingPair(
            "-j CONNMARK --save-mark --mask 0xff", "-j CONNMARK --save-mark --ctmask 0xff --nfmask 0xff",
            table: "mangle"),
        SpellingPair("-j CONNMARK --or-mark 1", "-j CONNMARK --set-xmark 0x1/0x1", table: "mangle"),
        SpellingPair("-m comment --comment \"a b\"", "-m comment --comment a\" b\""),
        SpellingPair("-p tcp -m tcp -j ACCEPT", "-p tcp -j ACCEPT", isSavedAlike: false),
        SpellingPair("-m state --state NEW", "-m conntrack --ctstate NEW", isSavedAlike: false),
        SpellingPair("-j NOTRACK", "-j CT --notrack", table: "raw", isSavedAlike: false),
    ]

    /// Pairs that differ.
    static let different: [SpellingPair] = [
        SpellingPair("-d 10.96.0.1", "-d 10.96.0.2"),
        SpellingPair("-d 10.96.0.1", "-s 10.96.0.1"),
        SpellingPair("-d 10.96.0.1", "! -d 10.96.0.1"),
        SpellingPair("-d 10.96.0.0/24", "-d 10.96.0.0/25"),
        SpellingPair("-d 10.0.0.0/255.0.255.0", "-d 10.0.0.0/8"),
        SpellingPair("-d ::ffff:10.0.0.1", "-d ::10.0.0.1", .ipv6),
        SpellingPair("-p tcp", "-p udp"),
        SpellingPair("-p tcp", ""),
        SpellingPair("-p tcp --dport 80", "-p tcp --dport 81"),
        SpellingPair("-p tcp --dport 80", "-p tcp --sport 80"),
        SpellingPair("-p tcp --dport 80", "-p tcp ! --dport 80"),
        SpellingPair("-p tcp --dport 80", "-p tcp"),
        SpellingPair("-i eth0", "-i eth0+"),
        SpellingPair("-i eth0", "-o eth0"),
        SpellingPair("-f", "! -f"),
        SpellingPair("-j ACCEPT", "-j DROP"),
        SpellingPair("-j ACCEPT", ""),
        SpellingPair("-j TEST2", "-g TEST2"),
        SpellingPair("-j REJECT", "-p tcp -j REJECT --reject-with tcp-reset"),
        SpellingPair("-j MARK --or-mark 0x4000", "-j MARK --or-mark 0x8000", table: "mangle"),
        SpellingPair("-j MARK --or-mark 0x4000", "-j MARK --xor-mark 0x4000", table: "mangle"),
        SpellingPair("-m mark --mark 0x4000/0x4000", "-m mark --mark 0x4000"),
        SpellingPair("-m mark --mark 1", "-m connmark --mark 1"),
        SpellingPair(
            "-m statistic --mode random --probability 0.5", "-m statistic --mode random --probability 0.5000000005"),
        SpellingPair("-m statistic --mode nth --every 3 --packet 0", "-m statistic --mode nth --every 3 --packet 1"),
        SpellingPair("-m comment --comment a", "-m comment --comment b"),
        SpellingPair("-m comment --comment a", ""),
        SpellingPair("-m recent --rcheck --seconds 10 --reap", "-m recent --rcheck --seconds 10"),
        SpellingPair("-m recent --rcheck --name A", "-m recent --rcheck --name B"),
        SpellingPair("-m conntrack --ctstate NEW", "-m conntrack ! --ctstate NEW"),
        SpellingPair("-m addrtype --dst-type LOCAL", "-m addrtype --src-type LOCAL"),
        SpellingPair("-m owner --uid-owner 0", "-m owner --uid-owner 1"),
        SpellingPair("-j NFQUEUE --queue-num 1", "-j NFQUEUE --queue-num 2"),
        SpellingPair(
            "-p tcp -j DNAT --to-destination 10.0.0.1:80", "-p tcp -j DNAT --to-destination 10.0.0.1", table: "nat"),
        SpellingPair("-j MASQUERADE", "-j MASQUERADE --random-fully", table: "nat"),
        SpellingPair("-m limit --limit 1/sec -m comment --comment a", "-m comment --comment a -m limit --limit 1/sec"),
    ]
}

@Suite struct SpellingTests {
    @Test(arguments: SpellingPair.equal)
    func sameRule(_ pair: SpellingPair) throws {
        let (left, right) = (try pair.left.rules(), try pair.right.rules())
        #expect(left == right)
        #expect(left.hashValue == right.hashValue)
        if pair.isSavedAlike { #expect(left.map { $0.saved(in: "C") } == right.map { $0.saved(in: "C") }) }
    }

    @Test(arguments: SpellingPair.different)
    func otherRule(_ pair: SpellingPair) throws {
        #expect(try pair.left.rules() != pair.right.rules())
    }

    /// An option of a target that is not modelled stays its own beside a match that has one of the same name.
    @Test(arguments: [
        "-j ent --comment \"a b\" -m comment --comment c",
        "-j ent --comment \"a b\" -m`stat rando -m comment --comment c",
    ])
    func optionOfTargetAndMatch(_ rule: String) throws {
        let ruleset = try Ruleset(parsing: Array("*nat\n:P - [0:0]\n-A P \(rule)\nCOMMIT\n".utf8), family: .ipv4)
        #expect(try Ruleset(parsing: ruleset.saved(), family: .ipv4) == ruleset)
        guard case .unknown(let target) = ruleset.tables[0].chains[0].rules[0].target else {
            Issue.record("ent is no target")
            return
        }
        #expect(target.text.contains("--comment \"a b\""))
    }

    @Test func commentsAndCountersCanBeIgnored() throws {
        let commented = try Ruleset(
            "*filter\n:INPUT ACCEPT [1:2]\n[3:4] -A INPUT -m comment --comment x -j DROP\nCOMMIT\n")
        let plain = try Ruleset("*filter\n:INPUT ACCEPT\n-A INPUT -j DROP\nCOMMIT\n")
        #expect(commented != plain)
        #expect(commented.ignoringComments != plain)
        #expect(commented.ignoringCounters != plain)
        #expect(commented.ignoringComments.ignoringCounters == plain)
        #expect(commented.tables[0].chains[0].rules[0].comment == "x")
        #expect(plain.tables[0].chains[0].rules[0].comment == nil)
    }

    /// One line with several addresses is a rule for each pair of them, sources first (iptables(8), -s).
    @Test func severalAddresses() throws {
        let several = try RuleText(rule: "-s 10.0.0.1,10.0.1.0/24 -d 1.1.1.1,2.2.2.2 -j DROP").rules()
        #expect(
            several.map { $0.saved(in: "C") } == [
                "-A C -s 10.0.0.1/32 -d 1.1.1.1/32 -j DROP", "-A C -s 10.0.0.1/32 -d 2.2.2.2/32 -j DROP",
                "-A C -s 10.0.1.0/24 -d 1.1.1.1/32 -j DROP", "-A C -s 10.0.1.0/24 -d 2.2.2.2/32 -j DROP",
            ])
    }
}
