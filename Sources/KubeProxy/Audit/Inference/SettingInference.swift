internal import Iptables
internal import KubeObjects
internal import NetAddress

/// Reads settings off a node's rules: what was not given is taken from them, and what was given otherwise is a difference.
struct SettingInference {
    /// The settings that the rules show, for the rest the ones planned with.
    private(set) var settings: ProxySettings
    /// Settings that were given and that the rules show to be others.
    private(set) var differences: [SettingDifference] = []
    /// Settings that were not given and are not the defaults.
    private(set) var inferred: [InferredSetting] = []

    private let knowledge: AuditKnowledge
    private let evidence: RuleEvidence
    private let behaviors: ProxyBehaviors
    /// The Node that the rules fit.
    private var node: Node?

    /// - Parameter iptables: a plan with the settings as far as they are known.
    init(_ iptables: IptablesPlan, _ live: LiveChains, _ knowledge: AuditKnowledge) {
        settings = iptables.plan.settings
        self.knowledge = knowledge
        evidence = RuleEvidence(live)
        behaviors = iptables.plan.behaviors
        let snapshot = iptables.plan.snapshot
        node = snapshot.nodes.first { $0.name.text == iptables.plan.node.name }
        if knowledge.accepts(.node), live.olderVersionSigns.isEmpty { inferNode(iptables, live) }
        if knowledge.accepts(.version) { inferVersion(iptables.plan.cluster.version.version, live) }
        inferMark()
        inferMasquerade()
        if knowledge.accepts(.nodePortAddresses) { inferNodePorts() }
        if knowledge.accepts(.conntrackTCPBeLiberal) { inferHost() }
        if knowledge.accepts(.externalIPs) { inferExternalIPs(iptables, live) }
    }

    private mutating func inferNode(_ iptables: IptablesPlan, _ live: LiveChains) {
        let nodes = iptables.plan.snapshot.nodes
        guard !nodes.isEmpty else { return }
        let given = knowledge.gives(.node) || nodes.count == 1 ? node : nil
        let fit = NodeFit(NodeEvidence(iptables, live), nodes, given: given, evidence)
        guard let found = fit.node else {
            differences.append(.node(found: nil, given: knowledge.gives(.node) ? node?.name.text : nil))
            node = nil
            settings.nodeName = SettingInference.unknownNode(nodes)
            return
        }
        if knowledge.gives(.node), let node, node.name != found.name {
            differences.append(.node(found: found.name.text, given: node.name.text))
        } else if !knowledge.gives(.node), fit.isOnly, nodes.count > 1 {
            inferred.append(.node(found.name.text))
        }
        node = found
        settings.nodeName = found.name.text
    }

    /// kube-proxy's version, if the rules cannot be of the one that is planned with: the nearest one that they can be of.
    private mutating func inferVersion(_ planned: ProxyVersion, _ live: LiveChains) {
        let candidates = ProxyVersion.candidates(from: live.ruleset)
        let minor = min(planned.minor, ProxyVersion.knownMinors.upperBound)
        guard !candidates.contains(where: { $0.minor == minor }),
            let nearest = candidates.last(where: { $0.minor < minor }) ?? candidates.first
        else { return }
        settings.version = nearest
        if knowledge.gives(.version) {
            differences.append(
                .version(found: candidates.first?.minor ?? 0, to: candidates.last?.minor ?? 0, given: planned.text))
        } else {
            inferred.append(.version(nearest.release))
        }
    }

    /// A name that no Node has.
    private static func unknownNode(_ nodes: [Node]) -> String {
        var name = "unknown"
        while nodes.contains(where: { $0.name.text == name }) { name += "-node" }
        return name
    }

    private mutating func inferMark() {
        guard let bit = evidence.masqueradeBit, bit != settings.masqueradeBit else { return }
        if knowledge.gives(.masqueradeBit) {
            differences.append(.masqueradeBit(found: bit, given: settings.masqueradeBit))
        } else {
            inferred.append(.masqueradeBit(bit))
        }
        settings.masqueradeBit = bit
    }

    // MARK: Masquerading

