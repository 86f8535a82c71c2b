/// Dumps of rules, as iptables-save prints them, in which one thing is large.
enum GrowthRules {
    /// A chain of others with rules that drop what comes for a port.
    static func foreignChain(_ count: Int, port: Int) -> String {
        "*filter\n:INPUT ACCEPT [0:0]\n:BAN - [0:0]\n-A INPUT -j BAN\n" + bans(count, port: port) + "COMMIT\n"
    }

    /// The same jump many times.
    static func repeatedJumps(_ count: Int) -> String {
        "*filter\n:INPUT ACCEPT [0:0]\n:BAN - [0:0]\n" + String(repeating: "-A INPUT -j BAN\n", count: count)
            + "-A BAN -j DROP\nCOMMIT\n"
    }

    /// Rules that ask for an interface which nobody names.
    static func interfaces(_ count: Int) -> String {
        "*filter\n:FORWARD ACCEPT [0:0]\n" + (0..<count).map { "-A FORWARD -i eth\($0) -j DROP\n" }.joined()
            + "COMMIT\n"
    }

    /// Rules that each send what comes by an interface which nobody names somewhere else, so that all outcomes differ.
    static func destinations(_ count: Int) -> String {
        "*nat\n:PREROUTING ACCEPT [0:0]\n"
            + (0..<count).map { index in
                "-A PREROUTING -i eth\(index) -p tcp -j DNAT --to-destination 10.9.\(index >> 8 & 255).\(index & 255):80\n"
            }.joined() + "COMMIT\n"
    }

    /// Rules that set one mark under conditions which nobody can decide, or one of eight by chance.
    static func marks(_ count: Int, byChance: Bool = false) -> String {
        "*mangle\n:PREROUTING ACCEPT [0:0]\n"
            + (0..<count).map { index in
                byChance
                    ? "-A PREROUTING -m statistic --mode random --probability 0.5 -j MARK --set-xmark \(index % 8)\n"
                    : "-A PREROUTING -m set --match-set s\(index) src -j MARK --set-xmark 1\n"
            }.joined() + "COMMIT\n"
    }

    /// A node's rules with rules of others beside them.
    ///
    /// - Parameters:
    ///   - saved: what `render -o save` gives.
    ///   - bans: rules of a chain that INPUT or FORWARD jumps to.
    ///   - depth: chains, each of which jumps three times to the next one.
    static func node(_ saved: String, bans count: Int = 0, from hook: String = "INPUT", depth: Int = 0) -> String {
        var (filter, nat) = ("", "")
        for line in saved.split(separator: "\n") {
            if nat.isEmpty, line != "*nat" { filter += line + "\n" } else { nat += line + "\n" }
        }
        let chains = ["INPUT", "FORWARD", "OUTPUT"].map { ":\($0) ACCEPT [0:0]\n" }.joined()
        let others = (["BAN"] + (0..<depth).map { "DEEP\($0)" }).map { ":\($0) - [0:0]\n" }.joined()
        var rules = jumps + (count > 0 ? "-A \(hook) -j BAN\n" + bans(count, port: 443) : "")
        if depth > 0 { rules += "-A INPUT -j DEEP0\n" }
        for level in 0..<depth {
            rules +=
                level + 1 < depth
                ? String(repeating: "-A DEEP\(level) -j DEEP\(level + 1)\n", count: 3)
                : "-A DEEP\(level) -s 11.0.0.1/32 -j DROP\n"
        }
        let builtIn = ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"].map { ":\($0) ACCEPT [0:0]\n" }.joined()
        var text = "*filter\n" + chains + others
        text += filter.dropFirst("*filter\n".count).dropLast("COMMIT\n".count)
        text += rules + "COMMIT\n*nat\n" + builtIn
        text += nat.dropFirst("*nat\n".count).dropLast("COMMIT\n".count)
        return text + natJumps + "COMMIT\n"
    }

    private static func bans(_ count: Int, port: Int) -> String {
        (0..<count).map { index in
            "-A BAN -s 11.\(index >> 16 & 255).\(index >> 8 & 255).\(index & 255)/32 -p tcp -m tcp --dport \(port) -j DROP\n"
        }.joined()
    }

    /// kube-proxy's jumps from the built-in chains.
    private static let jumps = """
        -A INPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
        -A INPUT -j KUBE-NODEPORTS
        -A INPUT -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
        -A INPUT -j KUBE-FIREWALL
        -A FORWARD -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
        -A FORWARD -j KUBE-FORWARD
        -A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
        -A FORWARD -m conntrack --ctstate NEW -j KUBE-EXTERNAL-SERVICES
        -A OUTPUT -m conntrack --ctstate NEW -j KUBE-PROXY-FIREWALL
        -A OUTPUT -m conntrack --ctstate NEW -j KUBE-SERVICES
        -A OUTPUT -j KUBE-FIREWALL

        """
    private static let natJumps = """
        -A PREROUTING -j KUBE-SERVICES
        -A OUTPUT -j KUBE-SERVICES
        -A POSTROUTING -j KUBE-POSTROUTING

        """
}
