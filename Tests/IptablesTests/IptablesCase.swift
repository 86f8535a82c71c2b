import NetAddress

/// A rule that real iptables is asked to make, in the chain of the table where it belongs.
struct IptablesCase: Sendable {
    /// A program that must have made something before, such as `ipset`.
    enum Helper: String, Sendable {
        case ipset, nfacct
    }

    /// The match or target that the case is for.
    let kind: String
    let rule: String
    var table = "filter"
    var chain = "FORWARD"
    var families = AddressFamily.allCases
    var helper: Helper?

    static func of(_ family: AddressFamily) -> [IptablesCase] { all.filter { $0.families.contains(family) } }

    private static func filter(_ kind: String, _ rules: String...) -> [IptablesCase] {
        rules.map { IptablesCase(kind: kind, rule: $0) }
    }

    private static func ipv4(_ kind: String, _ rules: String...) -> [IptablesCase] {
        rules.map { IptablesCase(kind: kind, rule: $0, families: [.ipv4]) }
    }

    private static func ipv6(_ kind: String, _ rules: String...) -> [IptablesCase] {
        rules.map { IptablesCase(kind: kind, rule: $0, families: [.ipv6]) }
    }

    private static func of(
        _ table: String, _ chain: String, _ kind: String, _ families: [AddressFamily] = AddressFamily.allCases,
        _ rules: String...
    ) -> [IptablesCase] {
        rules.map { IptablesCase(kind: kind, rule: $0, table: table, chain: chain, families: families) }
    }

    static let all: [IptablesCase] = matches + portMatches + targets + natTargets

    private static let matches: [IptablesCase] =
        ipv4(
            "addresses", "-s 10.0.0.1 -d 10.0.0.0/8", "! -s 10.0.0.0/255.0.255.0", "! -d 0.0.0.0/0", "-s 1.2.3.4/1",
            "-f",
            "! -f -d 10.0.0.1")
        + ipv6(
            "addresses", "-s fd00::1 -d fd00::/64", "! -s fd00::7/ffff::ff", "-d ::ffff:10.0.0.1", "-s ::10.0.0.1",
            "-d ::1:0",
            "-s 1:0:0:2:0:0:0:3", "! -d ::/0")
        + filter("interfaces", "-i eth0 -o eth1", "! -i cni+ ! -o abcdefghijklmno", "-i +")
        + filter(
            "protocols", "-p tcp", "! -p udp", "-p 47", "-p 253", "-p esp", "-p sctp", "-p dccp", "-p ipv6-icmp",
            "-p icmp")
        + filter(
            "comment", "-m comment --comment plain", "-m comment --comment \"two words\"",
            "-m comment --comment \"quotes ' \\\" and \\\\ backslash\"", "-m comment --comment \"\"",
            "-m comment --comment \"ns/svc:http -> 10.0.0.1:80\"", "-m comment --comment a -m comment --comment b")
        + filter("mark", "-m mark --mark 0x4000/0x4000", "-m mark ! --mark 1", "-m mark --mark 0xffffffff/0x0f")
        + filter("connmark", "-m connmark --mark 0x4000/0x4000", "-m connmark ! --mark 1")
        + filter(
            "conntrack", "-m conntrack --ctstate NEW", "-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT,SNAT",
            "-m conntrack --ctstate INVALID,UNTRACKED --ctdir REPLY",
            "-m conntrack --ctproto tcp --ctorigdstport 80:90",
            "-m conntrack --ctstatus NONE", "-m conntrack ! --ctstatus EXPECTED,ASSURED,CONFIRMED,SEEN_REPLY",
            "-m conntrack --ctexpire 5:100", "-m conntrack ! --ctexpire 7 --ctdir ORIGINAL",
            "-m conntrack --ctreplsrcport 1 ! --ctrepldstport 2:3 --ctorigsrcport 4")
        + ipv4(
            "conntrack", "-m conntrack --ctorigsrc 10.1.2.3/8 ! --ctorigdst 10.0.0.1",
            "-m conntrack --ctreplsrc 10.0.0.0/255.0.0.0 --ctrepldst 1.1.1.1")
        + ipv6(
            "conntrack", "-m conntrack --ctorigsrc fd00::1/64 ! --ctorigdst fd00::2",
            "-m conntrack --ctreplsrc fd00:: --ctrepldst ::1")
        + filter("state", "-m state --state RELATED,ESTABLISHED", "-m state ! --state INVALID,NEW,UNTRACKED")
        + filter(
            "addrtype", "-m addrtype --dst-type LOCAL", "-m addrtype ! --src-type LOCAL,UNICAST ! --dst-type MULTICAST",
            "-m addrtype --dst-type ANYCAST,UNREACHABLE")
        + ipv4("addrtype", "-m addrtype --dst-type BROADCAST,THROW,UNSPEC,BLACKHOLE,PROHIBIT")
        + of("filter", "INPUT", "addrtype", AddressFamily.allCases, "-m addrtype --dst-type LOCAL --limit-iface-in")
        + of("filter", "OUTPUT", "addrtype", AddressFamily.allCases, "-m addrtype --src-type LOCAL --limit-iface-out")
        + filter(
            "statistic", "-m statistic --mode random --probability 0.3333333333",
            "-m statistic --mode random ! --probability 0.0714285714", "-m statistic --mode random --probability 1",
            "-m statistic --mode random --probability 0", "-m statistic --mode nth --every 3 --packet 2",
            "-m statistic --mode nth ! --every 1 --packet 0")
        + filter(
            "recent", "-m recent --set", "-m recent --name KUBE-SEP-A --rcheck --seconds 10800 --reap --rsource",
            "-m recent --name b ! --update --seconds 5 --hitcount 4 --rttl --rdest", "-m recent --remove --name c")
        + ipv4("recent", "-m recent --rcheck --name d --mask 255.255.255.0")
        + ipv6("recent", "-m recent --rcheck --name d --mask ffff:ffff::")
        + [
            IptablesCase(kind: "set", rule: "-m set --match-set SET src", helper: .ipset),
            IptablesCase(kind: "set", rule: "-m set ! --match-set SET dst,src --return-nomatch", helper: .ipset),
            IptablesCase(
                kind: "set",
                rule:
                    "-m set --match-set SET src ! --update-counters ! --update-subcounters --packets-gt 5 ! --bytes-eq 6",
                helper: .ipset),
            IptablesCase(kind: "nfacct", rule: "-m nfacct --nfacct-name kubechains_test", helper: .nfacct),
        ]
        + filter(
            "physdev", "-m physdev --physdev-in vif1.0 ! --physdev-is-out",
            "-m physdev ! --physdev-in vif+ --physdev-is-bridged --physdev-out eth0")
        + filter(
            "limit", "-m limit", "-m limit --limit 10/sec --limit-burst 20", "-m limit --limit 5/minute",
            "-m limit --limit 7/hour",
            "-m limit --limit 2/day", "-m limit --limit 333/sec", "-m limit --limit 10000/sec --limit-burst 1")
        + of(
            "raw", "PREROUTING", "rpfilter", AddressFamily.allCases, "-m rpfilter",
            "-m rpfilter --loose --validmark --accept-local --invert")
        + filter(
            "unmodelled", "-m string --string \"GET /\" --algo bm", "-m length --length 5:10",
            "-m time --timestart 08:00 --weekdays Mon", "-m u32 --u32 \"0=1\"")

