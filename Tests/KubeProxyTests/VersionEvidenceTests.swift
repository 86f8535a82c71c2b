import Iptables
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// What rules show of the version that wrote them.
@Suite struct VersionEvidenceTests {
    /// Rules that show something, with the releases that they leave.
    @Test(arguments: [
        // All that a text without Services has.
        ("*filter\n:KUBE-PROXY-FIREWALL - [0:0]\nCOMMIT\n", 25...37),
        ("*filter\n:KUBE-SERVICES - [0:0]\nCOMMIT\n", 24...37),
        ("*filter\n:KUBE-FORWARD - [0:0]\n-A KUBE-FORWARD -j ACCEPT\nCOMMIT\n", 29...37),
        (
            "*filter\n:KUBE-FORWARD - [0:0]\n-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP\nCOMMIT\n",
            24...37
        ),
        ("*filter\n:KUBE-FORWARD - [0:0]\nCOMMIT\n", 24...37),
        (
            "*filter\n:KUBE-FORWARD - [0:0]\n-A KUBE-FORWARD -m conntrack --ctstate INVALID -m nfacct --nfacct-name  "
                + "ct_state_invalid_dropped_pkts -j DROP\nCOMMIT\n", 31...37
        ),
        ("*nat\n:KUBE-POSTROUTING - [0:0]\n-A KUBE-POSTROUTING -j MASQUERADE\nCOMMIT\n", 24...36),
        ("*nat\n:KUBE-POSTROUTING - [0:0]\n-A KUBE-POSTROUTING -j MASQUERADE --random-fully\nCOMMIT\n", 24...37),
        (
            "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n-A KUBE-SERVICES ! -d 127.0.0.0/8 -m addrtype "
                + "--dst-type LOCAL -j KUBE-NODEPORTS\nCOMMIT\n", 26...37
        ),
        (
            "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n-A KUBE-SERVICES -m addrtype --dst-type LOCAL "
                + "-j KUBE-NODEPORTS\nCOMMIT\n", 24...37
        ),
        (
            "*nat\n:KUBE-FW-AAAAAAAAAAAAAAAA - [0:0]\n:KUBE-EXT-AAAAAAAAAAAAAAAA - [0:0]\n-A KUBE-FW-AAAAAAAAAAAAAAAA "
                + "-s 10.0.0.0/8 -j KUBE-EXT-AAAAAAAAAAAAAAAA\nCOMMIT\n", 24...26
        ),
        (
            "*nat\n:KUBE-FW-AAAAAAAAAAAAAAAA - [0:0]\n-A KUBE-FW-AAAAAAAAAAAAAAAA -m comment --comment \"other\"\n"
                + "COMMIT\n", 27...37
        ),
        (
            "*nat\n:KUBE-FW-AAAAAAAAAAAAAAAA - [0:0]\n:KUBE-EXT-AAAAAAAAAAAAAAAA - [0:0]\n-A KUBE-FW-AAAAAAAAAAAAAAAA "
                + "-j KUBE-EXT-AAAAAAAAAAAAAAAA\n-A KUBE-FW-AAAAAAAAAAAAAAAA -m comment --comment \"other\"\nCOMMIT\n",
            27...33
        ),
        (
            "*nat\n:KUBE-SVL-AAAAAAAAAAAAAAAA - [0:0]\n:KUBE-MARK-DROP - [0:0]\n-A KUBE-SVL-AAAAAAAAAAAAAAAA "
                + "-j KUBE-MARK-DROP\nCOMMIT\n*filter\n:KUBE-PROXY-FIREWALL - [0:0]\nCOMMIT\n", 24...24
        ),
    ])
    func candidates(_ text: String, _ minors: ClosedRange<Int>) throws {
        let rules = try Ruleset(parsing: Array(text.utf8), family: .ipv4)
        #expect(ProxyVersion.candidates(from: rules).map(\.minor) == Array(minors))
    }

    /// Without KUBE-PROXY-FIREWALL and without a jump to it, while kube-proxy's other jumps are there, it is 1.24.
    @Test(arguments: [("", "", 24...24), (":KUBE-PROXY-FIREWALL - [0:0]\n", "", 25...37), ("", "OUTPUT", 24...37)])
    func jumpsOf124(_ chain: String, _ jumpingFrom: String, _ minors: ClosedRange<Int>) throws {
        let jumps = [
            "INPUT -j KUBE-EXTERNAL-SERVICES", "INPUT -j KUBE-NODEPORTS", "FORWARD -j KUBE-FORWARD",
            "OUTPUT -j KUBE-SERVICES",
        ]
        let names = ["SERVICES", "EXTERNAL-SERVICES", "FORWARD", "NODEPORTS"].map { ":KUBE-\($0) - [0:0]\n" }
        let stray = jumpingFrom.isEmpty ? "" : "-A \(jumpingFrom) -j KUBE-PROXY-FIREWALL\n"
        let text =
            "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n" + names.joined() + chain
            + jumps.map { "-A \($0)\n" }.joined() + stray + "COMMIT\n"
        let rules = try Ruleset(parsing: Array(text.utf8), family: .ipv4)
        #expect(ProxyVersion.candidates(from: rules).map(\.minor) == Array(minors))
    }

    /// IPv6 has no node ports on loopback since 1.26.
    @Test(arguments: [("! -d ::1/128 ", 26...37), ("", 24...25)])
    func tailOfIPv6(_ condition: String, _ minors: ClosedRange<Int>) throws {
        let text =
            "*nat\n:KUBE-SERVICES - [0:0]\n:KUBE-NODEPORTS - [0:0]\n-A KUBE-SERVICES \(condition)-m addrtype "
            + "--dst-type LOCAL -j KUBE-NODEPORTS\nCOMMIT\n"
        let rules = try Ruleset(parsing: Array(text.utf8), family: .ipv6)
        #expect(ProxyVersion.candidates(from: rules).map(\.minor) == Array(minors))
    }

    /// Rules that contradict each other leave nothing.
    @Test func mixture() throws {
        let text = """
            *filter
            :KUBE-PROXY-FIREWALL - [0:0]
            :KUBE-FORWARD - [0:0]
            -A KUBE-FORWARD -m nfacct --nfacct-name  ct_state_invalid_dropped_pkts -j DROP
            COMMIT
            *nat
            :KUBE-FW-AAAAAAAAAAAAAAAA - [0:0]
            :KUBE-EXT-AAAAAAAAAAAAAAAA - [0:0]
            -A KUBE-FW-AAAAAAAAAAAAAAAA -s 10.0.0.0/8 -j KUBE-EXT-AAAAAAAAAAAAAAAA
            COMMIT

            """
        let rules = try Ruleset(parsing: Array(text.utf8), family: .ipv4)
        #expect(ProxyVersion.candidates(from: rules).isEmpty)
    }

    /// A version's own text always leaves the version.
    @Test(arguments: VersionedCase.names(in: VersionedCase.iptables))
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.iptables)
        let family: String = recorded.options.contains("ipv6") ? "ipv6" : "ipv4"
        for text in recorded.texts {
            // Spellings of addresses that iptables does not take are no part of a dump.
            guard
                let rules = try? Ruleset(parsing: Array(text.expected.utf8), family: family == "ipv6" ? .ipv6 : .ipv4)
            else { continue }
            let minors = ProxyVersion.candidates(from: rules).map(\.minor)
            #expect(Set(text.minors).isSubset(of: minors), "\(text.minors): \(minors)")
        }
    }
}
