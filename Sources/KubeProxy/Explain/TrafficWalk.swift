internal import NetAddress

/// Follows the first packet of a connection through a Service port's rules, hook by hook.
///
/// What becomes of it, and which rules act on it, is decided in the ``IptablesRoute``; here it is put into words.
struct TrafficWalk {
    private let plan: NodePlan
    private let ownChains: ServicePortChains
    private let port: ServicePortPlan
    private let found: TrafficRules
    private let entry: TrafficEntry
    private let sender: TrafficSender
    private let route: IptablesRoute

    private var chains: [ChainName] = []
    private var taken: [Int] = []
    private var steps: [TrafficPath.Step] = []

    private var origin: TrafficOrigin { sender.origin }
    private var rules: [ExplainedRule] { found.rules }
    /// The rule that marks the packet for masquerading.
    private var marking: Int? { taken.first { rules[$0].purpose == route.marking } }

    /// The frontends of a Service port, each for every kind of sender.
    static func entries(
        _ port: ServicePortPlan, _ iptables: IptablesPlan, _ rules: [ExplainedRule]
    ) -> [TrafficEntry] {
        let plan = iptables.plan
        let found = TrafficRules(rules, port, plan.node)
        // The way is the same for all frontends of a kind.
        var routes: [Frontend.Kind: [(TrafficSender, IptablesRoute)]] = [:]
        func ways(to frontend: ServiceFrontend) -> [(TrafficSender, IptablesRoute)] {
            if let known = routes[frontend.kind] { return known }
            let ways = TrafficSender.all(to: frontend, plan.node).map { ($0, IptablesRoute(plan, $0, to: frontend)) }
            routes[frontend.kind] = ways
            return ways
        }
        return port.frontends.map { frontend in
            var entry = TrafficEntry(
                kind: frontend.kind, address: frontend.frontend.address, port: frontend.frontend.port)
            entry.paths = ways(to: frontend).map { sender, route in
                var walk = TrafficWalk(iptables, frontend, found, entry, sender, route)
                return walk.path()
            }
            return entry
        }
    }

    private init(
        _ iptables: IptablesPlan, _ frontend: ServiceFrontend, _ found: TrafficRules, _ entry: TrafficEntry,
        _ sender: TrafficSender, _ route: IptablesRoute
    ) {
        plan = iptables.plan
        port = frontend.servicePort
        ownChains = iptables.chains(of: port)
        self.found = found
        self.entry = entry
        self.sender = sender
        self.route = route
    }

    private mutating func path() -> TrafficPath {
        enterServices()
        addTranslationStep()
        if let policy = route.policy { addDeliverySteps(policy) } else { addFilterStep() }
        return TrafficPath(
            origin: origin, isInSourceRanges: sender.isInSourceRanges, sender: sender.phrase(plan.node), steps: steps,
            outcome: route.outcome, clientSees: clientSees)
    }

    // MARK: The nat table

    private mutating func enterServices() {
        chains = [ChainName(.services)]
        if entry.kind == .nodePort {
            // Where no address takes node ports, nothing leads to their chain.
            if case .addresses(let addresses) = plan.node.nodePorts, addresses.isEmpty { return }
            chains.append(ChainName(.nodePorts))
        }
        let purpose = RulePurpose(leadingFrom: entry.kind)
        guard route.purposes.contains(purpose), let entryRule = found.first(purpose, entry.address),
            let next = rules[entryRule].jump
        else { return }
        taken.append(entryRule)
        follow(next)
    }

    /// Goes through a chain of the Service port until an endpoint is chosen; a chain without a choice gives the packet back.
    private mutating func follow(_ chain: ChainName) {
        chains.append(chain)
        let own = found.rules(of: chain)
        for (position, index) in own.enumerated() {
            let purpose = rules[index].purpose
            // One stands for all ranges: they lead to the same chain.
            guard route.purposes.contains(purpose), purpose != .allowRange || !chains.contains(ownChains.external)
            else {
                continue
            }
            taken.append(index)
            if purpose == .share {
                // The other shares are as likely: all of them act on such packets.
                taken += own[(position + 1)...].filter { rules[$0].purpose == .share }
                return
            }
            if purpose.leadsOn, let next = rules[index].jump {
                follow(next)
                if route.policy != nil { return }
            }
        }
    }

    private mutating func addTranslationStep() {
        let hook = origin == .node ? "OUTPUT" : "PREROUTING"
        let text: String
        if let policy = route.policy {
            let count = port.count(of: policy)
            let choice = count == 1 ? "the only endpoint" : "one of \(count) endpoints, each 1/\(count)"
            let affinity = port.affinitySeconds.map { ", or for \($0) s the one that the client had before" } ?? ""
            let mark = marking.map { "; marked for masquerading, since \(reasonOfMark(rules[$0].purpose))" } ?? ""
            text = "the destination becomes \(choice)\(affinity) (DNAT)\(mark)"
        } else if chains.count > (entry.kind == .nodePort ? 2 : 1) {
            text = "the chain returns without DNAT"
        } else {
            text = "no rule matches: no DNAT"
        }
        steps.append(TrafficPath.Step(table: "nat", hooks: [hook], chains: chains, text: text, rules: taken))
    }

