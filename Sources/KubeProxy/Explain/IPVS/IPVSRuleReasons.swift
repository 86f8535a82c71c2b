internal import KubeChainsBytes
internal import NetAddress

/// Gives the reasons for the rules around IPVS. They are read from the text, which is the same for all clusters except
/// for the sets' names and a few settings.
struct IPVSRuleReasons {
    private let plan: NodePlan

    /// All rules, in kube-proxy's order.
    static func rules(of state: IPVSPlan) -> [ExplainedIPVSRule] {
        let reasons = IPVSRuleReasons(plan: state.plan)
        let family = state.plan.settings.family
        var sets: [Substring: IPSet] = [:]
        for set in IPSet.allCases { sets[Substring(set.name(family))] = set }
        var table = ""
        var rules: [ExplainedIPVSRule] = []
        for line in state.text(.restore).split(separator: "\n") {
            if line.hasPrefix("*") { table = String(line.dropFirst()) }
            guard line.hasPrefix("-A ") else { continue }
            let words = line.split(separator: " ")
            func word(after option: Substring) -> Substring? {
                words.lastIndex(of: option).map { words[$0 + 1] }
            }
            let chain = String(words[1])
            let set = word(after: "--match-set").flatMap { sets[$0] }
            let target = word(after: "-j").map(String.init) ?? ""
            rules.append(
                ExplainedIPVSRule(
                    table: table, chain: chain, set: set, target: target, text: String(line),
                    why: set.map { reasons.why($0, chain, target) }
                        ?? reasons.why(chain, target, asksState: line.contains(text: " --ctstate "))))
        }
        return rules
    }

    /// How the rule about a refused origin tells it.
    static func conditions(of origin: RefusedOrigin) -> String {
        " --vaddr \(origin.address) --vproto \(origin.transport.name) --vport \(origin.port) "
    }

    // MARK: Rules

    private func why(_ set: IPSet, _ chain: String, _ target: String) -> String {
        switch (set, target) {
        case (.loopBack, _):
            "hairpin: an endpoint of this node that is its own client gets an answer from this node, or it would drop it"
        case (.clusterIP, "KUBE-MARK-MASQ"): clusterIPMasquerade
        case (.externalIP, "KUBE-MARK-MASQ"):
            "external IPs under externalTrafficPolicy Cluster: the source is to be rewritten, since the endpoint may be on "
                + "another node"
        case (.nodePortTCP, _), (.nodePortUDP, _), (.nodePortSCTP, _):
            "other node ports, under externalTrafficPolicy Cluster: the source is to be rewritten, since the endpoint may be "
                + "on another node"
        case (.nodePortLocalTCP, _), (.nodePortLocalUDP, _), (.nodePortLocalSCTP, _):
            "node ports under externalTrafficPolicy Local keep the source"
        case (.loadBalancer, "KUBE-LOAD-BALANCER"): "what is sent to a load balancer's IP may have to be masqueraded"
        case (.loadBalancerLocal, _): "load balancers' IPs under externalTrafficPolicy Local keep the source"
        case (.loadBalancerFirewall, _):
            "load balancers' IPs with loadBalancerSourceRanges: each packet is checked against the ranges"
        case (.loadBalancerSourceCIDR, _): "the client is in one of the ranges"
        case (.loadBalancerSourceIP, _):
            "a range holds this node (\(plan.node.nodeIP)), which sends from the load balancer's IP, that it has itself"
        case (.healthCheckNodePort, "ACCEPT"):
            "load balancers ask health check node ports whether this node has endpoints of its own; kube-proxy answers"
        case (.healthCheckNodePort, _): "health check node ports answer on the addresses of kube-ipvs0 too"
        case (.boundAddresses, _):
            "other ports of the addresses of kube-ipvs0, and pings of them, are rejected: this node is not their owner"
        case (_, "ACCEPT"): "done: no further rule of the nat table sees it"
        default: chain == "KUBE-IPVS-FILTER" ? "an address and port of a Service: IPVS takes it" : ""
        }
    }

    private var clusterIPMasquerade: String {
        if plan.settings.masqueradeAll {
            return "masqueradeAll: the source of all that is sent to cluster IPs is to be rewritten"
        }
        return plan.node.localTraffic.map {
            "sent to cluster IPs by others than pods (\($0.negatedPhrase)): the source is to be rewritten, so that the "
                + "answer comes back through this node"
        }
            ?? "traffic of pods cannot be detected: the source is rewritten only where it is a cluster IP itself, as with "
            + "this node's own traffic"
    }

    /// The rules that match no set.
    private func why(_ chain: String, _ target: String, asksState: Bool) -> String {
        let shared = RuleReasons(plan, nil)
        switch (chain, target) {
        case ("KUBE-SERVICES", "RETURN"): return "what loopback addresses send is left alone"
        case ("KUBE-SERVICES", _): return "what is sent to an address of this node may be for a node port"
        case ("KUBE-LOAD-BALANCER", _):
            return
                "load balancers' IPs under externalTrafficPolicy Cluster: the source is to be rewritten, since the endpoint "
                + "may be on another node"
        case ("KUBE-SOURCE-RANGES-FIREWALL", _): return "everybody else is dropped: clients time out"
        case ("KUBE-IPVS-OUT-FILTER", _):
            return
                "no source range holds this node (\(plan.node.nodeIP)): what it sends from the load balancer's IP, that it "
                + "has itself, is dropped"
        case ("KUBE-POSTROUTING", "RETURN"): return shared.why(.passUnmarked)
        case ("KUBE-POSTROUTING", "MARK"): return shared.why(.clearMark)
        case ("KUBE-POSTROUTING", _): return shared.why(.masquerade)
        case ("KUBE-MARK-MASQ", _): return shared.why(.setMark)
        case ("KUBE-FORWARD", _): return shared.why(asksState ? .acceptKnown : .acceptMarked)
        default: return ""
        }
    }

    // MARK: Chains

    static func purpose(of chain: String, in table: String) -> String {
        switch (chain, table) {
        case ("KUBE-SERVICES", _): "marks what is to be masqueraded of what is sent to Services"
        case ("KUBE-POSTROUTING", _): "rewrites the source of what is marked for it, and of hairpins"
        case ("KUBE-NODE-PORT", "nat"): "marks what is to be masqueraded of what is sent to node ports"
        case ("KUBE-NODE-PORT", _): "lets load balancers' health checks in"
        case ("KUBE-LOAD-BALANCER", _): "marks what is to be masqueraded of what is sent to load balancers' IPs"
        case ("KUBE-MARK-MASQ", _): "marks packets for KUBE-POSTROUTING"
        case ("KUBE-FORWARD", _): "lets Services' traffic be forwarded"
        case ("KUBE-PROXY-FIREWALL", _): "finds what is sent to load balancers' IPs that have source ranges"
        case ("KUBE-SOURCE-RANGES-FIREWALL", _): "drops what no source range lets in"
        case ("KUBE-IPVS-FILTER", _): "rejects what is sent to Services' addresses, but to no port of a Service"
        case ("KUBE-IPVS-OUT-FILTER", _):
            "drops what this node sends to load balancers whose source ranges do not hold it"
        default: ""
        }
    }
}
