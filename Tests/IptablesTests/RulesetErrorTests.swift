import Iptables
import NetAddress
import Testing

/// A rule that iptables refuses, with the column of the fault in the line `-A TEST RULE` and the message.
struct RefusedRule: Sendable, CustomTestStringConvertible {
    let rule: RuleText
    let column: Int
    let message: String

    init(
        _ rule: String, table: String = "filter", family: AddressFamily = .ipv4, _ column: Int, _ found: String,
        _ expected: String, _ remedy: String = "iptables refuses this too; correct the rule"
    ) {
        self.rule = RuleText(rule: rule, table: table, family: family)
        self.column = column
        message = "found \(found), expected \(expected): \(remedy)"
    }

    var testDescription: String { rule.description }

    /// The tests with real iptables hold each of these against it.
    static let all: [RefusedRule] = [
        RefusedRule(
            "-p tcp --dport 70000", 24, "\"70000\"", "a port from 0 to 65535",
            "write the number; of service names only the best known are read here, since each host has its own"),
        RefusedRule("-p tcp --dport 90:80", 24, "\"90:80\"", "a range of ports from the lower to the higher"),
        RefusedRule("-p tcp --dport 80 --dport 81", 27, "\"--dport\"", "each option of a match or target once"),
        RefusedRule("-m tcp --dport 80", 12, "\"tcp\" without -p tcp", "-p tcp in the same rule"),
        RefusedRule(
            "-p tcp --tcp-flags SYN BAD", 32, "\"BAD\"", "TCP flags out of FIN,SYN,RST,PSH,ACK,URG, or ALL or NONE"),
        RefusedRule(
            "-s 10.0.0.256", 12, "\"10.0.0.256\"", "an IPv4 address, ADDRESS or ADDRESS/MASK",
            "correct it; host names are not looked up, and each family's rules are read by themselves"),
        RefusedRule(
            "-s 10.0.0.0/33", 12, "\"10.0.0.0/33\"", "an IPv4 address, ADDRESS or ADDRESS/MASK",
            "correct it; host names are not looked up, and each family's rules are read by themselves"),
        RefusedRule(
            "-d fd00:::1", family: .ipv6, 12, "\"fd00:::1\"", "an IPv6 address, ADDRESS or ADDRESS/MASK",
            "correct it; host names are not looked up, and each family's rules are read by themselves"),
        RefusedRule("-s 10.0.0.1 -s 10.0.0.2", 21, "\"-s\"", "this option once in a rule"),
        RefusedRule(
            "! -s 10.0.0.1,10.0.0.2", 14, "\"10.0.0.1,10.0.0.2\"", "one address after !",
            "write a rule for each; iptables refuses this too"),
        RefusedRule("-p 256", 12, "\"256\"", "the name of an IP protocol or its number from 0 to 255"),
        RefusedRule("! -p all", 14, "\"all\"", "a protocol other than all after !"),
        RefusedRule(
            "-i abcdefghijklmnop", 12, "\"abcdefghijklmnop\"",
            "the name of an interface, 1 to 15 bytes without blanks and quotes"),
        RefusedRule(
            "-f", family: .ipv6, 9, "\"-f\"", "no -f in IPv6 rules", "use -m frag instead, as ip6tables asks for"),
        RefusedRule(
            "! -j ACCEPT", 11, "\"-j\"", "an option that can be negated", "leave the ! out; iptables refuses it here"),
        RefusedRule("! ! -s 10.0.0.1", 9, "\"!\"", "one ! before an option, not two"),
        RefusedRule("-j ACCEPT !", 19, "\"!\"", "an option after it"),
        RefusedRule(
            "-j ACCEPT stray", 19, "\"stray\"", "an option such as -s, -m or -j",
            "quote a text that holds blanks; iptables refuses this too"),
        RefusedRule(
            "-j ACCEPT --nonsense", 19, "\"--nonsense\"",
            "an option of iptables, or of a match or target that stands before it",
            "correct the option, or put -m NAME or -p PROTOCOL of the match that has it before it"),
        RefusedRule("-p tcp -m tcp --dport", 30, "the end of the line", "a word after --dport"),
        RefusedRule(
            "-m mark", 12, "\"mark\" by itself", "--mark", "add the option; iptables refuses the rule without it"),
        RefusedRule("-m mark --mark 0x100000000", 24, "\"0x100000000\"", "a mark, VALUE or VALUE/MASK, of 32 bits"),
        RefusedRule(
            "-m conntrack --ctstate NEW,BAD", 32, "\"NEW,BAD\"",
            "states of a connection, one or more of INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED,SNAT,DNAT"),
        RefusedRule(
            "-m conntrack", 12, "\"conntrack\" by itself", "an option such as --ctstate",
            "add the option; iptables refuses the rule without it"),
        RefusedRule(
            "-m addrtype --dst-type HERE", 32, "\"HERE\"",
            "types of addresses, one or more of UNSPEC,UNICAST,LOCAL,BROADCAST,ANYCAST,MULTICAST,BLACKHOLE,UNREACHABLE,PROHIBIT,THROW,NAT,XRESOLVE"
        ),
        RefusedRule(
            "-m addrtype --dst-type LOCAL --limit-iface-in --limit-iface-out", 55,
            "two options that exclude each other", "one of them",
            "leave one of them out; iptables refuses both together"),
        RefusedRule(
            "-m statistic --mode random", 12, "\"statistic\" by itself", "--probability",
            "add the option; iptables refuses the rule without it"),
        RefusedRule("-m statistic --mode random --probability 1.5", 50, "\"1.5\"", "a probability from 0 to 1"),
        RefusedRule("-m statistic --mode nth --every 3 --packet 3", 52, "\"3\"", "a packet's number from 0 to 2"),
        RefusedRule(
            "-m recent --rcheck --reap", 12, "\"recent\" by itself", "--seconds with --reap",
            "add the option; iptables refuses the rule without it"),
        RefusedRule(
            "-m recent --rcheck --update", 28, "a second operation", "one of --set, --rcheck, --update and --remove"),
        RefusedRule(
            "-m limit --limit 5/fortnight", 26, "\"5/fortnight\"", "a rate such as 5/second, 5/minute, 5/hour or 5/day"),
        RefusedRule(
            "-m limit ! --limit 5/sec", 20, "\"--limit\"", "an option that can be negated",
            "leave the ! out; iptables refuses it here"),
        RefusedRule(
            "-m multiport --dports 80", 12, "multiport without a protocol that has ports",
            "-p tcp, udp, udplite, sctp or dccp in the same rule"),
        RefusedRule(
            "-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", 38,
            "\"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\"", "at most 15 ports, a range counted as two"),
        RefusedRule(
            "-p icmp --icmp-type redirected", 29, "\"redirected\"", "an ICMP type by name, or TYPE or TYPE/CODE"),
        RefusedRule(
            "-m physdev", 12, "\"physdev\" by itself", "an option such as --physdev-in",
            "add the option; iptables refuses the rule without it"),
        RefusedRule(
            "-m nfacct", 12, "\"nfacct\" by itself", "--nfacct-name",
            "add the option; iptables refuses the rule without it"),
        RefusedRule("-m set --match-set s up", 30, "\"up\"", "up to 6 of src and dst, separated by commas"),
        RefusedRule(
            "-j REJECT --reject-with icmp-nonsense", 33, "\"icmp-nonsense\"",
            "one of icmp-net-unreachable, icmp-host-unreachable, icmp-proto-unreachable, icmp-port-unreachable, icmp-net-prohibited, icmp-host-prohibited, tcp-reset, icmp-admin-prohibited"
        ),
        RefusedRule("-j REJECT --reject-with tcp-reset", 12, "\"REJECT\" without -p tcp", "-p tcp in the same rule"),
        RefusedRule(
            "-j MARK", table: "mangle", 12, "\"MARK\" by itself", "--set-xmark",
            "add the option; iptables refuses the rule without it"),
        RefusedRule(
            "-j MARK --or-mark 1 --and-mark 1", table: "mangle", 29, "two options that exclude each other",
            "one of them", "leave one of them out; iptables refuses both together"),
        RefusedRule(
            "-j DNAT --to-destination 10.0.0.1:80", table: "nat", 34, "\"10.0.0.1:80\"",
            "no ports, since the rule has no -p tcp, udp, sctp or dccp"),
        RefusedRule(
            "-j DNAT --to-destination fd00::1", table: "nat", 34, "\"fd00::1\"",
            "IPv4 addresses and ports such as 10.0.0.1, 10.0.0.1-10.0.0.9 or 10.0.0.1:80"),
        RefusedRule(
            "-j DNAT", table: "nat", 12, "\"DNAT\" by itself", "--to-destination",
            "add the option; iptables refuses the rule without it"),
        RefusedRule(
            "-j DROP", table: "nat", 1, "-j DROP in the table nat", "a target for translation",
            "drop packets in the table filter; iptables refuses it in nat"),
        RefusedRule("-j LOG --log-level 8", 28, "\"8\"", "a log level from 0 to 7, or a name such as warning"),
        RefusedRule(
            "-j CT --ctevents birth", table: "raw", 26, "\"birth\"",
            "events, one or more of new,related,destroy,reply,assured,protoinfo,helper,mark,natseqinfo,secmark"),
        RefusedRule(
            "-p tcp -m tcp --syn -j TCPMSS --set-mss 65516", table: "mangle", 49, "\"65516\"",
            "a segment size from 0 to 65515"),
        RefusedRule(
            "-j abcdefghijklmnopqrstuvwxyz012", 12, "\"abcdefghijklmnopqrstuvwxyz012\"",
            "the name of a target or chain, 1 to 28 bytes without blanks and quotes"),
        RefusedRule(
            "-m owner --uid-owner 0 --dport 80 -p tcp", 32, "\"--dport\"", "-p before it",
            "put -p and the match with this option first"),
        RefusedRule("-A OTHER -j ACCEPT", 9, "\"-A\"", "one command in a line, not two"),
    ]
}

