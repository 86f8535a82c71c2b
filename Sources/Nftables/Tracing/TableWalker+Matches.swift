internal import Iptables
internal import NetAddress

/// What a match says of a packet.
enum NftAnswer {
    case yes, no
    /// It depends on a condition with the answer that the rule wants.
    case depends(TraceCondition, wanted: Bool)
}

extension TableWalker {
    /// A condition in words about the packet as it is.
    func condition(_ text: String, _ branch: TraceBranch) -> TraceCondition {
        .match(text, from: branch.packet.source, to: branch.packet.destination, branch.packet.destinationPort)
    }

    /// Compares a match with a packet.
    func answer(_ match: NftMatch, _ branch: TraceBranch, _ hook: Hook) -> NftAnswer {
        guard applies(match.expression, branch) else { return .no }
        let elements: TracedElements
        switch match.operand {
        case .values(let values): elements = values
        case .set(let name):
            if let entry = entry(name, match.expression, currentChain, branch), let isThere = remembers(entry, name) {
                return (branch.recent[entry] ?? isThere) != match.isNegated ? .yes : .no
            }
            guard let named = self.elements(.named(name), currentChain) else {
                return settle(condition(match.text, branch), match, branch)
            }
            // Where an address is one of several, each element would be a condition of its own.
            let limit = branch.clients == nil ? Self.conditionLimit : Self.conditionLimitOfClients
            if named.set.elements.count > limit, !isExact(match.expression, branch) {
                return settle(condition(match.text, branch), match, branch)
            }
            elements = named
        }
        var open: [TraceCondition] = []
        for (_, condition) in candidates(match.expression, elements, branch, hook) {
            guard let condition else { return match.isNegated ? .no : .yes }
            switch branch.answer(to: condition) {
            case true?: return match.isNegated ? .no : .yes
            case false?: break
            case nil: open.append(condition)
            }
        }
        guard let first = open.first else { return match.isNegated ? .yes : .no }
        if open.count == 1 { return settle(first, match, branch) }
        return settle(TraceCondition(anyOf: open) ?? condition(match.text, branch), match, branch)
    }

    private func settle(_ condition: TraceCondition, _ match: NftMatch, _ branch: TraceBranch) -> NftAnswer {
        if let known = branch.answer(to: condition) { return known != match.isNegated ? .yes : .no }
        return .depends(condition, wanted: !match.isNegated)
    }

    /// Whether a packet has what an expression asks for; a rule that asks for something else does not match.
    private func applies(_ expression: NftExpression, _ branch: TraceBranch) -> Bool {
        switch expression {
        case .source(let family), .destination(let family): return family == self.family
        case .transport(let family?): return family == self.family
        case .sourcePort(let name), .destinationPort(let name):
            return !branch.isICMP
                && name ?? branch.packet.transport.name.description == branch.packet.transport.name.description
        case .connectionStatus, .connectionDirection, .connectionMark: return branch.connection.exists
        case .concatenation(let parts): return parts.allSatisfy { applies($0, branch) }
        default: return true
        }
    }

    // MARK: Elements

    /// The elements that a named or an anonymous set has; nil: there is no such set.
    func elements(_ set: NftSetReference, _ place: TracedTables.ChainPlace?) -> TracedElements? {
        switch set {
        case .named(let name): return place.flatMap { tables.tables[$0.table].sets[name] }
        case .elements(let elements):
            var set = NftSet(name: "", isMap: true)
            set.elements = elements
            return TracedElements(set)
        }
    }