    private func reasonOfMark(_ purpose: RulePurpose) -> String {
        switch purpose {
        case .markExternal: "externalTrafficPolicy is Cluster"
        case .markNode: "the sender is this node"
        default: plan.settings.masqueradeAll ? "masqueradeAll is set" : "the sender is not a pod"
        }
    }

    // MARK: After translation

    private mutating func addDeliverySteps(_ policy: EndpointPolicy) {
        let isForHost = route.isForHost
        let onHost = found.countOnHost(policy)
        let hooks =
            origin == .node ? ["OUTPUT"] : onHost == 0 ? ["FORWARD"] : isForHost ? ["INPUT"] : ["FORWARD", "INPUT"]
        let isForwardedByMark = marking != nil && hooks.contains("FORWARD")
        steps.append(
            TrafficPath.Step(
                table: "filter", hooks: hooks, chains: isForwardedByMark ? [ChainName(.forward)] : [],
                text: isForwardedByMark ? "accepted for its mark" : "not blocked by kube-proxy", rules: []))
        if !isForHost { addMasqueradeStep(mixed: hooks.count > 1) }
    }

    private mutating func addMasqueradeStep(mixed: Bool) {
        let text: String
        if marking != nil {
            text =
                "source IP rewritten to this node (MASQUERADE)"
                + (mixed ? ", unless the endpoint is the node itself" : "")
        } else {
            text =
                "not marked: source IP preserved"
                + (origin == .pods ? ", unless a pod reached itself (hairpin)" : "")
        }
        let chain = ChainName(.postrouting)
        steps.append(
            TrafficPath.Step(
                table: "nat", hooks: ["POSTROUTING"], chains: [chain], text: text, rules: marking.map { [$0] } ?? []))
    }

    // MARK: Without translation

    private mutating func addFilterStep() {
        guard let refusal = route.refusal else {
            steps.append(
                TrafficPath.Step(
                    table: "filter", hooks: route.filterHooks, chains: [], text: "no rule of kube-proxy matches",
                    rules: []))
            return
        }
        let isMarked = refusal.purpose == .markOutsideRanges || refusal.purpose == .markWithoutLocal
        if isMarked {
            let rule = taken.filter { rules[$0].purpose == refusal.purpose }
            steps.append(
                TrafficPath.Step(
                    table: "filter", hooks: [refusal.hook], chains: [ChainName(.firewall)],
                    text: "dropped by kubelet's rule for marked packets", rules: rule))
            return
        }
        let rule = found.first(refusal.purpose, entry.address)
        steps.append(
            TrafficPath.Step(
                table: "filter", hooks: [refusal.hook], chains: rule.map { [rules[$0].chain] } ?? [],
                text: route.outcome == .timesOut ? "dropped (DROP)" : "refused (REJECT)",
                rules: rule.map { [$0] } ?? []))
    }

    /// Whether some of the endpoints are the node itself, which sees others' addresses.
    private var isPartlyForHost: Bool {
        guard origin != .node, let policy = route.policy else { return false }
        return found.countOnHost(policy) > 0
    }

    private var clientSees: String {
        switch route.outcome {
        case .endpoints(let shares, let source):
            (shares.count == 1 ? "the only endpoint" : "one of \(shares.count) endpoints")
                + (source == .rewritten ? "; source IP rewritten to the node (SNAT)" : "; source IP preserved")
                + (source == .rewritten && isPartlyForHost ? ", unless the endpoint is the node itself" : "")
        case .refused:
            port.name.transport == .tcp
                ? "connection refused, at once (ICMP port unreachable)"
                : "ICMP port unreachable, at once, for each packet"
        case .timesOut: "times out"
        case .unchanged:
            entry.kind == .nodePort
                ? "what else listens on the port of this node; if nothing does, connection refused"
                : "what the address leads to without kube-proxy: it leaves by the node's routes"
        case .unknown: "unknown"
        }
    }
}

extension RulePurpose {
    /// The purpose of the rules that lead from a shared chain to the Service port's own.
    fileprivate init(leadingFrom kind: Frontend.Kind) {
        switch kind {
        case .clusterIP: self = .clusterIP
        case .externalIP: self = .externalIP
        case .loadBalancerIP: self = .loadBalancerIP
        case .nodePort: self = .nodePort
        }
    }

    /// Whether the rule leads from one of the Service port's chains to the next.
    fileprivate var leadsOn: Bool {
        switch self {
        case .allowRange, .podsUseCluster, .nodeUsesCluster, .externalPolicy: true
        default: false
        }
    }
}

extension TrafficSender {
    /// Everybody who can send to a frontend, as far as it makes a difference.
    static func all(to frontend: ServiceFrontend, _ node: NodeFacts) -> [TrafficSender] {
        let port = frontend.servicePort
        return TrafficOrigin.allCases.flatMap { origin in
            let cases = port.usesSourceRangesChain ? port.sourceRangeCases(origin, to: frontend.kind, node) : [nil]
            return cases.map { TrafficSender(origin, isInSourceRanges: $0) }
        }
    }

    /// The sender in words.
    func phrase(_ node: NodeFacts) -> String {
        let name =
            switch origin {
            case .pods: "this node's pods" + (node.localTraffic.map { " (\($0.phrase))" } ?? "")
            case .node: "this node"
            case .outside: "outside"
            }
        guard let isInSourceRanges else { return name }
        return name + (isInSourceRanges ? ", in the source ranges" : ", not in the source ranges")
    }
}
