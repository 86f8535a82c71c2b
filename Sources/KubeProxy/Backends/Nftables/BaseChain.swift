/// A chain that the kernel's hooks call.
struct BaseChain {
    let name: StaticString
    let specification: StaticString

    /// The base chains, in kube-proxy's order.
    static func all(_ behaviors: ProxyBehaviors) -> [BaseChain] {
        let filter =
            behaviors.contains(.nftablesEarlyFilterChains)
            ? [
                BaseChain(
                    name: "filter-prerouting", specification: " { type filter hook prerouting priority -110 ; }"),
                BaseChain(name: "filter-input", specification: " { type filter hook input priority -110 ; }"),
                BaseChain(name: "filter-forward", specification: " { type filter hook forward priority -110 ; }"),
                BaseChain(name: "filter-output", specification: " { type filter hook output priority -110 ; }"),
                BaseChain(
                    name: "filter-output-post-dnat", specification: " { type filter hook output priority -90 ; }"),
            ]
            : [
                BaseChain(
                    name: "filter-prerouting-pre-dnat",
                    specification: " { type filter hook prerouting priority -110 ; }"),
                BaseChain(
                    name: "filter-output-pre-dnat", specification: " { type filter hook output priority -110 ; }"),
                BaseChain(name: "filter-input", specification: " { type filter hook input priority 0 ; }"),
                BaseChain(name: "filter-forward", specification: " { type filter hook forward priority 0 ; }"),
                BaseChain(name: "filter-output", specification: " { type filter hook output priority 0 ; }"),
            ]
        return filter + [
            BaseChain(name: "nat-prerouting", specification: " { type nat hook prerouting priority -100 ; }"),
            BaseChain(name: "nat-output", specification: " { type nat hook output priority -100 ; }"),
            BaseChain(name: "nat-postrouting", specification: " { type nat hook postrouting priority 100 ; }"),
        ]
    }

    /// The chains that base chains jump to, each with these base chains, in kube-proxy's order.
    static func jumps(_ behaviors: ProxyBehaviors) -> [(target: StaticString, bases: [StaticString])] {
        let isOld = behaviors.contains(.nftablesEarlyFilterChains)
        return [
            ("nodeport-endpoints-check", ["filter-input"]),
            ("service-endpoints-check", ["filter-input", "filter-forward", "filter-output"]),
            (
                "firewall-check",
                isOld
                    ? ["filter-prerouting", "filter-output"]
                    : ["filter-prerouting-pre-dnat", "filter-output-pre-dnat"]
            ),
            ("services", ["nat-output", "nat-prerouting"]),
            ("masquerading", ["nat-postrouting"]),
            ("cluster-ips-check", ["filter-forward", isOld ? "filter-output-post-dnat" : "filter-output"]),
        ]
    }
}
