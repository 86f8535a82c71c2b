internal import Iptables
internal import KubeObjects
internal import NetAddress

/// Reads settings off what a node in IPVS mode has: what was not given is taken from it, and what was given otherwise is a
/// difference.
struct IPVSInference {
    private(set) var conclusions: SettingConclusions
    private let plan: IPVSPlan
    private let live: IPVSFamilyState
    private let dump: IPVSDump

    /// - Parameter plan: a plan with the settings as far as they are known.
    init(_ plan: IPVSPlan, _ live: IPVSFamilyState, _ dump: IPVSDump, _ knowledge: AuditKnowledge) {
        self.plan = plan
        self.live = live
        self.dump = dump
        conclusions = SettingConclusions(plan.plan, knowledge)
        let rules = ChainsByName(live.rules)
        let evidence = RuleEvidence(rules)
        let masquerade = clusterIPMasquerade(rules)
        let pointers = nodePortAddresses()
        inferNode(pointers, masquerade.localTraffic)
        inferMark(evidence.masqueradeBit)
        conclusions.take(masquerade.localTraffic, masquerade.all, plan.plan, plan.plan.behaviors)
        inferNodePorts(pointers)
        if let found = evidence.hasRandomFully, found != conclusions.settings.hasRandomFully {
            conclusions.settings.hasRandomFully = found
            conclusions.note(.randomFully, .randomFully(found: found), else: found ? nil : .noRandomFully)
        }
        if dump.has(.servers, live.family), !live.servers.isEmpty {
            let addresses = Set(live.servers.map(\.address))
            conclusions.takeExternalIPs(plan.plan, isExternal: { _ in false }, { !$0.isDisjoint(with: addresses) })
        }
        inferServers()
        inferARP()
    }

    // MARK: The node

    /// The addresses where node ports answer, with how many of them do.
    private struct NodePortAddresses {
        var counts: [IPAddress: Int] = [:]
        /// The number of node ports of the snapshot.
        var total = 0

        /// Those where at least half of the node ports answer, in byte order.
        var addresses: [IPAddress] {
            counts.filter { $0.value * 2 >= total }.keys.sorted { $0.text < $1.text }
        }
    }

