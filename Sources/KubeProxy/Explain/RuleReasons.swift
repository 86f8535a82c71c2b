internal import Iptables
internal import NetAddress

/// Gives the reason for a rule, with the facts of the plan that made it (kube-proxy 1.36, iptables mode).
struct RuleReasons {
    /// The Service port that the rules are about; nil: none.
    let port: ServicePortPlan?

    private let plan: NodePlan

    init(_ plan: NodePlan, _ port: ServicePortPlan?) {
        self.plan = plan
        self.port = port
    }

    func why(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) -> String {
        guard let port else { return why(rule.purpose) }
        let endpoint = subject.endpoint?.text.description ?? ""
        switch rule.purpose {
        case .clusterIP:
            return
                "what is sent to the cluster IP goes to the \(port.internalPolicyIsLocal ? "local" : "cluster") policy"
        case .externalIP: return "what is sent to the external IP goes to the chain for outside traffic"
        case .loadBalancerIP:
            return port.usesSourceRangesChain
                ? "what is sent to the load balancer's IP is checked against loadBalancerSourceRanges first"
                : "what is sent to the load balancer's IP goes to the chain for outside traffic"
        case .nodePort:
            return "what is sent to node port \(port.nodePort) of this node goes to the chain for outside traffic"
        case .countLoopback: return "the same for 127.0.0.0/8, counted, so that kube-proxy can report who still uses it"
        case .refuseClusterIP: return refusal(port, "internalTrafficPolicy")
        case .refuseExternalIP, .refuseLoadBalancerIP, .refuseNodePort: return refusal(port, "externalTrafficPolicy")
        case .dropOutsideRanges:
            return "what no source range let in was not translated and still has this destination: it is dropped"
        case .healthCheck:
            return "load balancers ask port \(port.healthCheckNodePort) whether this node has endpoints of its own; "
                + "kube-proxy answers"
        case .markClusterIP:
            guard !plan.settings.masqueradeAll, let local = plan.node.localTraffic else {
                return "masqueradeAll: the source of all that is sent to the cluster IP is rewritten"
            }
            return
                "not sent by a pod (\(local.negatedPhrase)): the source is to be rewritten, so that the answer "
                + "comes back through this node"
        case .markExternal:
            return "externalTrafficPolicy is Cluster: the endpoint may be on another node, so the source is to be "
                + "rewritten, and the answer comes back through this node"
        case .podsUseCluster:
            return
                "pods (\(plan.node.localTraffic?.phrase ?? "")) are not outside: they may use all endpoints, although "
                + "externalTrafficPolicy is Local"
        case .markNode:
            return "sent by this node: the source is to be rewritten, since the endpoint may be on another node"
        case .nodeUsesCluster: return "this node is not outside: it may use all endpoints too"
        case .externalPolicy:
            return port.externalPolicyIsLocal
                ? "externalTrafficPolicy is Local: the rest goes to this node's endpoints and keeps its source"
                : "externalTrafficPolicy is Cluster: any endpoint may take it"
        case .allowRange: return "loadBalancerSourceRanges lets these sources in"
        case .allowOwnAddress:
            return "a range holds this node (\(plan.node.nodeIP)), which sends from the load balancer's IP where it is "
                + "assigned to it"
        case .markOutsideRanges:
            return
                "what no source range lets in is marked, and kubelet's KUBE-FIREWALL drops what is for this node or from it"
        case .markWithoutLocal:
            return
                "this node has no endpoint: what comes is marked, and kubelet's KUBE-FIREWALL drops what is for this "
                + "node or from it"
        case .endOfRanges:
            return "a remark without effect: what comes this far goes back untranslated, to be dropped"
        case .affinity:
            return "sessionAffinity ClientIP: who was sent to \(endpoint) within \(port.affinitySeconds ?? 0) s goes "
                + "there again"
        case .share:
            let count = rule.chain.kind == .localPolicy ? port.localCount : port.clusterCount
            guard let oneIn = rule.oneIn else {
                return count == 1 ? "\(endpoint) is the only endpoint" : "the rest, 1/\(count) of all, for \(endpoint)"
            }
            return oneIn == count
                ? "1/\(count) of all for \(endpoint)"
                : "one in \(oneIn) of what is left, 1/\(count) of all, for \(endpoint)"
        case .markHairpin:
            return
                "hairpin: where the endpoint itself is the client, the source is to be rewritten, or it would get an "
                + "answer from its own address and drop it"
        case .translate:
            return "the destination becomes \(endpoint)"
                + (port.affinitySeconds == nil ? "" : ", and the client is remembered")
        default: return why(rule.purpose)
        }
    }

    private func refusal(_ port: ServicePortPlan, _ policy: String) -> String {
        port.hasAnyEndpoint
            ? "\(policy) is Local and this node has no endpoint: dropped, clients time out"
            : "there is no endpoint anywhere: rejected, connection refused"
    }

    /// The rules that are about no Service port.
    func why(_ purpose: RulePurpose) -> String {
        switch purpose {
        case .guardLoopback:
            "node ports on 127.0.0.1 make the kernel route 127.0.0.0/8, so others' packets to it are dropped here"
        case .dropInvalid:
            "packets that fit no connection would leave untranslated, and make a client reset its connection"
        case .acceptMarked: "what is marked for masquerading may be forwarded"
        case .acceptKnown: "so may what belongs to connections that are known already"
        case .passUnmarked: "what bears no mark keeps its source"
        case .clearMark: "the mark has done its work: a packet that comes by again is not rewritten twice"
        case .masquerade: "the source becomes an address of this node, so that the answer comes back here"
        case .setMark: "marks for KUBE-POSTROUTING what is to be masqueraded"
        case .nodePortTail: "what is sent to the node itself may be for a node port; Services' own addresses come first"
        default: ""
        }
    }
}

extension NodeFacts.LocalTraffic {
    /// How pods' traffic is detected.
    var phrase: String {
        switch self {
        case .source(let prefix): "source in \(prefix)"
        case .interface(let name): "interface \(name)"
        }
    }

    /// How other traffic is detected.
    var negatedPhrase: String {
        switch self {
        case .source(let prefix): "source not in \(prefix)"
        case .interface(let name): "interface not \(name)"
        }
    }
}