@Suite struct RulesetErrorTests {
    @Test(arguments: RefusedRule.all)
    func refusedRules(_ refused: RefusedRule) {
        let error = #expect(throws: RulesetError.self) {
            try Ruleset(refused.rule.text, family: refused.rule.family)
        }
        #expect(error?.line == 3)
        #expect(error?.column == refused.column)
        #expect(error?.message == refused.message)
    }

    struct Damaged: Sendable, CustomTestStringConvertible {
        let text: [UInt8]
        let line: Int
        let column: Int
        let found: String
        let expected: String

        init(_ text: String, _ line: Int, _ column: Int, _ found: String, _ expected: String) {
            self.init(Array(text.utf8), line, column, found, expected)
        }

        init(_ text: [UInt8], _ line: Int, _ column: Int, _ found: String, _ expected: String) {
            self.text = text
            self.line = line
            self.column = column
            self.found = found
            self.expected = expected
        }

        var testDescription: String { String(decoding: text, as: UTF8.self) }
    }

    @Test(arguments: [
        Damaged(
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j DROP\n", 4, 1, "the end of the text within the table filter",
            "COMMIT"),
        Damaged(
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tc", 3, 15, "the end of the text within the table filter",
            "COMMIT"),
        Damaged("*filter\n:INPUT ACC", 2, 11, "the end of the text within the table filter", "COMMIT"),
        // A line with its end was not cut.
        Damaged(
            "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tc\n", 3, 13, "\"tc\"",
            "the name of an IP protocol or its number from 0 to 255"),
        Damaged("*filter\n:INPUT ACC\n", 2, 8, "\"ACC\"", "ACCEPT, DROP or -"),
        Damaged(
            "-A INPUT -j DROP\n", 1, 1, "rules as 'iptables -S' prints them, which do not say their table",
            "*TABLE, a comment or an empty line"),
        Damaged("# a comment\n\n:INPUT ACCEPT [0:0]\n", 3, 1, "a chain before any table", "*TABLE before it"),
        Damaged("COMMIT\n", 1, 1, "\"COMMIT\"", "*TABLE before it"),
        Damaged(
            "{\"kind\": \"List\"}\n", 1, 1, "JSON, such as a snapshot or what 'nft -j' prints",
            "*TABLE, a comment or an empty line"),
        Damaged("anything\n", 1, 1, "\"anything\"", "*TABLE, a comment or an empty line"),
        Damaged(
            "Chain INPUT (policy ACCEPT)\n", 1, 1, "a listing of 'iptables -L', which leaves parts of the rules out",
            "*TABLE, a comment or an empty line"),
        Damaged("table ip nat {\n", 1, 1, "a listing of nftables", "*TABLE, a comment or an empty line"),
        Damaged(
            "-A -t 10.96.0.1:443 -s rr\n", 1, 1, "virtual servers of IPVS, as ipvsadm prints them",
            "*TABLE, a comment or an empty line"),
        Damaged(
            "create KUBE-CLUSTER-IP hash:ip,port\n", 1, 1, "IP sets, as ipset prints them",
            "*TABLE, a comment or an empty line"),
        Damaged(
            "bash: iptables-save: command not found\n", 1, 1,
            "the message 'bash: iptables-save: command not found'", "*TABLE, a comment or an empty line"),
        Damaged(
            "sh: 1: iptables-save: not found\n", 1, 1, "the message 'sh: 1: iptables-save: not found'",
            "*TABLE, a comment or an empty line"),
        Damaged(
            "[sudo] password for a: \n*filter\nCOMMIT\n", 1, 1, "a message of sudo",
            "*TABLE, a comment or an empty line"),
        Damaged(
            "*** Authorized access only ***\n*filter\nCOMMIT\n", 1, 1, "the line '*** Authorized access only ***'",
            "*TABLE, a comment or an empty line"),
        Damaged(
            "node-1: *filter\nnode-1: COMMIT\n", 1, 1, "the line 'node-1: *filter'",
            "*TABLE, a comment or an empty line"),
        Damaged(
            "*filter\n-A INPUT -m comment --comment \"op\nclient_loop: send disconnect: Broken pipe\n", 2, 31,
            "the message 'client_loop: send disconnect: Broken pipe' at the end", "all that iptables-save prints"),
        // A comment may hold such words.
        Damaged(
            "*filter\nCOMMIT\nx\n-A INPUT -m comment --comment \"Broken pipe\"\n", 3, 1, "\"x\"",
            "*TABLE, a comment or an empty line"),
        Damaged("*filter\n*nat\nCOMMIT\n", 2, 1, "a new table within the table filter", "COMMIT before it"),
        Damaged("*filter\n:USER ACCEPT [0:0]\nCOMMIT\n", 2, 7, "\"ACCEPT\"", "- for a chain that is not built in"),
        Damaged("*filter\n:INPUT ACCEPT 0:0\nCOMMIT\n", 2, 15, "\"0:0\"", "counters, [PACKETS:BYTES]"),
        Damaged(
            "*filter\n:INPUT\nCOMMIT\n", 2, 7, "the end of the line",
            "the chain's policy, or - for a chain of the user's"),
        Damaged("*filter\n:DROP - [0:0]\nCOMMIT\n", 2, 2, "\"DROP\"", "a chain's name, but this is a target's"),
        Damaged("*filter\n[1:2 -A INPUT\nCOMMIT\n", 2, 1, "\"[1:2\"", "counters, [PACKETS:BYTES]"),
        Damaged("*filter\n-A USER -j DROP\nCOMMIT\n", 2, 4, "\"USER\"", "a chain of the table filter"),
        Damaged("*filter\n-j DROP\nCOMMIT\n", 2, 1, "a line without a command", "a command such as -A CHAIN"),
        Damaged(
            "*filter\n-A INPUT -m comment --comment \"open\nCOMMIT\n", 2, 31, "a double quote that is not closed",
            "its closing quote in the same line"),
        Damaged(
            "*filter\n:U - [0:0]\n-A INPUT -j U --opt\nCOMMIT\n", 3, 15, "\"--opt\"",
            "no options after the jump to the chain U"),
        Damaged("*filter\n-A OUTPUT -i eth0 -j DROP\nCOMMIT\n", 2, 1, "-i in OUTPUT", "a packet that has come in"),
        Damaged("*filter\n-A INPUT -o eth0 -j DROP\nCOMMIT\n", 2, 1, "-o in INPUT", "a packet that goes out"),
        Damaged("*filter\n-N INPUT\nCOMMIT\n", 2, 4, "\"INPUT\"", "the name of a chain that is not there yet"),
        Damaged(
            "*filter\n:U - [0:0]\n-A U -j DROP\n-X U\nCOMMIT\n", 4, 1, "-X of the chain U, which has rules",
            "an empty chain"),
        Damaged(
            "*filter\n-D INPUT -j DROP\nCOMMIT\n", 2, 1, "a command for a rule that the chain INPUT does not have",
            "one of its 0 rules"),
        Damaged(
            "*filter\n-I INPUT 2 -j DROP\nCOMMIT\n", 2, 1, "a command for a rule that the chain INPUT does not have",
            "one of its 0 rules"),
        Damaged(
            "*filter\n-E INPUT OTHER\nCOMMIT\n", 2, 1, "\"-E\"",
            "one of the commands -A, -I, -R, -D, -N, -F, -X, -Z and -P"),
        Damaged(
            Array("*filter\n-A INPUT -m comment --comment ".utf8) + [0xC3, 0x28], 2, 31, "the byte 0xc3",
            "text in UTF-8"),
        Damaged(Array("*filter\n".utf8) + [0xFF, 0xFE], 2, 1, "the byte 0xff", "text in UTF-8"),
        Damaged(Array("*filter\nCOM".utf8) + [0], 2, 4, "the byte 0x00", "text in UTF-8"),
        Damaged(
            "# Generated by iptables-save v1.8.9 on D\n*filter\nCOMMIT\n# Generated by ip6tables-save v1.8.9 on D\n", 4,
            1, "rules of IPv6, by the header of ip6tables-save", "rules of IPv4"),
        Damaged(
            "# Generated by iptables-save v1.8.9 on D\n*filter\nCOMMIT\n# Generated by iptables-save v1.8.9 (nf_tables) on D\n",
            4, 1, "rules of the nft backend, by the header of iptables-save", "rules of the legacy backend as before"),
        // Without a header the family that gets farther is the one that was meant.
        Damaged(
            "*filter\n-A INPUT -s fd00::1\n-A INPUT -s fd00::x\nCOMMIT\n", 3, 13, "\"fd00::x\"",
            "an IPv6 address, ADDRESS or ADDRESS/MASK"),
        Damaged("*filter\n-A USER -s 10.0.0.1 -j DROP\nCOMMIT\n", 2, 4, "\"USER\"", "a chain of the table filter"),
    ])
    func damagedTexts(_ damaged: Damaged) {
        let error = #expect(throws: RulesetError.self) { try Ruleset(parsing: damaged.text) }
        #expect(error?.line == damaged.line)
        #expect(error?.column == damaged.column)
        #expect(error?.found == damaged.found)
        #expect(error?.expected == damaged.expected)
        #expect(error?.remedy.isEmpty == false)
    }

    @Test func aHeaderOfTheOtherFamilyIsRefused() {
        let text = "# Generated by ip6tables-save v1.8.9 on D\n*filter\nCOMMIT\n"
        let error = #expect(throws: RulesetError.self) { try Ruleset(text, family: .ipv4) }
        #expect(
            error?.description
                == "1:1: error: found rules of IPv6, by the header of ip6tables-save, expected rules of IPv4: give the rules of each family by themselves"
        )
    }
}
