internal import NetAddress

/// Conditions on marks, IP sets and ranges of addresses.
extension PacketWalker {
    func event(of match: Match, _ branch: borrowing TraceBranch) -> Int {
        if case .unknown(let unknown) = match, SideEffects.fieldMatches.contains(unknown.name) {
            return branch.changes.fields
        }
        return 0
    }

    func add(
        _ mark: MarkMatch, _ value: UInt32, _ unknown: UInt32, _ match: (MarkMatch) -> Match,
        _ branch: borrowing TraceBranch, _ findings: inout MatchFindings
    ) -> Bool {
        let bits = mark.mask & ~unknown
        if mark.mask & unknown == 0 { return mark.contains(value) }
        // The bits that are known can rule it out.
        if value & bits != mark.value & bits { return mark.isNegated }
        let plain = text(match(MarkMatch(mark.value, mask: mark.mask)))
        let event = branch.changes.mark
        return findings.add(
            nil, or: .mark(plain, known: value & bits, unknown: unknown & mark.mask, event: event), !mark.isNegated)
    }

    func add(_ match: SetMatch, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings) -> Bool {
        var plain = match
        plain.isNegated = false
        var fits: Bool?
        var event = 0
        let isBare = match.packets == nil && match.bytes == nil && !match.returnsNoMatch
        if let change = branch.changes.sets[match.name] {
            if let added = change.added, added.sides == match.sides, isBare { fits = true }
            event = change.event
        } else if let sets = query.sets, isBare || !sets.contains(match.name) {
            fits = sets.contains(match.name)
        }
        return findings.add(
            fits, or: condition(text(.set(plain)), branch.packet, event: event), !match.isNegated)
    }

    func add(_ match: IPRangeMatch, _ branch: borrowing TraceBranch, _ findings: inout MatchFindings) -> Bool {
        for (range, address, option) in [
            (match.source, branch.packet.source, "--src-range"),
            (match.destination, branch.packet.destination, "--dst-range"),
        ] {
            guard let range else { continue }
            let isIn = host.isBetween(range.first, range.last, address, branch.clients)
            let condition: TraceCondition
            if case .client = address {
                condition = .client(in: IPPrefix.covering(range.first, range.last))
            } else {
                let text = "-m iprange \(option) \(range.first)-\(range.last)"
                condition = .match(text, from: address, to: address, .all)
            }
            if !findings.add(isIn, or: condition, !range.isNegated) { return false }
        }
        return true
    }
}
