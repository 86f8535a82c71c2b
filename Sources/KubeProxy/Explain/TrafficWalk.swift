internal import NetAddress

/// Walks the first packet of a connection through a Service port's rules, hook by hook.
///
/// The rules decide; the walk only knows, by each rule's purpose, whether the rule matches this packet.
struct TrafficWalk {
    private let plan: NodePlan
    private let ownChains: ServicePortChains
    private let port: ServicePortPlan
    private let rules: [ExplainedRule]
    private let entry: TrafficEntry
    private let origin: TrafficPath.Origin
    private let isInSourceRanges: Bool?

    private var chains: [ChainName] = []
    private var taken: [Int] = []
    /// The rule that marks the packet for masquerading.
    private var marking: Int?
    /// The policy's chain that chose an endpoint.
    private var policy: ChainName.Kind?
    private var steps: [TrafficPath.Step] = []

    /// The frontends of a Service port, each for every kind of sender.
    static func entries(
        _ port: ServicePortPlan, _ iptables: IptablesPlan, _ rules: [ExplainedRule]
    ) -> [TrafficEntry] {
        let plan = iptables.plan
        var entries = [TrafficEntry(kind: .clusterIP, address: port.clusterIP, port: port.port)]
        entries += port.externalIPs.map { TrafficEntry(kind: .externalIP, address: $0, port: port.port) }
        entries += port.loadBalancerIPs.map { TrafficEntry(kind: .loadBalancerIP, address: $0, port: port.port) }
        if port.nodePort > 0 { entries.append(TrafficEntry(kind: .nodePort, address: nil, port: port.nodePort)) }
        for index in entries.indices {
            for origin in TrafficPath.Origin.allCases {
                let asksRanges = entries[index].kind == .loadBalancerIP && port.usesSourceRangesChain
                for isInside in asksRanges ? sourceRangeCases(origin, port, plan) : [nil] {
                    var walk = TrafficWalk(iptables, port, rules, entries[index], origin, isInside)
                    entries[index].paths.append(walk.path())
                }
            }
        }
        return entries
    }

    /// Whether senders of a kind are in the source ranges: one case, or both where some are and some are not.
    private static func sourceRangeCases(
        _ origin: TrafficPath.Origin, _ port: ServicePortPlan, _ plan: NodePlan
    ) -> [Bool?] {
        switch origin {
        case .node: return [port.sourceRangesHoldNode]
        case .outside: return [true, false]
        case .pods:
            guard case .source(let pods) = plan.node.localTraffic else { return [true, false] }
            if port.sourceRanges.contains(where: { $0.length <= pods.length && $0.contains(pods.network) }) {
                return [true]
            }
            return port.sourceRanges.contains { pods.contains($0.network) } ? [true, false] : [false]
        }
    }

    private init(
        _ iptables: IptablesPlan, _ port: ServicePortPlan, _ rules: [ExplainedRule], _ entry: TrafficEntry,
        _ origin: TrafficPath.Origin, _ isInSourceRanges: Bool?
    ) {
        plan = iptables.plan
        ownChains = iptables.chains(of: port)
        self.port = port
        self.rules = rules
        self.entry = entry
        self.origin = origin
        self.isInSourceRanges = isInSourceRanges
    }

    private mutating func path() -> TrafficPath {
        let outcome: TrafficPath.Outcome
        enterServices()
        addTranslationStep()
        if let policy {
            outcome = addDeliverySteps(policy)
        } else {
            outcome = addFilterStep()
        }
        return TrafficPath(
            origin: origin, isInSourceRanges: isInSourceRanges, sender: sender, steps: steps, outcome: outcome,
            clientSees: clientSees(outcome))
    }

    private var sender: String {
        let name =
            switch origin {
            case .pods: "pods" + (plan.node.localTraffic.map { " (\($0.phrase))" } ?? "")
            case .node: "this node"
            case .outside: "outside"
            }
        guard let isInSourceRanges else { return name }
        return name + (isInSourceRanges ? ", in the source ranges" : ", not in the source ranges")
    }

