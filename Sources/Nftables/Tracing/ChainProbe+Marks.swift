extension ChainProbe {
    /// What a rule does with a bit of the packets' mark.
    package enum MarkChange: Sendable, Hashable {
        /// It sets or clears the bit.
        case sets, clears
    }

    /// The rules of a base chain, and of those that it leads to, that change a bit of the packets' mark.
    ///
    /// - Parameter mayBeMarked: whether packets may come with the bit; otherwise it changes nothing to clear it.
    package mutating func markChanges(
        in chain: BaseChain, _ bit: UInt32, mayBeMarked: Bool
    ) -> [(rule: PlacedRule, change: MarkChange)] {
        var found: [(rule: PlacedRule, change: MarkChange)] = []
        forEachRule(of: chain) { _, rule, statements, _ in
            guard let change = MarkChange(statements, bit, mayBeMarked: mayBeMarked) else { return }
            found.append((rule, change))
        }
        return found
    }
}

extension ChainProbe.MarkChange {
    /// nil: the rule changes nothing about the bit, or it is not known.
    fileprivate init?(_ statements: [NftStatement], _ bit: UInt32, mayBeMarked: Bool) {
        // What packets have the bit that come to the statement.
        var (isMarked, isUnmarked) = (mayBeMarked, true)
        for statement in statements {
            switch statement {
            case .match(let match):
                guard case .mark(let mask) = match.expression, mask & bit != 0, case .values(let values) = match.operand
                else { continue }
                let numbers = values.set.elements.compactMap { UInt32(nft: $0.key.joined()) }
                let meetsMarked = numbers.contains { $0 & bit != 0 } != match.isNegated
                if meetsMarked { isUnmarked = false } else { isMarked = false }
            case .setMark(let value, isConnection: false):
                if case .connection = value.start { return nil }
                if isUnmarked, value.applied(packet: 0, connection: 0) & bit != 0 {
                    self = .sets
                    return
                }
                guard isMarked, value.applied(packet: bit, connection: 0) & bit == 0 else { return nil }
                self = .clears
                return
            case .verdict, .reject, .unknown, .verdictMap: return nil
            default: continue
            }
        }
        return nil
    }
}
