internal import KubeObjects
internal import NetAddress

/// What follows from a node's rules for settings, whatever the mode: what was not given is taken from the rules, and what was
/// given otherwise is a difference.
struct SettingConclusions {
    /// The settings that the rules show, for the rest the ones planned with.
    var settings: ProxySettings
    /// Settings that were given and that the rules show to be others.
    var differences: [SettingDifference] = []
    /// Settings that were not given and are not the defaults.
    var inferred: [InferredSetting] = []
    let knowledge: AuditKnowledge
    /// The Node that the rules fit.
    var node: Node?

    init(_ plan: NodePlan, _ knowledge: AuditKnowledge) {
        settings = plan.settings
        self.knowledge = knowledge
        node = plan.snapshot.nodes.first { $0.name.text == plan.node.name }
    }

    /// Notes a value that the rules show: as a difference if the setting was given, else as inferred.
    mutating func note(_ setting: AuditSetting, _ difference: SettingDifference, else inference: InferredSetting?) {
        if knowledge.gives(setting) {
            differences.append(difference)
        } else if let inference {
            inferred.append(inference)
        }
    }

    /// An address that no interface has, for node ports that answer nowhere.
    var placeOfNoInterface: IPPrefix {
        IPPrefix(single: IPAddress(IPPrefix.all(settings.family).last, settings.family))
    }

    // MARK: The node and its version

    /// Takes the Node that the rules fit.
    mutating func take(_ evidence: NodeEvidence, _ nodes: [Node], _ pointers: NodePointers) {
        let given = knowledge.gives(.node) || nodes.count == 1 ? node : nil
        let fit = NodeFit(evidence, nodes, given: given, pointers)
        guard let found = fit.node else {
            differences.append(.node(found: nil, given: knowledge.gives(.node) ? node?.name.text : nil))
            node = nil
            settings.nodeName = evidence.nameBesideNodes ?? SettingConclusions.unknownNode(nodes)
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

    /// A name that no Node has.
    private static func unknownNode(_ nodes: [Node]) -> String {
        var name = "unknown"
        while nodes.contains(where: { $0.name.text == name }) { name += "-node" }
        return name
    }

    /// Takes the version nearest to the planned one of those that the rules can be of, if they cannot be of that.
    ///
    /// - Parameter candidates: the oldest first.
    mutating func take(versions candidates: [ProxyVersion], planned: ProxyVersion) {
        let minor = min(planned.minor, ProxyVersion.knownMinors.upperBound)
        guard !candidates.contains(where: { $0.minor == minor }),
            let nearest = candidates.last(where: { $0.minor < minor }) ?? candidates.first
        else { return }
        settings.version = nearest
        note(
            .version,
            .version(found: candidates.first?.minor ?? 0, to: candidates.last?.minor ?? 0, given: planned.text),
            else: .version(nearest.release))
    }

    // MARK: Masquerading

    /// Takes what most rules show of whose traffic to cluster IPs is masqueraded.
    mutating func take(
        _ localTraffic: Votes<NodeFacts.LocalTraffic?>, _ masqueradeAll: Votes<Bool>, _ plan: NodePlan,
        _ behaviors: ProxyBehaviors
    ) {
        let planned = NodeFacts(settings, node: node, behaviors).localTraffic
        let givenAll = settings.masqueradeAll
        var found = planned
        var preferred = planned
        if !knowledge.gives(.localTraffic), !localTraffic.isEmpty {
            preferred = localTraffic.winners.max { plan.likelihood($0) < plan.likelihood($1) } ?? planned
        }
        if let winner = localTraffic.winner(preferring: preferred),
            localTraffic[winner] >= knowledge.leastVotes || winner == planned
        {
            found = winner
        }
        var foundAll = givenAll
        // Rules are rather lost than added here too.
        if let winner = masqueradeAll.winner(preferring: knowledge.gives(.masqueradeAll) ? givenAll : true),
            masqueradeAll[winner] >= knowledge.leastVotes || winner == givenAll
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

    // MARK: The feature gates

    /// Takes the gate `AllowServiceExternalIPs`: whether any external IP of the snapshot has a rule.
    ///
    /// - Parameters:
    ///   - isExternal: whether rules treat a Service port as one with external frontends.
    ///   - answers: whether rules answer at one of some addresses.
    mutating func takeExternalIPs(
        _ plan: NodePlan, isExternal: (ServicePortPlan) -> Bool, _ answers: (Set<IPAddress>) -> Bool
    ) {
        var external: Set<IPAddress> = []
        for service in plan.snapshot.services {
            external.formUnion(service.externalIPs.filter { $0.family == settings.family })
        }
        guard !external.isEmpty else { return }
        for port in plan.servicePorts {
            // The address of another kind of frontend shows nothing.
            external.remove(port.clusterIP)
            for address in port.loadBalancerIPs { external.remove(address) }
        }
        guard !external.isEmpty else { return }
        let isFound = answers(external)
        guard isFound != settings.allowServiceExternalIPs else { return }
        if !isFound {
            // Without any rule of the Services nothing is shown.
            var addresses: Set<IPAddress> = []
            for port in plan.servicePorts where port.externalIPs.contains(where: external.contains) {
                addresses.insert(port.clusterIP)
            }
            guard answers(addresses) else { return }
            // Where only the frontend is missing, what it led to is left.
            guard !plan.onlyByExternalIPs.contains(where: isExternal) else { return }
        }
        settings.allowServiceExternalIPs = isFound
        note(.externalIPs, .externalIPs(found: isFound), else: isFound ? nil : .noExternalIPs)
    }
}

extension NodePlan {
    /// The Service ports that would be no external ones without external IPs.
    fileprivate var onlyByExternalIPs: [ServicePortPlan] {
        let external = servicePorts.filter { !$0.externalIPs.isEmpty }
        let names = Set(external.map(\.name.qualifiedService))
        var settings = settings
        settings.allowServiceExternalIPs = false
        guard let small = try? snapshot.limited(to: names) else { return [] }
        let others = Set(ClusterPlan(small, settings).tables.ports.filter(\.isExternal).map(\.name))
        return external.filter { !others.contains($0.name) }
    }

    /// How likely a way of detecting local traffic is, where as many rules show another and some of them are damaged: rules
    /// are rather lost than added, and pods are rather in the range than outside.
    fileprivate func likelihood(_ localTraffic: NodeFacts.LocalTraffic?) -> Int {
        switch localTraffic {
        case nil: return 0
        case .interface: return 1
        case .source(let range):
            let holdsPods =
                snapshot.nodes.contains { $0.podCIDRs.contains { range.contains($0.network) } }
                || servicePorts.contains { $0.endpoints.contains { range.contains($0.address) } }
            return holdsPods ? 2 : 1
        }
    }
}

extension SettingDifference {
    /// Whether it is about whose traffic to cluster IPs is masqueraded.
    fileprivate var isAboutMasquerade: Bool {
        if case .clusterIPMasquerade = self { true } else { false }
    }
}