    // MARK: The nat table

    private mutating func enterServices() {
        chains = [ChainName(.services)]
        let purpose: RulePurpose =
            switch entry.kind {
            case .clusterIP: .clusterIP
            case .externalIP: .externalIP
            case .loadBalancerIP: .loadBalancerIP
            case .nodePort: .nodePort
            }
        if entry.kind == .nodePort {
            // If no address accepts node ports, nothing jumps to their chain.
            if case .addresses(let addresses) = plan.node.nodePorts, addresses.isEmpty { return }
            chains.append(ChainName(.nodePorts))
        }
        guard let index = index(of: purpose), let next = rules[index].jump else { return }
        taken.append(index)
        follow(next)
    }

    /// The first rule that has this purpose and is about the entry.
    private func index(of purpose: RulePurpose) -> Int? {
        rules.firstIndex { $0.purpose == purpose && $0.destination == entry.address }
    }

    /// Walks a chain of the Service port until an endpoint is chosen; otherwise the chain returns.
    private mutating func follow(_ chain: ChainName) {
        chains.append(chain)
        for index in rules.indices where rules[index].chain == chain && policy == nil {
            guard takes(rules[index].purpose) else { continue }
            taken.append(index)
            switch rules[index].purpose {
            case .affinity: continue
            case .share:
                // The other shares are as likely: all of them apply to such packets.
                taken += rules.indices.filter { $0 > index && rules[$0].chain == chain && rules[$0].purpose == .share }
                policy = chain.kind
            case .markClusterIP, .markExternal, .markNode: marking = index
            default:
                if let next = rules[index].jump { follow(next) }
            }
        }
    }

    /// Whether a rule of a Service port's own chains matches this packet.
    private func takes(_ purpose: RulePurpose) -> Bool {
        switch purpose {
        case .markClusterIP: entry.kind == .clusterIP && (plan.settings.masqueradeAll || !countsAsPod)
        case .podsUseCluster: countsAsPod
        case .markNode, .nodeUsesCluster: origin == .node
        // One represents all ranges: they have the same target.
        case .allowRange: isInSourceRanges ?? false && !chains.contains(ownChains.external)
        case .markExternal, .externalPolicy, .affinity, .share: true
        default: false
        }
    }

    /// Whether the sender counts as a pod, as the node does if its address is in the pods' range.
    private var countsAsPod: Bool { origin == .pods || origin == .node && plan.node.countsAsPod }

    private mutating func addTranslationStep() {
        let hook = origin == .node ? "OUTPUT" : "PREROUTING"
        let text: String
        if let policy {
            let count = count(of: policy)
            let choice = count == 1 ? "the only endpoint" : "one of \(count) endpoints, each 1/\(count)"
            let affinity = port.affinitySeconds.map { ", or for \($0) s the one that the client had before" } ?? ""
            let mark = marking.map { "; marked for masquerading, since \(reasonOfMark(rules[$0].purpose))" } ?? ""
            text = "the destination becomes \(choice)\(affinity) (DNAT)\(mark)"
        } else if chains.count > (entry.kind == .nodePort ? 2 : 1) {
            text = "the chains give it back: the destination stays"
        } else {
            text = "no rule is for it: the destination stays"
        }
        steps.append(TrafficPath.Step(table: "nat", hooks: [hook], chains: chains, text: text, rules: taken))
    }

    private func reasonOfMark(_ purpose: RulePurpose) -> String {
        switch purpose {
        case .markExternal: "externalTrafficPolicy is Cluster"
        case .markNode: "its sender is this node"
        default: plan.settings.masqueradeAll ? "masqueradeAll is set" : "its sender is no pod"
        }
    }

    // MARK: After translation

    private func count(of policy: ChainName.Kind) -> Int {
        policy == .localPolicy ? port.localCount : port.clusterCount
    }

