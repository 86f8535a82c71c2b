internal import Iptables
internal import KubeObjects
internal import NetAddress

/// Reads settings off a node's rules: what was not given is taken from them, and what was given otherwise is a difference.
struct SettingInference {
    private var conclusions: SettingConclusions
    private let evidence: RuleEvidence
    private let behaviors: ProxyBehaviors

    /// The settings that the rules show, for the rest the ones planned with.
    var settings: ProxySettings { conclusions.settings }
    /// Settings that were given and that the rules show to be others.
    var differences: [SettingDifference] { conclusions.differences }
    /// Settings that were not given and are not the defaults.
    var inferred: [InferredSetting] { conclusions.inferred }

    /// - Parameter iptables: a plan with the settings as far as they are known.
    init(_ iptables: IptablesPlan, _ live: LiveChains, _ knowledge: AuditKnowledge) {
        conclusions = SettingConclusions(iptables.plan, knowledge)
        evidence = RuleEvidence(live)
        behaviors = iptables.plan.behaviors
        let nodes = iptables.plan.snapshot.nodes
        if knowledge.accepts(.node), live.olderVersionSigns.isEmpty, !nodes.isEmpty {
            conclusions.take(NodeEvidence(iptables.plan, LivePolicies(iptables, live)), nodes, evidence.pointers)
        }
        if knowledge.accepts(.version) {
            conclusions.take(
                versions: ProxyVersion.candidates(from: live.ruleset), planned: iptables.plan.cluster.version.version)
        }
        inferMark()
        conclusions.take(evidence.localTraffic, evidence.masqueradeAll, behaviors)
        if knowledge.accepts(.nodePortAddresses) { inferNodePorts() }
        if knowledge.accepts(.conntrackTCPBeLiberal) { inferHost() }
        if knowledge.accepts(.externalIPs) {
            conclusions.takeExternalIPs(iptables.plan) { live.answers(atAnyOf: $0) }
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
                NodeFacts(settings, node: conclusions.node, behaviors).hasLocalhostNodePorts != localhost
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
                guard !conclusions.knowledge.gives(.hostAddresses) else { return }
                conclusions.settings.hostAddresses = facts.hostAddresses + addresses
                return
            }
        }
        if conclusions.knowledge.gives(.nodePortAddresses) {
            conclusions.differences.append(.nodePortAddresses(found: .addresses(addresses), given: givenPlaces))
        } else if !addresses.isEmpty {
            conclusions.inferred.append(.nodePortAddresses(addresses))
        }
        guard !addresses.isEmpty else {
            // No address of the host is in the ranges, whichever these are.
            conclusions.settings.nodePortAddresses = .ranges([
                conclusions.placeOfNoInterface
            ])
            return
        }
        conclusions.settings.nodePortAddresses = .ranges(addresses.map { IPPrefix(single: $0) })
        conclusions.settings.hostAddresses = facts.hostAddresses + addresses
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
        // The counters change nothing for packets, so they are no difference.
        if evidence.hasAccountingCounters, !settings.hasAccountingCounters {
            conclusions.settings.hasAccountingCounters = true
            if !conclusions.knowledge.gives(.accountingCounters) { conclusions.inferred.append(.accountingCounters) }
        }
    }
}

extension LiveChains {
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
