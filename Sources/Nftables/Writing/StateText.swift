public import KubeChainsBytes

extension WrittenCommands {
    /// Writes the state to which the commands lead on an empty host, as the commands that create it: the table, its
    /// chains, sets, maps and counters, each by name, the rules by chain in their order, and the elements of sets and of
    /// maps. It is what knftables' `Fake.Dump` prints (v0.0.21), elements sorted.
    ///
    /// Commands that flush or delete something are left out, and so is what they undo, which must be marked
    /// (``CommandWriter/undo(_:)``).
    ///
    /// - Returns: the number of commands.
    @discardableResult
    public func writeState(to text: inout TextWriter) -> Int {
        var order: [Int] = []
        order.reserveCapacity(commands.count)
        for number in commands.indices where !commands[number].isUndone && commands[number].stateRank != nil {
            order.append(number)
        }
        let (bytes, commands) = (bytes.span, commands.span)
        WrittenCommands.sort(&order, bytes, commands)
        for number in order {
            text.append(self.bytes, commands[number].range)
            text.append("\n")
        }
        return order.count
    }

    /// Sorts the numbers of commands. It is a merge sort of its own, since no closure may capture a span.
    private static func sort(_ order: inout [Int], _ bytes: Span<UInt8>, _ commands: Span<WrittenCommand>) {
        var other = order
        var width = 1
        while width < order.count {
            var start = 0
            while start < order.count {
                let middle = min(start + width, order.count)
                let end = min(start + width * 2, order.count)
                var (left, right, target) = (start, middle, start)
                while left < middle || right < end {
                    let takesLeft: Bool
                    if left == middle {
                        takesLeft = false
                    } else if right == end {
                        takesLeft = true
                    } else {
                        takesLeft = !precedes(commands[order[right]], commands[order[left]], bytes)
                    }
                    other[target] = order[takesLeft ? left : right]
                    if takesLeft { left += 1 } else { right += 1 }
                    target += 1
                }
                start = end
            }
            swap(&order, &other)
            width *= 2
        }
    }

    /// Whether a command comes before another in the state.
    private static func precedes(_ left: WrittenCommand, _ right: WrittenCommand, _ bytes: Span<UInt8>) -> Bool {
        let (leftRank, rightRank) = (left.stateRank ?? 0, right.stateRank ?? 0)
        guard leftRank == rightRank else { return leftRank < rightRank }
        // Rules stay in their order within a chain; everything else is sorted as a whole.
        let isRule = left.verb == .addRule
        var (one, other) = (left.nameStart, right.nameStart)
        while one < left.range.upperBound, other < right.range.upperBound {
            guard bytes[one] == bytes[other] else {
                if isRule {
                    if bytes[one] == UInt8(ascii: " ") { return true }
                    if bytes[other] == UInt8(ascii: " ") { return false }
                }
                return bytes[one] < bytes[other]
            }
            if isRule, bytes[one] == UInt8(ascii: " ") { return false }
            one += 1
            other += 1
        }
        return one == left.range.upperBound && other < right.range.upperBound
    }
}

extension WrittenCommand {
    /// The place of the command's kind in the text of a state; nil for commands that create nothing.
    fileprivate var stateRank: Int? {
        switch verb {
        case .addTable: 0
        case .addChain: 1
        case .addSet: 2
        case .addMap: 3
        case .addCounter: 4
        case .addRule: 5
        case .addElement: isOfMap ? 7 : 6
        default: nil
        }
    }
}