    private mutating func addDeliverySteps(_ policy: ChainName.Kind) -> TrafficPath.Outcome {
        let use: KeyPath<PlannedEndpoint, EndpointUse> = policy == .localPolicy ? \.localUse : \.clusterUse
        let used = port.endpoints.filter { $0[keyPath: use].isUsed }
        let onHost = used.count { plan.node.hostAddresses.contains($0.address) }
        // Packets for the node itself are not forwarded, and do not leave.
        let isForHost = origin != .node && onHost == used.count
        let hooks =
            origin == .node ? ["OUTPUT"] : onHost == 0 ? ["FORWARD"] : isForHost ? ["INPUT"] : ["FORWARD", "INPUT"]
        let isForwardedByMark = marking != nil && hooks.contains("FORWARD")
        steps.append(
            TrafficPath.Step(
                table: "filter", hooks: hooks, chains: isForwardedByMark ? [ChainName(.forward)] : [],
                text: isForwardedByMark ? "accepted for its mark" : "no rule of kube-proxy's stops it", rules: []))
        if !isForHost { addMasqueradeStep(mixed: hooks.count > 1) }
        return .endpoint(count: used.count, isMasqueraded: marking != nil && !isForHost)
    }

    private mutating func addMasqueradeStep(mixed: Bool) {
        let text: String
        if marking != nil {
            text =
                "the source becomes an address of this node (MASQUERADE)"
                + (mixed ? ", unless the endpoint is the node itself" : "")
        } else {
            text =
                "not marked, so the source stays"
                + (origin == .pods ? ", unless a pod reached itself (hairpin)" : "")
        }
        let chain = ChainName(.postrouting)
        steps.append(
            TrafficPath.Step(
                table: "nat", hooks: ["POSTROUTING"], chains: [chain], text: text, rules: marking.map { [$0] } ?? []))
    }

    // MARK: Without translation

    /// The filter table's hooks that an untranslated packet comes through.
    private var filterHooks: [String] {
        switch (entry.kind, origin) {
        case (.nodePort, .node): ["OUTPUT", "INPUT"]
        case (.nodePort, _): ["INPUT"]
        case (_, .node): ["OUTPUT"]
        default: ["FORWARD"]
        }
    }

    private mutating func addFilterStep() -> TrafficPath.Outcome {
        let refusals: [RulePurpose] =
            switch entry.kind {
            case .clusterIP: [.refuseClusterIP]
            case .externalIP: [.refuseExternalIP]
            case .loadBalancerIP: [.dropOutsideRanges, .refuseLoadBalancerIP]
            case .nodePort: [.refuseNodePort]
            }
        for hook in filterHooks {
            // Each jump is inserted at the top of its chain, so the last one comes first.
            for jump in JumpRule.all.reversed() where jump.table == "filter" && jump.chain == hook {
                let found = rules.firstIndex {
                    $0.table == "filter" && $0.chain.kind == jump.target && refusals.contains($0.purpose)
                        && $0.destination == entry.address
                }
                guard let found else { continue }
                let isDrop = rules[found].refusal == .drop
                steps.append(
                    TrafficPath.Step(
                        table: "filter", hooks: [hook], chains: [rules[found].chain],
                        text: isDrop ? "dropped (DROP)" : "refused (REJECT)", rules: [found]))
                return isDrop ? .drop : .reject
            }
        }
        steps.append(
            TrafficPath.Step(
                table: "filter", hooks: filterHooks, chains: [], text: "no rule of kube-proxy's is for it", rules: []))
        return .untouched
    }

    private func clientSees(_ outcome: TrafficPath.Outcome) -> String {
        switch outcome {
        case .endpoint(let count, let isMasqueraded):
            return (count == 1 ? "the only endpoint" : "one of \(count) endpoints")
                + (isMasqueraded ? ", which sees this node as the client" : ", which sees the client's address")
        case .reject:
            return port.name.transport == .tcp
                ? "connection refused, at once (ICMP port unreachable)"
                : "ICMP port unreachable, at once, for each packet"
        case .drop: return "silence, until it gives up waiting"
        case .untouched:
            return entry.kind == .nodePort
                ? "what else listens on the port of this node; if nothing does, connection refused"
                : "what the address leads to without kube-proxy: it leaves by the node's routes"
        }
    }
}
