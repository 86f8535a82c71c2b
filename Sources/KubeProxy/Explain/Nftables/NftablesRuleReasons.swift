internal import NetAddress
internal import Nftables

/// Why rules, chains and elements of kube-proxy's table are there.
struct NftablesRuleReasons {
    /// The chains that belong to no Service port, in the order in which a packet can meet them.
    static let sharedChains = [
        "filter-prerouting", "filter-prerouting-pre-dnat", "filter-output-pre-dnat", "firewall-check", "nat-prerouting",
        "nat-output", "services", "filter-input", "filter-forward", "filter-output", "nodeport-endpoints-check",
        "service-endpoints-check", "filter-output-post-dnat", "cluster-ips-check", "reject-chain", "nat-postrouting",
        "mark-for-masquerade", "masquerading", "localhost-nodeport-reject-tcp", "localhost-nodeport-reject-udp",
        "localhost-nodeport-reject-sctp",
    ]

    /// Whether a text is the beginning of the name of a Service port's chain, up to its hash or further.
    static func isChain(_ text: String) -> Bool {
        let parts = text.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count > 1, NftablesChainRole(rawValue: String(parts[0])) != nil else { return false }
        // Base32; names of Services have no upper case.
        return !parts[1].isEmpty && parts[1].utf8.count <= 8
            && parts[1].utf8.allSatisfy {
                (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
                    || (UInt8(ascii: "2")...UInt8(ascii: "7")).contains($0)
            }
    }

    /// What a chain is for.
    static func purpose(of chain: NftChain) -> String {
        if let base = chain.base { return "called at hook \(base.hook), priority \(base.priority)" }
        if let role = NftablesChainRole(name: chain.name) {
            return switch role {
            case .service: "the cluster policy: all endpoints"
            case .local: "the local policy: endpoints of this node"
            case .external: "traffic from outside, to node ports, external and load-balancer IPs"
            case .firewall: "the source ranges, checked before anything is translated"
            case .endpoint: "one endpoint"
            case .affinity: "the clients of one endpoint"
            }
        }
        return switch chain.name {
        case "services": "looks Services up"
        case "firewall-check": "looks up whether source ranges hold"
        case "service-endpoints-check": "looks up whether a Service has no endpoint"
        case "nodeport-endpoints-check": "looks up whether a node port has no endpoint"
        case "cluster-ips-check": "takes what is still for a cluster IP after translation"
        case "reject-chain": "refuses connections"
        case "masquerading": "rewrites sources"
        case "mark-for-masquerade": "marks packets whose source is to be rewritten"
        default: "refuses and counts node ports on the loopback address"
        }
    }

    /// Why an element is there.
    static func reason(of element: NftElement, in set: String, _ port: ServicePortPlan) -> String {
        switch set {
        case "cluster-ips": return "its cluster IP: ports that no Service port has are refused there"
        case "hairpin-connections":
            return "an endpoint on this node: what it sends to itself through the Service is masqueraded"
        case "firewall-ips": return "source ranges hold at the load balancer's address"
        case "service-ips", "service-nodeports":
            let place = element.frontend.map { kind(of: $0, port) } ?? "it"
            let role = element.target.map { ChainRole($0, of: ServicePortLabel(port.name)) }
            return "\(place) leads to \(role.map { "\($0)" } ?? "a chain")"
        case "localhost-nodeport-reject-ports": return "the node port is refused on the loopback address"
        default:
            let place = element.frontend.map { kind(of: $0, port) } ?? "it"
            return element.data == "drop"
                ? "\(place) has endpoints, none of them on this node: connections are dropped"
                : "\(place) has no endpoint: connections are refused"
        }
    }

    private static func kind(of frontend: Frontend, _ port: ServicePortPlan) -> String {
        guard let address = frontend.address else { return "the node port" }
        if address == port.clusterIP { return "the cluster IP" }
        return port.loadBalancerIPs.contains(address) ? "the load balancer's address" : "the external IP"
    }

    /// Why a rule of a Service port's chain is there.
    static func reason(of rule: NftRule, in chain: String, _ port: ServicePortPlan) -> String {
        switch NftablesRuleStep(rule, transport: port.name.transport.name.description) {
        case .balance(let count, _):
            return count == 1 ? "all connections go to one endpoint" : "each of \(count) endpoints gets 1/\(count)"
        case .translate(let endpoint): return "connections go to \(endpoint)"
        case .affinity: return "a client that the endpoint remembers goes back to it"
        case .remember:
            return "the client is remembered for \(port.affinitySeconds ?? 0) s after its last connection"
        case .lead(let target, let conditions):
            let place = "\(ChainRole(target, of: ServicePortLabel(port.name)))"
            if conditions.isEmpty { return "external traffic goes to \(place)" }
            return conditions.hasPrefix("fib ")
                ? "the node's own traffic goes to all endpoints" : "traffic of the cluster's pods goes to all endpoints"
        case .masquerade(_, let conditions):
            if conditions.isEmpty {
                return "external traffic is masqueraded, so that replies come back through this node"
            }
            if conditions.hasPrefix("fib ") { return "the node's own traffic is masqueraded" }
            return NftablesChainRole(name: chain) == .endpoint
                ? "what the endpoint sends to itself is masqueraded"
                : "what comes to the cluster IP from outside the cluster is masqueraded"
        case .ranges: return "sources outside of the ranges are dropped"
        case .other: return "kube-proxy writes it for every such chain"
        }
    }

    /// Why a rule of a chain that all Services share is there.
    static func reason(of rule: NftRule, in chain: String) -> String {
        let words = rule.text.split(separator: " ")
        guard let last = words.last else { return "" }
        switch last {
        case "@firewall-ips": return "load balancers' addresses with source ranges"
        case "@service-ips": return "cluster, external and load-balancer IPs"
        case "@service-nodeports": return "node ports, on the addresses that take them"
        case "@no-endpoint-services": return "frontends without endpoints"
        case "@no-endpoint-nodeports": return "node ports without endpoints"
        case "@localhost-nodeport-reject-ports": return "node ports on the loopback address"
        case "fully-random", "masquerade":
            return words.contains("@hairpin-connections")
                ? "pods that reach themselves through a Service" : "marked packets: their source is rewritten"
        case "return": return "packets without the mark are left alone"
        case "drop": return "addresses of the ServiceCIDRs that no Service has"
        case "reject":
            return chain == "cluster-ips-check"
                ? "ports of cluster IPs that no Service port has" : "connections are refused"
        default: break
        }
        if words.count > 1, words[words.count - 2] == "jump" {
            return words.count > 2 ? "new connections only" : "every packet that begins a connection"
        }
        if words.contains("@cluster-ips") { return "what is sent to cluster IPs is marked for masquerading" }
        return chain == "masquerading" ? "the mark is cleared" : "packets are marked for masquerading"
    }
}
