internal import KubeObjects
internal import NetAddress
internal import Nftables

/// Reads settings off a node's table: what was not given is taken from it, and what was given otherwise is a difference.
struct NftablesInference {
    private(set) var conclusions: SettingConclusions
    private let evidence: NftablesEvidenceOfSettings

    /// - Parameter plan: a plan with the settings as far as they are known.
    init(_ plan: NftablesPlan, _ live: NftablesTableIndex, _ knowledge: AuditKnowledge) {
        conclusions = SettingConclusions(plan.plan, knowledge)
        evidence = NftablesEvidenceOfSettings(live)
        let nodes = plan.plan.snapshot.nodes
        // The versions differ in what shows which endpoints are the node's own.
        conclusions.take(versions: evidence.versions, planned: plan.plan.cluster.version.version)
        if !nodes.isEmpty {
            conclusions.take(NodeEvidence(plan.plan, NftablesPolicies(plan, live)), nodes, evidence.pointers)
        }
        inferMark()
        conclusions.take(evidence.localTraffic, evidence.masqueradeAll, plan.plan, behaviors)
        inferLocalhost()
        inferNodePorts()
        conclusions.takeExternalIPs(
            plan.plan, isExternal: { _ in false },
            { addresses in
                ["service-ips", "no-endpoint-services"].contains { set in
                    live.elements(set).contains { element in
                        element.frontend?.address.map(addresses.contains) ?? false
                    }
                }
            })
    }

    /// The known versions, the oldest first, of which the table can be.
    var versions: [ProxyVersion] { evidence.versions }

    private var behaviors: ProxyBehaviors {
        (conclusions.settings.version ?? .default).behaviors(in: .nftables)
    }

    private mutating func inferMark() {
        let given = conclusions.settings.nftablesMasqueradeBit
        guard let bit = evidence.masqueradeBit, bit != given else { return }
        conclusions.note(
            .nftablesMasqueradeBit, .nftablesMasqueradeBit(found: bit, given: given), else: .nftablesMasqueradeBit(bit))
        conclusions.settings.nftablesMasqueradeBit = bit
    }

    // MARK: Node ports

    private mutating func inferLocalhost() {
        let isFound = evidence.rejectedAtLocalhost != nil
        guard isFound != conclusions.settings.localhostNodePortsInNftables else { return }
        conclusions.settings.localhostNodePortsInNftables = isFound
        conclusions.note(
            .localhostNodePortsInNftables, .localhostNodePortsInNftables(found: isFound),
            else: isFound ? .localhostNodePortsInNftables : nil)
    }

    private mutating func inferNodePorts() {
        guard let found = evidence.nodePorts else { return }
        let facts = NodeFacts(conclusions.settings, node: conclusions.node, behaviors)
        let planned = NftablesNode(conclusions.settings, facts, behaviors)
        // Where TCP is not rejected on the loopback address, a range asks for it.
        let takesLoopback = evidence.rejectedAtLocalhost.map { !$0.contains(.tcp) } ?? false
        let plansLoopback = evidence.rejectedAtLocalhost != nil && !planned.rejectedAtLocalhost.contains(.tcp)
        let isSame = takesLoopback == plansLoopback
        switch (found, planned.nodePorts) {
        case (.allAddresses, .allAddresses): if isSame { return }
        case (.addresses(let some), .addresses(let others)):
            if isSame, Set(some) == Set(others) { return }
            // The host has more addresses than the Node object says, or a part of the set is missing.
            if isSame, takesHostAddresses(some, others) { return }
            if isSame, some.allSatisfy(others.contains) { return }
        default: break
        }
        let family = conclusions.settings.family
        var ranges: [IPPrefix]
        switch found {
        case .allAddresses: ranges = [.all(family)]
        case .addresses(let addresses):
            ranges = addresses.map { IPPrefix(single: $0) }
            conclusions.settings.hostAddresses = facts.hostAddresses + addresses
        }
        let given = givenPlaces(family)
        if takesLoopback { ranges.append(.loopback(family)) }
        conclusions.note(
            .nodePortAddresses, .nodePortAddresses(found: .ranges(ranges), given: given),
            else: ranges.isEmpty ? nil : .nodePortRanges(ranges))
        // An address that no interface has, where none takes node ports.
        conclusions.settings.nodePortAddresses = .ranges(
            ranges.isEmpty ? [conclusions.placeOfNoInterface] : ranges)
        conclusions.settings.nodePortAddressTexts = []
    }

    /// Whether addresses that the Node object does not say are in the ranges that were given; they are then the host's.
    private mutating func takesHostAddresses(_ found: [IPAddress], _ planned: [IPAddress]) -> Bool {
        guard case .ranges(let ranges) = conclusions.settings.nodePortAddresses, !ranges.isEmpty,
            planned.allSatisfy(found.contains),
            found.allSatisfy({ address in ranges.contains { $0.contains(address) } }),
            !conclusions.knowledge.gives(.hostAddresses)
        else { return false }
        let host = NodeFacts(conclusions.settings, node: conclusions.node, behaviors).hostAddresses
        conclusions.settings.hostAddresses = host + found
        return true
    }

    private func givenPlaces(_ family: AddressFamily) -> SettingDifference.NodePortPlaces {
        switch conclusions.settings.nodePortAddresses {
        case .primary, .ranges([]): .primary
        case .ranges(let ranges): .ranges(ranges)
        case .entries(let entries):
            .ranges(
                entries.compactMap { entry in
                    switch entry {
                    case .range(let range): range
                    case .primary: nil
                    case .localhost: .loopback(family)
                    case .all: .all(family)
                    }
                })
        }
    }
}