    private func nodePortAddresses() -> NodePortAddresses {
        var found = NodePortAddresses()
        var ports: Set<String> = []
        var frontends: Set<Frontend> = []
        for port in plan.plan.servicePorts {
            let transport = port.name.transport
            if port.nodePort > 0 { ports.insert("\(transport.name):\(port.nodePort)") }
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                frontends.insert(Frontend(address: address, port: port.port, transport: transport))
            }
        }
        found.total = ports.count
        for server in live.servers where ports.contains("\(server.transport.name):\(server.port)") {
            let frontend = Frontend(address: server.address, port: server.port, transport: server.transport)
            if !frontends.contains(frontend) { found.counts[server.address, default: 0] += 1 }
        }
        return found
    }

    private mutating func inferNode(_ pointers: NodePortAddresses, _ localTraffic: Votes<NodeFacts.LocalTraffic?>) {
        let nodes = plan.plan.snapshot.nodes
        guard !nodes.isEmpty else { return }
        let givesAddresses = conclusions.knowledge.gives(.hostAddresses)
        let addresses = Set(pointers.addresses + (dump.hostAddresses ?? []))
        // The host has the addresses of one Node; addresses that were given say that it has others too.
        let pointed =
            givesAddresses
            ? [] : nodes.filter { node in (node.internalIPs + node.externalIPs).contains(where: addresses.contains) }
        var range: IPPrefix?
        if case .source(let found)?? = localTraffic.winner(preferring: nil) { range = found }
        conclusions.take(
            NodeEvidence(plan.plan, IPVSPolicies(plan, live, dump)), pointed.count == 1 ? pointed : nodes,
            NodePointers(
                podRange: range,
                addresses: givesAddresses && conclusions.knowledge.gives(.node) ? [] : Array(addresses)))
        if pointed.count == 1, nodes.count > 1, !conclusions.knowledge.gives(.node), let node = conclusions.node {
            conclusions.inferred.append(.node(node.name.text))
        }
        if let own = dump.hostAddresses, !conclusions.knowledge.gives(.hostAddresses) {
            conclusions.settings.hostAddresses = own
        }
    }

    // MARK: The fixed rules

    /// The rule that masquerades what is sent to cluster IPs.
    private func clusterIPMasquerade(
        _ rules: ChainsByName
    ) -> (localTraffic: Votes<NodeFacts.LocalTraffic?>, all: Votes<Bool>) {
        var localTraffic = Votes<NodeFacts.LocalTraffic?>()
        var all = Votes<Bool>()
        for rule in rules.rules("nat", "KUBE-SERVICES") where rule.target == .jump("KUBE-MARK-MASQ") {
            for case .set(let match) in rule.matches where match.name == IPSet.clusterIP.name(live.family) {
                if let source = rule.source, source.isNegated, let prefix = source.prefix {
                    localTraffic.add(.source(prefix))
                    all.add(false)
                } else if let interface = rule.inInterface, interface.isNegated {
                    localTraffic.add(.interface(interface.name))
                    all.add(false)
                } else if match.sides.first == .source {
                    localTraffic.add(Optional<NodeFacts.LocalTraffic>.none)
                    all.add(false)
                } else {
                    all.add(true)
                }
            }
        }
        return (localTraffic, all)
    }

    private mutating func inferMark(_ bit: Int?) {
        let given = conclusions.settings.masqueradeBit
        guard let bit, bit != given else { return }
        conclusions.note(.masqueradeBit, .masqueradeBit(found: bit, given: given), else: .masqueradeBit(bit))
        conclusions.settings.masqueradeBit = bit
    }

    // MARK: Node ports

    /// Takes the addresses on which node ports listen: those of the host's interfaces, of which the Node object may say fewer,
    /// and other ones than the host has.
    private mutating func inferNodePorts(_ found: NodePortAddresses) {
        guard found.total > 0, dump.has(.servers, live.family) else { return }
        let facts = facts
        let planned = IPVSPlan.nodeIPs(facts)
        guard !found.counts.isEmpty else { return inferNoNodePorts(planned) }
        var host = facts.hostAddresses
        let more = found.addresses.filter { !planned.contains($0) }
        if !more.isEmpty { host += more }
        let lacking = planned.filter { found.counts[$0] == nil }
        let isGiven = conclusions.knowledge.gives(.hostAddresses)
        if !isGiven {
            // Outside addresses of a cloud's machines are on no interface.
            let outside = Set(conclusions.node?.externalIPs ?? [])
            host.removeAll { lacking.contains($0) && outside.contains($0) }
        }
        if !isGiven, host != facts.hostAddresses { conclusions.settings.hostAddresses = host }
        let left = IPVSPlan.nodeIPs(self.facts)
        // One node port alone may have lost its virtual server, unless it answers where `primary` has it answer.
        let isNarrower =
            left.contains { found.counts[$0] == nil } && (found.total > 1 || found.addresses == [facts.nodeIP])
        guard isNarrower || more.contains(where: { !left.contains($0) }) else { return }
        let isOnHost = more.allSatisfy(facts.hostAddresses.contains)
        if isGiven, !isOnHost, !conclusions.knowledge.gives(.nodePortAddresses) {
            conclusions.differences.append(
                .nodePortAddresses(found: .addresses(found.addresses), given: .addresses(planned)))
        } else {
            conclusions.note(
                .nodePortAddresses, .nodePortAddresses(found: .addresses(found.addresses), given: givenPlaces),
                else: .nodePortAddresses(found.addresses))
        }
        conclusions.settings.nodePortAddresses = .ranges(found.addresses.map { IPPrefix(single: $0) })
        conclusions.settings.nodePortAddressTexts = []
        conclusions.settings.hostAddresses = host + more
    }

    /// No node port answers. If their sets are empty, kube-proxy found no address for them.
    private mutating func inferNoNodePorts(_ planned: [IPAddress]) {
        let names = [IPSet.nodePortTCP, .nodePortUDP, .nodePortSCTP].map { $0.name(live.family) }
        let sets = live.sets.filter { names.contains($0.name) }
        guard !planned.isEmpty, sets.count == names.count, sets.allSatisfy(\.entries.isEmpty) else { return }
        conclusions.note(
            .nodePortAddresses, .nodePortAddresses(found: .addresses([]), given: givenPlaces), else: nil)
        conclusions.settings.nodePortAddresses = .ranges([conclusions.placeOfNoInterface])
        conclusions.settings.nodePortAddressTexts = []
    }

    private var facts: NodeFacts {
        NodeFacts(conclusions.settings, node: conclusions.node, plan.plan.behaviors)
    }

    private var givenPlaces: SettingDifference.NodePortPlaces {
        switch conclusions.settings.nodePortAddresses {
        case .primary, .entries: .primary
        case .ranges([]): .allAddresses
        case .ranges(let ranges): .ranges(ranges)
        }
    }

    // MARK: The servers and the kernel

    /// Takes the scheduler of most virtual servers, and the forwarding method of most real ones.
    private mutating func inferServers() {
        var schedulers = Votes<IPVSScheduler>()
        var methods = Votes<ForwardingMethod>()
        for server in live.servers {
            if let scheduler = server.ownScheduler { schedulers.add(scheduler) }
            for real in server.realServers { if let method = real.method { methods.add(method) } }
        }
        let given = conclusions.settings.ipvs
        if let found = schedulers.winner(preferring: given.scheduler), found != given.scheduler {
            conclusions.settings.ipvs.scheduler = found
            conclusions.note(
                .scheduler, .scheduler(found: found, given: given.scheduler), else: .scheduler(found))
        }
        if let found = methods.winner(preferring: given.forwarding), found != given.forwarding, methods[found] > 1 {
            conclusions.settings.ipvs.forwarding = found
            conclusions.note(
                .forwarding, .forwarding(found: found, given: given.forwarding), else: .forwarding(found))
        }
    }

    private mutating func inferARP() {
        guard let ignore = dump.sysctls["net/ipv4/conf/all/arp_ignore"],
            let announce = dump.sysctls["net/ipv4/conf/all/arp_announce"]
        else { return }
        let found = ignore == "1" && announce == "2"
        guard found != conclusions.settings.ipvs.strictARP else { return }
        conclusions.settings.ipvs.strictARP = found
        conclusions.note(.strictARP, .strictARP(found: found), else: found ? .strictARP : nil)
    }
}