    private mutating func inferMasquerade() {
        let facts = NodeFacts(settings, node: node, behaviors)
        let planned = facts.localTraffic
        let givenAll = settings.masqueradeAll
        var found = planned
        if let winner = evidence.localTraffic.winner(preferring: planned),
            evidence.localTraffic[winner] >= knowledge.leastVotes || winner == planned
        {
            found = winner
        }
        var foundAll = givenAll
        if let winner = evidence.masqueradeAll.winner(preferring: givenAll),
            evidence.masqueradeAll[winner] >= knowledge.leastVotes || winner == givenAll
        {
            foundAll = winner
        }
        if foundAll != givenAll { take(masqueradeAll: foundAll, planned: planned, found: found) }
        guard found != planned else { return }
        take(localTraffic: found, planned: planned)
    }

    private mutating func take(
        masqueradeAll: Bool, planned: NodeFacts.LocalTraffic?, found: NodeFacts.LocalTraffic?
    ) {
        settings.masqueradeAll = masqueradeAll
        guard knowledge.gives(.masqueradeAll) || masqueradeAll && knowledge.gives(.localTraffic) else {
            if masqueradeAll { inferred.append(.masqueradeAll) }
            return
        }
        differences.append(
            masqueradeAll
                ? .clusterIPMasquerade(found: .everybody, given: .init(planned))
                : .clusterIPMasquerade(found: .init(found), given: .everybody))
    }

    private mutating func take(localTraffic found: NodeFacts.LocalTraffic?, planned: NodeFacts.LocalTraffic?) {
        let sources = SettingDifference.MasqueradedSources(found)
        var isNodeCIDR = false
        var taken = settings
        taken.detectLocalMode = .clusterCIDR
        taken.clusterCIDRs = []
        switch found {
        case nil: break
        case .source(let range):
            taken.clusterCIDRs = [range]
            isNodeCIDR = node?.podCIDRs.contains(range) ?? false
        case .interface(let name):
            let isPrefix = name.utf8.last == UInt8(ascii: "+")
            guard let interface = InterfaceName(isPrefix ? String(name.dropLast()) : name) else { return }
            taken.detectLocalMode = isPrefix ? .interfaceNamePrefix : .bridgeInterface
            if isPrefix { taken.podInterfaceNamePrefix = interface } else { taken.podBridgeInterface = interface }
        }
        settings = taken
        if knowledge.gives(.localTraffic) {
            // With --masquerade-all given, the one difference names both.
            guard !differences.contains(where: \.isAboutMasquerade) else { return }
            differences.append(
                .clusterIPMasquerade(found: sources, given: .init(planned), isNodeCIDR: isNodeCIDR))
        } else if isNodeCIDR {
            inferred.append(.nodeCIDR)
        } else if sources != .nobody {
            inferred.append(.localTraffic(sources))
        }
    }

    // MARK: Node ports

    private mutating func inferNodePorts() {
        guard let found = evidence.nodePorts else { return }
        let facts = NodeFacts(settings, node: node, behaviors)
        switch found {
        case .all(let localhost):
            if facts.nodePorts != .allAddresses {
                differ(.nodePortAddresses, .nodePortAddresses(found: .allAddresses, given: givenPlaces))
                settings.nodePortAddresses = .ranges([])
            }
            guard settings.family == .ipv4,
                NodeFacts(settings, node: node, behaviors).hasLocalhostNodePorts != localhost
            else {
                return
            }
            settings.localhostNodePorts = localhost
            if knowledge.gives(.localhostNodePorts) {
                differences.append(.localhostNodePorts(found: localhost))
            } else if !localhost {
                inferred.append(.noLocalhostNodePorts)
            }
        case .addresses(let addresses):
            takeNodePorts(addresses, facts)
        }
    }

    private mutating func takeNodePorts(_ addresses: [IPAddress], _ facts: NodeFacts) {
        if case .addresses(let planned) = facts.nodePorts {
            if Set(planned) == Set(addresses) { return }
            let ranges: [IPPrefix] =
                switch settings.nodePortAddresses {
                case .ranges(let ranges): ranges
                case .primary, .entries: planned.map { IPPrefix(single: $0) }
                }
            // The host has more addresses than the Node object says.
            if addresses.allSatisfy({ address in ranges.contains { $0.contains(address) } }) {
                guard !knowledge.gives(.hostAddresses) else { return }
                settings.hostAddresses = facts.hostAddresses + addresses
                return
            }
        }
        if knowledge.gives(.nodePortAddresses) {
            differences.append(.nodePortAddresses(found: .addresses(addresses), given: givenPlaces))
        } else if !addresses.isEmpty {
            inferred.append(.nodePortAddresses(addresses))
        }
        guard !addresses.isEmpty else {
            // No address of the host is in the ranges, whichever these are.
            settings.nodePortAddresses = .ranges([IPPrefix(single: SettingInference.lastAddress(settings.family))])
            return
        }
        settings.nodePortAddresses = .ranges(addresses.map { IPPrefix(single: $0) })
        settings.hostAddresses = facts.hostAddresses + addresses
    }