    private static let portMatches: [IptablesCase] =
        filter(
            "tcp", "-p tcp -m tcp --dport 80", "-p tcp ! --sport 1024: --dport :1023", "-p tcp --syn",
            "-p tcp ! --syn --dport 22",
            "-p tcp --tcp-flags ALL NONE", "-p tcp ! --tcp-flags SYN,FIN SYN,FIN", "-p tcp --tcp-option 5",
            "-p tcp ! --tcp-option 7 --sport 5",
            "-p tcp -m tcp", "-p tcp --dport 0", "-p tcp -m comment --comment x --dport http")
        + filter("udp", "-p udp --dport 53", "-p udp -m udp ! --dport 1:2 --sport 3:", "-p udp -m udp")
        + filter(
            "sctp", "-p sctp --dport 80", "-p sctp ! --sport 1:5", "-p sctp --chunk-types any DATA,INIT,SACK",
            "-p sctp --chunk-types all DATA:Be,ABORT:t", "-p sctp ! --chunk-types only ALL",
            "-p sctp --chunk-types any NONE")
        + filter(
            "multiport", "-p tcp -m multiport --dports 80,443,8000:8100", "-p udp -m multiport ! --sports 1,2",
            "-p sctp -m multiport --ports 5",
            "-p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15")
        + ipv4(
            "icmp", "-p icmp --icmp-type echo-request", "-p icmp -m icmp ! --icmp-type 3/4", "-p icmp --icmp-type any",
            "-p icmp --icmp-type TOS-network-redirect")
        + ipv6(
            "icmp6", "-p icmpv6 --icmpv6-type echo-request", "-p icmpv6 ! --icmpv6-type 1/4",
            "-p ipv6-icmp --icmpv6-type neighbour-solicitation")