    /// The elements that a packet's values may be, the one that it is for certain last, with the condition for each of the others.
    func candidates(
        _ expression: NftExpression, _ elements: TracedElements, _ branch: TraceBranch, _ hook: Hook
    ) -> [(NftElement, TraceCondition?)] {
        guard applies(expression, branch) else { return [] }
        var parts = [expression]
        if case .concatenation(let several) = expression { parts = several }
        if let byKey = elements.byKey {
            let key = parts.compactMap { exactValue($0, branch) }
            if key.count == parts.count {
                return byKey[key].map { [(elements.set.elements[$0], nil)] } ?? []
            }
        } else if parts.count == 1, let address = exactAddress(parts[0], branch),
            let found = elements.element(holding: address)
        {
            return found.map { [($0, nil)] } ?? []
        }
        var found: [(NftElement, TraceCondition?)] = []
        for element in elements.set.elements {
            guard element.key.count == parts.count || element.key == ["*"] else { continue }
            var conditions: [TraceCondition] = []
            var fits = true
            for (part, value) in zip(parts, element.key) where value != "*" {
                switch fit(part, value, branch, hook) {
                case .yes: break
                case .no: fits = false
                case .depends(let condition, let wanted):
                    conditions.append(wanted ? condition : self.condition("not \(condition.text)", branch))
                }
                if !fits { break }
            }
            guard fits else { continue }
            guard let first = conditions.first else {
                found.append((element, nil))
                break
            }
            found.append(
                (
                    element,
                    conditions.count == 1
                        ? first : condition(conditions.map(\.text).joined(separator: " and "), branch)
                ))
        }
        return found
    }

    /// How many elements of a set may each be a condition of its own.
    private static let conditionLimit = 64
    /// The same for clients that are followed together, of whom each element divides off some.
    private static let conditionLimitOfClients = 4096

    /// Whether the addresses that an expression asks for are known.
    private func isExact(_ expression: NftExpression, _ branch: TraceBranch) -> Bool {
        switch expression {
        case .source, .destination: exactAddress(expression, branch) != nil
        case .concatenation(let parts): parts.allSatisfy { isExact($0, branch) }
        default: true
        }
    }

    /// An address, where it is one for certain.
    private func exactAddress(_ part: NftExpression, _ branch: TraceBranch) -> IPAddress? {
        switch part {
        case .source:
            if case .exact(let address) = branch.packet.source { return address }
        case .destination:
            if case .exact(let address) = branch.packet.destination { return address }
        default: break
        }
        return nil
    }

    /// A value as sets list it, where it is one for certain and is compared as a whole.
    private func exactValue(_ part: NftExpression, _ branch: TraceBranch) -> String? {
        switch part {
        case .source, .destination: return exactAddress(part, branch)?.description
        case .transport: return branch.isICMP ? nil : branch.packet.transport.name.description
        case .sourcePort: return branch.packet.sourcePort.single
        case .destinationPort: return branch.packet.destinationPort.single
        default: return nil
        }
    }

    /// The entry that a set has for a packet's address; nil where rules do not fill the set, or the address is not known.
    func entry(
        _ set: String, _ expression: NftExpression, _ place: TracedTables.ChainPlace?, _ branch: TraceBranch
    ) -> RecentEntry? {
        guard let place, tables.tables[place.table].sets[set]?.set.isDynamic == true else { return nil }
        let address: TracedAddress
        switch expression {
        case .source: address = branch.packet.source
        case .destination: address = branch.packet.destination
        default: return nil
        }
        let list = "\(tables.tables[place.table].name) @\(set)"
        switch address {
        case .exact(let exact): return RecentEntry(list: list, address: RawAddress(exact))
        case .client: return RecentEntry(list: list, address: nil)
        case .range, .ofHost: return nil
        }
    }

    /// Whether a set that rules fill has an entry before the packet comes: as listed, or as the query says that the client was sent to
    /// an endpoint before.
    private func remembers(_ entry: RecentEntry, _ set: String) -> Bool? {
        guard let place = currentChain, let elements = tables.tables[place.table].sets[set] else { return nil }
        if let address = entry.address, elements.byKey?[[address.address.description]] != nil { return true }
        guard let (address, port) = query.affinity else { return false }
        return tables.remembered[entry.list]?.contains { $0.address == address && $0.port == port } ?? false
    }
}

extension TraceCondition {
    /// That a client is in the ranges of any of several conditions; nil: they are about something else.
    fileprivate init?(anyOf conditions: [TraceCondition]) {
        var ranges: [IPPrefix] = []
        for condition in conditions {
            guard case .client(let own) = condition else { return nil }
            ranges += own
        }
        self = .client(in: ranges)
    }
}

extension PortRange {
    /// The port, if it is one.
    fileprivate var single: String? { first == last ? "\(first)" : nil }
}
