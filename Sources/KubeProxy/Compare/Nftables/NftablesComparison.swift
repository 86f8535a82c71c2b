public import Nftables

/// The differences between two nftables tables of kube-proxy, by Service port.
///
/// Only what the tables mean is compared: the order of elements, spelling, handles, counters, comments on elements and
/// what affinity sets remember do not count, nor do empty chains of the actual side that nothing leads to, which
/// kube-proxy deletes a little later.
public struct NftablesComparison: Sendable {
    /// Sorted by name and protocol.
    public private(set) var servicePorts: [NftablesServiceDifference] = []
    /// What belongs to no Service port, or to several.
    public private(set) var other: [NftablesDifference] = []

    /// The family and name of the table.
    public let table: String

    /// Whether nothing differs.
    public var isSame: Bool { servicePorts.isEmpty && other.isEmpty }

    /// The differences of some Service ports alone; those of no Service are left out.
    public func limited(to isWanted: (ServicePortLabel) -> Bool) -> NftablesComparison {
        var comparison = self
        comparison.servicePorts = servicePorts.filter { isWanted($0.label) }
        comparison.other = []
        return comparison
    }

    private var differences: [ServicePortLabel: [NftablesDifference]] = [:]
    private let filter: EndpointFilter?

    /// Compares two tables.
    ///
    /// - Parameters:
    ///   - expected: a table.
    ///   - actual: another one.
    ///   - isStrict: whether comments on elements count too.
    ///   - ignoresEndpoints: whether endpoints and their shares do not count. What the endpoints that both sides have are treated
    ///     to still counts, and so does what leads to a Service port.
    public init(expected: NftTable, actual: NftTable, isStrict: Bool = false, ignoresEndpoints: Bool = false) {
        filter = ignoresEndpoints ? EndpointFilter(expected, actual) : nil
        table = "\(expected.family) \(expected.name)"
        var (expected, actual) = (expected, actual)
        if expected.omitsComments || actual.omitsComments {
            expected.dropComments()
            actual.dropComments()
        }
        add(.table, table, expected.comment.map { "comment \"\($0)\"" }, actual.comment.map { "comment \"\($0)\"" })
        compareChains(expected, actual)
        compareSets(expected, actual, isStrict: isStrict)
        compareNames(.counter, expected.counters, actual.counters)
        finish(expected, actual)
    }

    // MARK: Chains

    private mutating func compareChains(_ expected: NftTable, _ actual: NftTable) {
        let (left, right) = (expected.chainsByName, actual.chainsByName)
        let targets = Set(actual.chains.flatMap(\.rules).flatMap(\.targets))
            .union(actual.sets.flatMap(\.elements).compactMap(\.target))
        for name in Set(left.keys).union(right.keys).sorted() where filter?.leavesOut(name) != true {
            guard let one = left[name] else {
                let isStale = name.contains { $0 == "/" } && right[name]?.rules.isEmpty == true
                if isStale, !targets.contains(name) { continue }
                add(.chain, name, nil, right[name]?.description ?? "")
                for rule in right[name].map(rules(of:)) ?? [] { add(.rule, name, nil, rule.line) }
                continue
            }
            guard let other = right[name] else {
                add(.chain, name, one.description, nil)
                for rule in rules(of: one) { add(.rule, name, rule.line, nil) }
                continue
            }
            add(.chain, name, one.description, other.description)
            for change in rules(of: other).difference(from: rules(of: one)).changes {
                add(.rule, name, change.0, change.1)
            }
        }
    }

    private func rules(of chain: NftChain) -> [EndpointFilter.Rule] {
        filter?.rules(of: chain) ?? chain.rules.map { .whole($0) }
    }

    // MARK: Sets and maps

    private mutating func compareSets(_ expected: NftTable, _ actual: NftTable, isStrict: Bool) {
        let (left, right) = (expected.setsByName, actual.setsByName)
        for name in Set(left.keys).union(right.keys).sorted() where filter?.leavesOut(name) != true {
            let kind: NftablesDifference.Kind = (left[name] ?? right[name])?.isMap == true ? .map : .set
            add(kind, name, left[name]?.description, right[name]?.description)
            // What rules add is data of the host.
            if (left[name] ?? right[name])?.isDynamic == true { continue }
            compareElements(name, left[name]?.elements ?? [], right[name]?.elements ?? [], isStrict: isStrict)
        }
    }