    private static let targets: [IptablesCase] =
        filter("verdicts", "-j ACCEPT", "-j DROP", "-j RETURN", "-s 0/0", "-j USER", "-g USER")
        + ipv4(
            "REJECT", "-j REJECT", "-j REJECT --reject-with icmp-net-unreachable",
            "-j REJECT --reject-with host-unreach",
            "-j REJECT --reject-with icmp-proto-unreachable", "-j REJECT --reject-with icmp-net-prohibited",
            "-j REJECT --reject-with icmp-host-prohibited", "-j REJECT --reject-with admin-prohib",
            "-p tcp -j REJECT --reject-with tcp-reset")
        + ipv6(
            "REJECT", "-j REJECT", "-j REJECT --reject-with no-route", "-j REJECT --reject-with icmp6-adm-prohibited",
            "-j REJECT --reject-with addr-unreach", "-j REJECT --reject-with policy-fail",
            "-j REJECT --reject-with reject-route",
            "-p tcp -j REJECT --reject-with tcp-reset")
        + filter(
            "LOG", "-j LOG", "-j LOG --log-prefix \"drop: \" --log-level debug",
            "-j LOG --log-prefix x --log-level 0 --log-tcp-sequence --log-tcp-options --log-ip-options --log-uid --log-macdecode"
        )
        + filter(
            "NFLOG", "-j NFLOG",
            "-j NFLOG --nflog-group 5 --nflog-prefix \"a 'b'\" --nflog-size 64 --nflog-threshold 3",
            "-j NFLOG --nflog-size 0")
        + of(
            "mangle", "PREROUTING", "MARK", AddressFamily.allCases, "-j MARK --or-mark 0x4000",
            "-j MARK --xor-mark 0x4000", "-j MARK --and-mark 0xff", "-j MARK --set-mark 5/0xff",
            "-j MARK --set-xmark 0x1/0x0")
        + of(
            "mangle", "PREROUTING", "CONNMARK", AddressFamily.allCases, "-j CONNMARK --save-mark",
            "-j CONNMARK --restore-mark --mask 0xff",
            "-j CONNMARK --save-mark --nfmask 0xf --ctmask 0xf0", "-j CONNMARK --set-mark 5", "-j CONNMARK --or-mark 1",
            "-j CONNMARK --set-xmark 1/3 --left-shift-mark 2", "-j CONNMARK --restore-mark --right-shift-mark 3")
        + of(
            "mangle", "FORWARD", "TCPMSS", AddressFamily.allCases,
            "-p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu",
            "-p tcp --syn -j TCPMSS --set-mss 1400")
        + of(
            "mangle", "FORWARD", "unmodelled", AddressFamily.allCases, "-j DSCP --set-dscp 0x2e",
            "-j CLASSIFY --set-class 1:1")
        + of(
            "raw", "PREROUTING", "CT", AddressFamily.allCases, "-j CT --notrack", "-j CT --zone 5",
            "-j CT --zone-orig 6", "-j CT --zone-reply mark",
            "-j CT --ctevents new,related,destroy --expevents new", "-j CT --zone 0")
        + of("raw", "PREROUTING", "NOTRACK", AddressFamily.allCases, "-j NOTRACK")
        + of("raw", "PREROUTING", "TRACE", AddressFamily.allCases, "-p tcp -j TRACE")

    private static let natTargets: [IptablesCase] =
        of(
            "nat", "PREROUTING", "DNAT", [.ipv4], "-j DNAT --to-destination 10.0.0.1",
            "-p tcp -j DNAT --to-destination 10.0.0.1:80",
            "-p udp -j DNAT --to-destination 10.0.0.1-10.0.0.9:80-90 --random --persistent",
            "-p tcp -j DNAT --to-destination :8080",
            "-p tcp -j DNAT --to-destination 10.0.0.1:1000-2000/5000",
            "-p tcp -j DNAT --to-destination 10.0.0.1:2000-2000/5000")
        + of(
            "nat", "PREROUTING", "DNAT", [.ipv6], "-j DNAT --to-destination fd00::1",
            "-p tcp -j DNAT --to-destination [fd00::1]:80",
            "-p udp -j DNAT --to-destination [fd00::1-fd00::9]:80-90 --random",
            "-p sctp -j DNAT --to-destination fd00::1-fd00::2 --persistent")
        + of(
            "nat", "POSTROUTING", "SNAT", [.ipv4], "-j SNAT --to-source 10.0.0.1",
            "-p tcp -j SNAT --to-source 10.0.0.1-10.0.0.9:1024-65535 --random-fully --persistent --random")
        + of(
            "nat", "POSTROUTING", "SNAT", [.ipv6], "-j SNAT --to-source fd00::1",
            "-p tcp -j SNAT --to-source [fd00::1]:1024-65535 --random-fully")
        + of(
            "nat", "POSTROUTING", "MASQUERADE", AddressFamily.allCases, "-j MASQUERADE", "-j MASQUERADE --random-fully",
            "-p tcp -j MASQUERADE --to-ports 1024-65535 --random")
        + of(
            "nat", "PREROUTING", "REDIRECT", AddressFamily.allCases, "-j REDIRECT",
            "-p tcp -j REDIRECT --to-ports 8080", "-p tcp -j REDIRECT --to-ports 8080-8090 --random")
}
