internal import NetAddress
internal import Nftables

/// How a node's table differs from the one that it should have: what belongs to no Service port, and whose rules differ.
///
/// What makes no difference to packets is left out: the order of elements, comments, empty chains that nothing leads to and
/// what sets remember.
struct NftablesTableDifferences {
    /// A chain that is on both sides, with other rules.
    struct Rules {
        let chain: String
        /// kube-proxy's rules that are missing, and those that are there besides, in order.
        let missing: [NftRule]
        let extra: [NftRule]
    }

    /// An element that only one side has, or that leads elsewhere.
    struct Element {
        let set: String
        let expected: NftElement?
        let actual: NftElement?
    }

    /// Chains of no Service port that are missing.
    private(set) var missingChains: [NftChain] = []
    /// Chains of no Service port that kube-proxy does not have.
    private(set) var extraChains: [NftChain] = []
    /// Base chains that are called otherwise: what should be, and what is.
    private(set) var bases: [(chain: NftChain, actual: NftChain)] = []
    /// Chains of no Service port with other rules.
    private(set) var rules: [Rules] = []
    /// Chains of no Service port whose rules are in another order.
    private(set) var reordered: [NftChain] = []
    /// Sets and maps of no Service port that are missing, or of another type.
    private(set) var sets: [(expected: NftSet, actual: NftSet?)] = []
    /// Sets and maps of no Service port that kube-proxy does not have.
    private(set) var extraSets: [NftSet] = []
    private(set) var elements: [Element] = []
    /// The Service ports whose chains or sets differ.
    private(set) var servicePorts: Set<ServicePortLabel> = []

    init(_ expected: NftablesTableIndex, _ live: NftablesTableIndex) {
        compareChains(expected, live)
        compareSets(expected, live)
    }

    private mutating func compareChains(_ expected: NftablesTableIndex, _ live: NftablesTableIndex) {
        for chain in expected.table.chains {
            guard let other = live.chain(chain.name) else {
                if let label = ServicePortLabel(nftablesName: chain.name) {
                    servicePorts.insert(label)
                } else {
                    missingChains.append(chain)
                }
                continue
            }
            if chain.base != other.base { bases.append((chain, other)) }
            if chain.hasSameRules(as: other) { continue }
            if let label = ServicePortLabel(nftablesName: chain.name) {
                servicePorts.insert(label)
            } else {
                compareRules(chain, other)
            }
        }
        guard live.table.chains.count + missingChains.count > expected.table.chains.count || !servicePorts.isEmpty
        else { return }
        for chain in live.table.chains where !expected.has(chain.name) {
            if let label = ServicePortLabel(nftablesName: chain.name) {
                if !chain.rules.isEmpty { servicePorts.insert(label) }
            } else {
                extraChains.append(chain)
            }
        }
    }

    private mutating func compareRules(_ expected: NftChain, _ live: NftChain) {
        var extra = live.rules
        var missing: [NftRule] = []
        for rule in expected.rules {
            if let place = extra.firstIndex(where: { $0.hasSameEffect(as: rule) }) {
                extra.remove(at: place)
            } else {
                missing.append(rule)
            }
        }
        if missing.isEmpty, extra.isEmpty {
            reordered.append(live)
        } else {
            rules.append(Rules(chain: expected.name, missing: missing, extra: extra))
        }
    }

    private mutating func compareSets(_ expected: NftablesTableIndex, _ live: NftablesTableIndex) {
        for set in expected.table.sets {
            let other = live.set(set.name)
            let label = ServicePortLabel(nftablesName: set.name)
            guard let other, other.isMap == set.isMap, other.keyTypes == set.keyTypes, other.dataType == set.dataType
            else {
                if let label { servicePorts.insert(label) } else { sets.append((set, other)) }
                continue
            }
            if let label {
                if other.timeout != set.timeout { servicePorts.insert(label) }
                // What rules add is data of the host.
                continue
            }
            compareElements(set, other)
        }
        for set in live.table.sets where expected.set(set.name) == nil {
            if ServicePortLabel(nftablesName: set.name) == nil { extraSets.append(set) }
        }
    }

    private mutating func compareElements(_ expected: NftSet, _ live: NftSet) {
        // Elements are mostly listed in the same order, sorted.
        var rest: [[String]: NftElement] = [:]
        rest.reserveCapacity(live.elements.count)
        for element in live.elements { rest[element.key] = element }
        for element in expected.elements {
            let other = rest.removeValue(forKey: element.key)
            if let other, other.data == element.data { continue }
            elements.append(Element(set: expected.name, expected: element, actual: other))
        }
        guard !rest.isEmpty else { return }
        for element in live.elements where rest[element.key] != nil {
            elements.append(Element(set: expected.name, expected: nil, actual: element))
        }
    }
}

extension NftChain {
    /// Whether the rules do the same, one by one.
    fileprivate func hasSameRules(as other: NftChain) -> Bool {
        guard rules.count == other.rules.count else { return false }
        for index in rules.indices where !rules[index].hasSameEffect(as: other.rules[index]) { return false }
        return true
    }
}