    private mutating func compareElements(
        _ set: String, _ expected: [NftElement], _ actual: [NftElement], isStrict: Bool
    ) {
        func byKey(_ elements: [NftElement]) -> [[String]: NftElement] {
            Dictionary(elements.map { ($0.key, $0) }) { first, _ in first }
        }
        let (left, right) = (byKey(expected), byKey(actual))
        for key in Set(left.keys).union(right.keys).sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let (one, other) = (left[key], right[key])
            if let one, let other, one.data == other.data, !isStrict || one.comment == other.comment { continue }
            add(.element, set, one?.line, other?.line, owner: (one ?? other)?.owner)
        }
    }

    private mutating func compareNames(_ kind: NftablesDifference.Kind, _ expected: [String], _ actual: [String]) {
        for name in Set(expected).symmetricDifference(actual).sorted() {
            add(kind, name, expected.contains(name) ? name : nil, actual.contains(name) ? name : nil)
        }
    }

    // MARK: Whose they are

    private mutating func add(
        _ kind: NftablesDifference.Kind, _ object: String, _ expected: String?, _ actual: String?,
        owner: ServicePortLabel? = nil
    ) {
        guard expected != actual else { return }
        let difference = NftablesDifference(kind: kind, object: object, expected: expected, actual: actual)
        if let owner = owner ?? ServicePortLabel(nftablesName: object) {
            differences[owner, default: []].append(difference)
        } else {
            other.append(difference)
        }
    }

    private mutating func finish(_ expected: NftTable, _ actual: NftTable) {
        let (left, right) = (expected.owners, actual.owners)
        for (label, details) in differences.sorted(by: { $0.key < $1.key }) {
            let change: ServicePortDifference.Change =
                !left.contains(label) ? .added : right.contains(label) ? .changed : .removed
            servicePorts.append(NftablesServiceDifference(label: label, change: change, details: details))
        }
        differences = [:]
    }
}

extension ServicePortLabel {
    /// The Service port that a chain or set of its own names: `service-HASH-namespace/service/protocol/port`, with
    /// `__address/port` behind it for an endpoint; nil: it belongs to none.
    init?(nftablesName name: String) {
        let parts = name.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let front = parts[0].split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard front.count == 3, front[1].utf8.count == 8 else { return nil }
        var port = parts[3]
        if let end = port.firstIndex(of: "_") { port = port[..<end] }
        let service = "\(front[2])/\(parts[1])"
        self.init(
            servicePort: port.isEmpty ? service : "\(service):\(port)", transport: String(parts[2]))
    }
}

extension NftElement {
    /// The Service port that its verdict or its comment names.
    var owner: ServicePortLabel? {
        if let label = target.flatMap(ServicePortLabel.init(nftablesName:)) { return label }
        guard let comment, key.count >= 2 else { return nil }
        return ServicePortLabel(servicePort: comment, transport: key[key.count - 2])
    }
}

extension NftChain {
    fileprivate var description: String {
        let base = base.map { "type \($0.type) hook \($0.hook) priority \($0.priority); policy \($0.policy);" }
        return [base, comment.map { "comment \"\($0)\"" }].compactMap(\.self).joined(separator: " ")
    }
}

extension NftSet {
    fileprivate var description: String {
        var text = "type " + keyTypes.joined(separator: " . ")
        if let dataType { text += " : \(dataType)" }
        if !flags.isEmpty { text += " flags \(flags.joined(separator: ","))" }
        if let timeout { text += " timeout \(timeout)ms" }
        // The kernel's own bound of a dynamic set says nothing.
        if let size, !isDynamic { text += " size \(size)" }
        return text + (comment.map { " comment \"\($0)\"" } ?? "")
    }
}

extension NftTable {
    /// Forgets the comments that the JSON of nft 1.0 leaves out.
    fileprivate mutating func dropComments() {
        comment = nil
        for index in chains.indices { chains[index].comment = nil }
    }

    /// The Service ports that something in the table names.
    fileprivate var owners: Set<ServicePortLabel> {
        var labels = Set(chains.compactMap { ServicePortLabel(nftablesName: $0.name) })
        for set in sets { labels.formUnion(set.elements.compactMap(\.owner)) }
        return labels
    }
}

extension CollectionDifference<EndpointFilter.Rule> {
    /// What was removed and what was added, in order.
    fileprivate var changes: [(String?, String?)] {
        map { change in
            switch change {
            case .remove(_, let rule, _): (rule.line, nil)
            case .insert(_, let rule, _): (nil, rule.line)
            }
        }
    }
}
