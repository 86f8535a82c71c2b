internal import Iptables
internal import KubeObjects
internal import NetAddress

/// Reads settings off a node's rules: what was not given is taken from them, and what was given otherwise is a difference.
struct SettingInference {
    private var conclusions: SettingConclusions
    private let evidence: RuleEvidence
    private let behaviors: ProxyBehaviors
    /// Whether any Service port has a node port.
    private let hasNodePorts: Bool

    /// The settings that the rules show, for the rest the ones planned with.
    var settings: ProxySettings { conclusions.settings }
    /// Settings that were given and that the rules show to be others.
    var differences: [SettingDifference] { conclusions.differences }
    /// Settings that were not given and are not the defaults.
    var inferred: [InferredSetting] { conclusions.inferred }

    /// - Parameter iptables: a plan with the settings as far as they are known.
    init(_ iptables: IptablesPlan, _ live: ChainsByName, _ knowledge: AuditKnowledge) {
        conclusions = SettingConclusions(iptables.plan, knowledge)
        evidence = RuleEvidence(live)
        behaviors = iptables.plan.behaviors
        hasNodePorts = iptables.plan.servicePorts.contains { $0.nodePort > 0 }
        let nodeIP = NodeIPEvidence(iptables, live)
        let nodes = iptables.plan.snapshot.nodes
        if knowledge.accepts(.node), live.olderVersionSigns.isEmpty, !nodes.isEmpty {
            var pointers = evidence.pointers
            pointers.nodeIP = (nodeIP, settings, behaviors)
            conclusions.take(NodeEvidence(iptables.plan, LivePolicies(iptables, live)), nodes, pointers)
        }
        if knowledge.accepts(.version) {
            conclusions.take(
                versions: live.versionCandidates(besides: iptables.plan.version),
                planned: iptables.plan.version.version)
        }
        inferMark()
        conclusions.take(evidence.localTraffic, evidence.masqueradeAll, iptables.plan, behaviors)
        if knowledge.accepts(.nodePortAddresses) { inferNodePorts() }
        if knowledge.accepts(.bindAddress) { inferBindAddress(nodeIP) }
        if knowledge.accepts(.conntrackTCPBeLiberal) { inferHost() }
        if knowledge.accepts(.externalIPs) {
            conclusions.takeExternalIPs(
                iptables.plan, isExternal: { live.has("nat", iptables.chains(of: $0).external.description) },
                { live.answers(atAnyOf: $0) })
        }
    }

    private mutating func inferMark() {
        guard let bit = evidence.masqueradeBit, bit != settings.masqueradeBit else { return }
        conclusions.note(
            .masqueradeBit, .masqueradeBit(found: bit, given: settings.masqueradeBit), else: .masqueradeBit(bit))
        conclusions.settings.masqueradeBit = bit
    }

    // MARK: Node ports

    private mutating func inferNodePorts() {
        guard let found = evidence.nodePorts else { return }
        let facts = NodeFacts(settings, node: conclusions.node, behaviors)
        switch found {
        case .all(let localhost):
            if facts.nodePorts != .allAddresses {
                differ(.nodePortAddresses, .nodePortAddresses(found: .allAddresses, given: givenPlaces))
                conclusions.settings.nodePortAddresses = .ranges([])
            }
            guard settings.family == .ipv4,
                NodeFacts(settings, node: conclusions.node, behaviors).loopbackTakesNodePorts != localhost
            else {
                return
            }
            conclusions.settings.localhostNodePorts = localhost
            if conclusions.knowledge.gives(.localhostNodePorts) {
                conclusions.differences.append(.localhostNodePorts(found: localhost))
            } else if !localhost {
                conclusions.inferred.append(.noLocalhostNodePorts)
            }
        case .addresses(let addresses):
            takeNodePorts(addresses)
        case .noAddress(let hasRules):
            takeNoNodePorts(hasRules: hasRules, facts)
        }
    }

    private mutating func takeNodePorts(_ addresses: [IPAddress]) {
        if !settings.localhostNodePorts, addresses.contains(where: \.isLoopback), settings.family == .ipv4,
            behaviors.contains(.localhostNodePortsOption)
        {
            conclusions.settings.localhostNodePorts = true
            differ(.localhostNodePorts, .localhostNodePorts(found: true))
        }
        let facts = NodeFacts(settings, node: conclusions.node, behaviors)
        var isInRanges = false
        if case .addresses(let planned) = facts.nodePorts {
            if Set(planned) == Set(addresses) { return }
            let ranges: [IPPrefix] =
                switch settings.nodePortAddresses {
                case .ranges(let ranges): ranges
                case .primary, .entries: planned.map { IPPrefix(single: $0) }
                }
            isInRanges = addresses.allSatisfy { address in ranges.contains { $0.contains(address) } }
        }
        if !addresses.allSatisfy(facts.hostAddresses.contains) {
            // The host has more addresses than the Node object says.
            differ(.hostAddresses, .hostAddresses(found: addresses, given: facts.hostAddresses))
            conclusions.settings.hostAddresses = facts.hostAddresses + addresses
        }
        if isInRanges { return }
        conclusions.note(
            .nodePortAddresses, .nodePortAddresses(found: .addresses(addresses), given: givenPlaces),
            else: .nodePortAddresses(addresses))
        conclusions.settings.nodePortAddresses = .ranges(addresses.map { IPPrefix(single: $0) })
    }

