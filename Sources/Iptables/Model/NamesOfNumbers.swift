internal import KubeChainsBytes

/// Names of ports as `/etc/services` has them, so far as people write them in rules.
///
/// iptables asks the host; these are the same on all of them. iptables-save writes numbers.
enum PortServiceNames {
    private static let ports: [(name: StaticString, port: UInt16)] = [
        ("ftp-data", 20), ("ftp", 21), ("ssh", 22), ("telnet", 23), ("smtp", 25), ("time", 37), ("domain", 53),
        ("bootps", 67), ("bootpc", 68), ("tftp", 69), ("finger", 79), ("http", 80), ("kerberos", 88), ("pop3", 110),
        ("sunrpc", 111), ("auth", 113), ("nntp", 119), ("ntp", 123), ("netbios-ns", 137), ("netbios-dgm", 138),
        ("netbios-ssn", 139), ("imap2", 143), ("imap", 143), ("snmp", 161), ("snmp-trap", 162), ("bgp", 179),
        ("ldap", 389), ("https", 443), ("microsoft-ds", 445), ("isakmp", 500), ("syslog", 514), ("printer", 515),
        ("submission", 587), ("ldaps", 636), ("rsync", 873), ("imaps", 993), ("pop3s", 995), ("openvpn", 1194),
        ("ms-sql-s", 1433), ("nfs", 2049), ("mysql", 3306), ("ipsec-nat-t", 4500), ("sip", 5060),
        ("postgresql", 5432), ("amqp", 5672), ("x11", 6000), ("http-alt", 8080),
    ]

    static func port(named name: ByteView) -> UInt16? {
        ports.first { name == $0.name }?.port
    }
}

/// Names of IP protocols: those of iptables itself (`xtables_chain_protos`), then those of `/etc/protocols` (Debian 12).
enum ProtocolNames {
    private static let protocols: [(name: StaticString, number: UInt8)] = [
        ("tcp", 6), ("sctp", 132), ("udp", 17), ("udplite", 136), ("icmp", 1), ("ipv6-icmp", 58), ("icmpv6", 58),
        ("esp", 50), ("ah", 51), ("mobility-header", 135), ("ipv6-mh", 135), ("mh", 135), ("all", 0),
        ("ip", 0), ("hopopt", 0), ("igmp", 2), ("ggp", 3), ("ipencap", 4), ("ip-encap", 4), ("st", 5), ("egp", 8),
        ("igp", 9), ("pup", 12), ("hmp", 20), ("xns-idp", 22), ("rdp", 27), ("iso-tp4", 29), ("dccp", 33), ("xtp", 36),
        ("ddp", 37), ("idpr-cmtp", 38), ("ipv6", 41), ("ipv6-route", 43), ("ipv6-frag", 44), ("idrp", 45), ("rsvp", 46),
        ("gre", 47), ("ipsec-esp", 50), ("ipsec-ah", 51), ("skip", 57), ("ipv6-nonxt", 59), ("ipv6-opts", 60),
        ("rspf", 73), ("vmtp", 81), ("eigrp", 88), ("ospf", 89), ("ospfigp", 89), ("ax.25", 93), ("ipip", 94),
        ("etherip", 97), ("encap", 98), ("pim", 103), ("ipcomp", 108), ("vrrp", 112), ("l2tp", 115), ("isis", 124),
        ("fc", 133), ("mpls-in-ip", 137), ("manet", 138), ("hip", 139), ("shim6", 140), ("wesp", 141), ("rohc", 142),
        ("ethernet", 143),
    ]

    /// The number of the protocol with a name, whatever its case.
    static func number(named name: ByteView) -> UInt8? {
        protocols.first { name.equalsIgnoringCase($0.name) }?.number
    }

    /// The name that iptables-save writes for a number other than 0; nil where it writes the number.
    static func name(of number: UInt8) -> StaticString? {
        protocols.first { $0.number == number }?.name
    }
}