/// What real servers and the set for hairpins say about endpoints.
private struct IPVSPolicies: PolicyEvidence {
    /// The real servers of frontends; nil: not given.
    private let servers: [Frontend: [HostRealServer]]?
    /// The entries of the set for hairpins; nil: they say nothing.
    private let hairpins: Set<String>?

    init(_ plan: IPVSPlan, _ live: IPVSFamilyState, _ dump: IPVSDump) {
        if dump.has(.servers, live.family) {
            var servers: [Frontend: [HostRealServer]] = [:]
            for server in live.servers {
                servers[Frontend(address: server.address, port: server.port, transport: server.transport)] =
                    server.realServers
            }
            self.servers = servers
        } else {
            servers = nil
        }
        let name = IPSet.loopBack.name(live.family)
        let entries = live.sets.first { $0.name == name }?.entries
        if entries?.isEmpty == true {
            // Without entries kube-proxy writes no rule for the set; with one, somebody emptied it.
            let rules = dump.rules(live.family)?[table: "nat"]?[chain: "KUBE-POSTROUTING"]?.rules
            let isUnused = rules?.allSatisfy { rule in
                !rule.matches.contains { if case .set(let match) = $0 { match.name == name } else { false } }
            }
            hairpins = isUnused == true ? [] : nil
        } else {
            hairpins = entries.map { Set($0) }
        }
    }

    func endpoints(of policy: ServicePolicy, _ port: ServicePortPlan) -> Set<EndpointReference>? {
        guard policy == .cluster else { return nil }
        // The set has endpoints in every condition.
        var found: Set<EndpointReference> = []
        for endpoint in port.endpoints where treatsAsLocal(endpoint, of: port) == true {
            found.insert(.address(endpoint.address, port: endpoint.port))
        }
        guard let servers else { return found.isEmpty ? nil : found }
        for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
            let frontend = Frontend(address: address, port: port.port, transport: port.name.transport)
            for real in servers[frontend] ?? [] {
                guard let (address, port) = IPVSFamilyState.socket(real.name[...]) else { continue }
                found.insert(.address(address, port: port))
            }
        }
        return found
    }

    /// What the local policy does without a local endpoint looks like the cluster policy, so it says nothing.
    func leadsToLocalPolicy(_ port: ServicePortPlan) -> Bool { true }
    func dropsClusterIP(_ port: ServicePortPlan) -> Bool { false }

    func treatsAsLocal(_ endpoint: PlannedEndpoint, of port: ServicePortPlan) -> Bool? {
        hairpins?.contains(
            "\(endpoint.address),\(port.name.transport.name):\(endpoint.port),\(endpoint.address)")
    }
}

extension HostServer {
    /// The scheduler; nil: one that is not known here.
    var ownScheduler: IPVSScheduler? { IPVSScheduler(rawValue: String(scheduler)) }
}

extension HostRealServer {
    /// How packets get there; nil: not known.
    var method: ForwardingMethod? {
        switch options.split(separator: " ").first {
        case "-m": .masquerading
        case "-g": .gatewaying
        case "-i": .tunneling
        default: nil
        }
    }
}
