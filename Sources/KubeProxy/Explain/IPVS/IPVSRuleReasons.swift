internal import KubeChainsBytes

/// Gives the reasons for the rules around IPVS, by their purposes.
struct IPVSRuleReasons {
    private let plan: NodePlan

    /// All rules, in kube-proxy's order.
    static func rules(of state: IPVSPlan) -> [ExplainedIPVSRule] {
        let reasons = IPVSRuleReasons(plan: state.plan)
        let rules = IPVSRules(state)
        return IPVSRules.tables.flatMap { table in
            rules.rules(of: table.name).map { rule in
                var text = TextWriter()
                rules.write(rule, to: &text)
                let line = String(decoding: text.finish().dropLast(), as: UTF8.self)
                return reasons.explained(rule, table.name, line)
            }
        }
    }

    private func explained(_ rule: IPVSRules.Composed, _ table: String, _ line: String) -> ExplainedIPVSRule {
        switch rule {
        case .own(let own):
            ExplainedIPVSRule(
                table: table, chain: own.chain.name, set: own.set, target: own.target, text: line,
                why: why(own.purpose), purpose: own.purpose)
        case .shared(let shared):
            ExplainedIPVSRule(
                table: table, chain: shared.chain.description, set: nil, target: shared.target.name, text: line,
                why: RuleReasons(plan, nil).why(shared.purpose), purpose: .shared(shared.purpose))
        }
    }

    // MARK: Rules

    private func why(_ purpose: IPVSRulePurpose) -> String {
        switch purpose {
        case .passLoopback: "what loopback addresses send is left alone"
        case .hairpin:
            "hairpin: an endpoint of this node that is its own client gets an answer from this node, or it would drop it"
        case .markClusterIP: clusterIPMasquerade
        case .markExternalIP:
            "external IPs under externalTrafficPolicy Cluster: the source is to be rewritten, since the endpoint may be on "
                + "another node"
        case .markNodePort:
            "other node ports, under externalTrafficPolicy Cluster: the source is to be rewritten, since the endpoint may be "
                + "on another node"
        case .keepNodePortSource: "node ports under externalTrafficPolicy Local keep the source"
        case .examineLoadBalancer: "what is sent to a load balancer's IP may have to be masqueraded"
        case .keepLoadBalancerSource: "load balancers' IPs under externalTrafficPolicy Local keep the source"
        case .markLoadBalancer:
            "load balancers' IPs under externalTrafficPolicy Cluster: the source is to be rewritten, since the endpoint "
                + "may be on another node"
        case .examineNodePorts: "what is sent to an address of this node may be for a node port"
        case .endTable: "done: no further rule of the nat table sees it"
        case .checkRanges:
            "load balancers' IPs with loadBalancerSourceRanges: each packet is checked against the ranges"
        case .allowRange: "the client is in one of the ranges"
        case .allowOwnAddress:
            "a range holds this node (\(plan.node.nodeIP)), which sends from the load balancer's IP, that it has itself"
        case .dropOutsideRanges: "all others are dropped: clients time out"
        case .dropOwn:
            "no source range holds this node (\(plan.node.nodeIP)): what it sends from the load balancer's IP, that it "
                + "has itself, is dropped"
        case .healthCheck:
            "load balancers ask health check node ports whether this node has endpoints of its own; kube-proxy answers"
        case .passHealthCheck: "health check node ports answer on the addresses of kube-ipvs0 too"
        case .passService: "an address and port of a Service: IPVS takes it"
        case .rejectOtherPorts:
            "other ports of the addresses of kube-ipvs0, and pings of them, are rejected: this node is not their owner"
        case .shared(let shared): RuleReasons(plan, nil).why(shared)
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

extension ComposedRule.Target {
    /// The target's name as a rule has it, or the chain's that it leads to.
    fileprivate var name: String {
        switch self {
        case .none: ""
        case .jump(let chain): chain.description
        case .accept: "ACCEPT"
        case .drop: "DROP"
        case .reject: "REJECT"
        case .return: "RETURN"
        case .endpoint: "DNAT"
        case .masquerade: "MASQUERADE"
        case .setMark, .clearMark: "MARK"
        }
    }
}