    /// An address that no interface has.
    private static func lastAddress(_ family: AddressFamily) -> IPAddress {
        family == .ipv4 ? IPAddress(ipv4: .max) : IPAddress(high: .max, low: .max)
    }

    private var givenPlaces: SettingDifference.NodePortPlaces {
        switch settings.nodePortAddresses {
        case .primary, .entries: .primary
        case .ranges([]): .allAddresses
        case .ranges(let ranges): .ranges(ranges)
        }
    }

    private mutating func differ(_ setting: AuditSetting, _ difference: SettingDifference) {
        if knowledge.gives(setting) { differences.append(difference) }
    }

    // MARK: The host and the feature gates

    private mutating func inferHost() {
        if let isLiberal = evidence.conntrackTCPBeLiberal, isLiberal != settings.conntrackTCPBeLiberal {
            settings.conntrackTCPBeLiberal = isLiberal
            if knowledge.gives(.conntrackTCPBeLiberal) {
                differences.append(.conntrackTCPBeLiberal(found: isLiberal))
            } else if isLiberal {
                inferred.append(.conntrackTCPBeLiberal)
            }
        }
        if let hasRandomFully = evidence.hasRandomFully, hasRandomFully != settings.hasRandomFully {
            settings.hasRandomFully = hasRandomFully
            if knowledge.gives(.randomFully) {
                differences.append(.randomFully(found: hasRandomFully))
            } else if !hasRandomFully {
                inferred.append(.noRandomFully)
            }
        }
        // The counters change nothing for packets, so they are no difference.
        if evidence.hasAccountingCounters, !settings.hasAccountingCounters {
            settings.hasAccountingCounters = true
            if !knowledge.gives(.accountingCounters) { inferred.append(.accountingCounters) }
        }
    }

    /// The gate `AllowServiceExternalIPs`: whether any external IP of the snapshot has a rule.
    private mutating func inferExternalIPs(_ iptables: IptablesPlan, _ live: LiveChains) {
        let snapshot = iptables.plan.snapshot
        var external: Set<IPAddress> = []
        for service in snapshot.services {
            external.formUnion(service.externalIPs.filter { $0.family == settings.family })
        }
        guard !external.isEmpty else { return }
        for port in iptables.plan.servicePorts {
            // The address of another kind of frontend shows nothing.
            external.remove(port.clusterIP)
            for address in port.loadBalancerIPs { external.remove(address) }
        }
        guard !external.isEmpty else { return }
        var isFound = false
        for (table, chain) in [("nat", "KUBE-SERVICES"), ("filter", "KUBE-EXTERNAL-SERVICES")] where !isFound {
            isFound = live.rules(table, chain).contains { rule in
                rule.destination?.prefix.map { external.contains($0.network) } ?? false
            }
        }
        guard isFound != settings.allowServiceExternalIPs else { return }
        // Without any rule of the Services nothing is shown.
        guard isFound || hasRules(iptables, external, live) else { return }
        settings.allowServiceExternalIPs = isFound
        if knowledge.gives(.externalIPs) {
            differences.append(.externalIPs(found: isFound))
        } else if !isFound {
            inferred.append(.noExternalIPs)
        }
    }

    /// Whether a Service that has one of some external IPs has rules for its cluster IP.
    private func hasRules(_ iptables: IptablesPlan, _ external: Set<IPAddress>, _ live: LiveChains) -> Bool {
        var addresses: Set<IPAddress> = []
        for port in iptables.plan.servicePorts where port.externalIPs.contains(where: external.contains) {
            addresses.insert(port.clusterIP)
        }
        return ["nat", "filter"].contains { table in
            live.rules(table, "KUBE-SERVICES").contains { rule in
                rule.destination?.prefix.map { addresses.contains($0.network) } ?? false
            }
        }
    }
}

extension SettingDifference {
    /// Whether it is about whose traffic to cluster IPs is masqueraded.
    fileprivate var isAboutMasquerade: Bool {
        if case .clusterIPMasquerade = self { true } else { false }
    }
}