    /// No address of the host takes node ports, whichever the ranges are.
    ///
    /// - Parameter hasRules: whether node ports have rules all the same.
    private mutating func takeNoNodePorts(hasRules: Bool, _ facts: NodeFacts) {
        let isNeeded = behaviors.contains(.nodePortsNeedAddress)
        // Where an address is not needed, or there is no node port, the rules of node ports show nothing.
        let isExpected = !isNeeded || !hasNodePorts || facts.hasNodePortRules == hasRules
        if facts.nodePorts == .addresses([]), isExpected { return }
        differ(.nodePortAddresses, .nodePortAddresses(found: .addresses([]), given: givenPlaces))
        guard hasRules, isNeeded else {
            conclusions.settings.nodePortAddresses = .ranges([conclusions.placeOfNoInterface])
            return
        }
        // An address is in the ranges and left out later, as 1.26 does with loopback.
        let loopback = IPAddress.loopback(settings.family)
        conclusions.settings.nodePortAddresses = .ranges([IPPrefix(single: loopback)])
        conclusions.settings.hostAddresses = facts.hostAddresses + [loopback]
        conclusions.settings.localhostNodePorts = false
    }

    private var givenPlaces: SettingDifference.NodePortPlaces {
        switch settings.nodePortAddresses {
        case .primary, .entries: .primary
        case .ranges([]): .allAddresses
        case .ranges(let ranges): .ranges(ranges)
        }
    }

    private mutating func differ(_ setting: AuditSetting, _ difference: SettingDifference) {
        if conclusions.knowledge.gives(setting) { conclusions.differences.append(difference) }
    }

    // MARK: The host

    /// Takes the address that kube-proxy is bound to, where the rules take another for the node's IP than is planned with.
    private mutating func inferBindAddress(_ evidence: NodeIPEvidence) {
        let node = conclusions.node
        let planned = NodeFacts.nodeIP(settings, node, behaviors)
        guard evidence.misfit(planned) > 0 else { return }
        let addresses = (node?.internalIPs ?? []) + (node?.externalIPs ?? []) + (settings.hostAddresses ?? [])
        if let given = settings.bindAddress, conclusions.knowledge.gives(.bindAddress) {
            let candidates = addresses.map { Optional($0) } + [nil, .loopback(settings.family)]
            guard let found = candidates.first(where: { fits(evidence, bindAddress: $0) }) else { return }
            conclusions.settings.bindAddress = found
            conclusions.differences.append(.bindAddress(found: found, given: given))
        } else if evidence.showsMore(than: planned),
            let found = addresses.first(where: { fits(evidence, bindAddress: $0) })
        {
            // Where a rule is missing instead, it is damage.
            conclusions.settings.bindAddress = found
            conclusions.inferred.append(.bindAddress(found))
        }
    }

    /// Whether all rules fit a kube-proxy that is bound to an address.
    private func fits(_ evidence: NodeIPEvidence, bindAddress: IPAddress?) -> Bool {
        var other = settings
        other.bindAddress = bindAddress
        return evidence.misfit(NodeFacts.nodeIP(other, conclusions.node, behaviors)) == 0
    }

    private mutating func inferHost() {
        if let isLiberal = evidence.conntrackTCPBeLiberal, isLiberal != settings.conntrackTCPBeLiberal {
            conclusions.settings.conntrackTCPBeLiberal = isLiberal
            if conclusions.knowledge.gives(.conntrackTCPBeLiberal) {
                conclusions.differences.append(.conntrackTCPBeLiberal(found: isLiberal))
            } else if isLiberal {
                conclusions.inferred.append(.conntrackTCPBeLiberal)
            }
        }
        if let hasRandomFully = evidence.hasRandomFully, hasRandomFully != settings.hasRandomFully {
            conclusions.settings.hasRandomFully = hasRandomFully
            if conclusions.knowledge.gives(.randomFully) {
                conclusions.differences.append(.randomFully(found: hasRandomFully))
            } else if !hasRandomFully {
                conclusions.inferred.append(.noRandomFully)
            }
        }
        if let counts = evidence.hasAccountingCounters, counts != settings.hasAccountingCounters,
            behaviors.contains(.accountingCounters)
        {
            conclusions.settings.hasAccountingCounters = counts
            conclusions.note(
                .accountingCounters, .accountingCounters(found: counts), else: counts ? .accountingCounters : nil)
        }
    }
}

extension ChainsByName {
    /// The releases that can have written the rules, the oldest first, beside what is known of the version.
    func versionCandidates(besides known: VersionChoice) -> [ProxyVersion] {
        // What a Node says of itself counts more than what damage looks like.
        let isOfNode = known.source == .kubeProxyOfNode || known.source == .kubeletOfNode
        return ProxyVersion.candidates(from: ruleset, countsWeak: !isOfNode)
    }

    /// Whether rules answer at one of some addresses.
    fileprivate func answers(atAnyOf addresses: Set<IPAddress>) -> Bool {
        [("nat", "KUBE-SERVICES"), ("filter", "KUBE-SERVICES"), ("filter", "KUBE-EXTERNAL-SERVICES")].contains {
            table, chain in
            rules(table, chain).contains { rule in
                rule.destination?.prefix.map { addresses.contains($0.network) } ?? false
            }
        }
    }
}
