internal import NetAddress

extension StatementReader {
    /// A match, or a verdict map.
    mutating func readMatch() -> NftStatement? {
        let start = index
        guard let expression = readExpression() else { return nil }
        if take("vmap") { return readSetReference().map { .verdictMap(expression, $0) } }
        let isNegated = take("!=")
        let expressionEnd = isNegated ? index - 1 : index
        if !isNegated { _ = take("==") }
        guard let operand = readOperand() else { return nil }
        if let next = word(), next == "." || next == "," || next == "map" { return nil }
        let end = index
        index = expressionEnd
        let words = text(from: start)
        index = end
        let rest = tokens[(isNegated ? expressionEnd + 1 : expressionEnd)..<end].map(\.spelling)
            .joined(separator: " ")
        return .match(
            NftMatch(expression: expression, isNegated: isNegated, operand: operand, text: "\(words) \(rest)"))
    }

    /// An expression, with those that are concatenated to it.
    mutating func readExpression() -> NftExpression? {
        guard let first = readPart() else { return nil }
        var parts = [first]
        while word() == "." {
            index += 1
            guard let next = readPart() else { return nil }
            parts.append(next)
        }
        return parts.count == 1 ? first : .concatenation(parts)
    }

    private mutating func readPart() -> NftExpression? {
        guard let first = word(), tokens[index].kind == .word, let second = word(1) else { return nil }
        switch (first, second) {
        case ("ip", "saddr"): return take(2, .source(.ipv4))
        case ("ip", "daddr"): return take(2, .destination(.ipv4))
        case ("ip6", "saddr"): return take(2, .source(.ipv6))
        case ("ip6", "daddr"): return take(2, .destination(.ipv6))
        case ("ip", "protocol"): return take(2, .transport(.ipv4))
        case ("ip6", "nexthdr"): return take(2, .transport(.ipv6))
        case ("meta", "l4proto"): return take(2, .transport(nil))
        case ("th", "dport"): return take(2, .destinationPort(nil))
        case ("th", "sport"): return take(2, .sourcePort(nil))
        case ("tcp", "dport"), ("udp", "dport"), ("sctp", "dport"): return take(2, .destinationPort(first))
        case ("tcp", "sport"), ("udp", "sport"), ("sctp", "sport"): return take(2, .sourcePort(first))
        case ("meta", "nfproto"): return take(2, .family)
        case ("meta", "mark"):
            index += 2
            return readMask().map { .mark($0) }
        case ("ct", "mark"):
            index += 2
            return readMask().map { .connectionMark($0) }
        case ("ct", "state"): return take(2, .connectionState)
        case ("ct", "status"): return take(2, .connectionStatus)
        case ("ct", "direction"): return take(2, .connectionDirection)
        case ("meta", "iifname"), ("meta", "iif"): return take(2, .inInterface)
        case ("meta", "oifname"), ("meta", "oif"): return take(2, .outInterface)
        case ("iifname", _), ("iif", _): return take(1, .inInterface)
        case ("oifname", _), ("oif", _): return take(1, .outInterface)
        case ("fib", "saddr") where word(2) == "type": return take(3, .addressType(isSource: true))
        case ("fib", "daddr") where word(2) == "type": return take(3, .addressType(isSource: false))
        case ("numgen", "random"), ("numgen", "inc"):
            guard word(2) == "mod", let modulus = word(3).flatMap({ Int($0) }), (1...1_000_000).contains(modulus)
            else { return nil }
            index += 4
            var offset = 0
            if take("offset") {
                guard let number = word().flatMap({ Int32($0) }) else { return nil }
                offset = Int(number)
                index += 1
            }
            return .number(modulus: modulus, offset: offset)
        default: return nil
        }
    }

    private mutating func take(_ count: Int, _ expression: NftExpression) -> NftExpression {
        index += count
        return expression
    }

    /// The mask behind a mark; all bits if there is none.
    private mutating func readMask() -> UInt32? {
        guard word() == "&" || word() == "and" else { return ~0 }
        guard let mask = word(1).flatMap(UInt32.init(nft:)) else { return nil }
        index += 2
        return mask
    }

    /// `80`, `{ 80, 443 }`, `established,related`, `@set`, `10.0.0.1 . tcp`.
    private mutating func readOperand() -> NftOperand? {
        guard let token = word() else { return nil }
        if tokens[index].isSymbol("{") {
            guard case .elements(let elements)? = readSetReference(), elements.allSatisfy({ $0.data == nil }) else {
                return nil
            }
            return .values(TracedElements(values: elements.map(\.key)))
        }
        guard tokens[index].kind != .symbol else { return nil }
        index += 1
        if token.hasPrefix("@") { return .set(String(token.dropFirst())) }
        // Comparisons and whatever else is no value.
        guard !["<", ">", "<=", ">=", "&", "|", "^", "and", "or", "xor", "vmap", "map", "set"].contains(token) else {
            return nil
        }
        var values = [[token]]
        while tokens.indices.contains(index), tokens[index].isSymbol(","), let next = word(1) {
            values.append([next])
            index += 2
        }
        if values.count == 1 {
            while word() == ".", let next = word(1) {
                values[0].append(next)
                index += 2
            }
        }
        return .values(TracedElements(values: values))
    }

    /// `@name`, or elements between braces.
    mutating func readSetReference() -> NftSetReference? {
        guard let token = word() else { return nil }
        if token.hasPrefix("@") {
            index += 1
            return .named(String(token.dropFirst()))
        }
        guard tokens[index].isSymbol("{") else { return nil }
        guard let end = tokens[index...].firstIndex(where: { $0.isSymbol("}") }) else { return nil }
        let elements = tokens[(index + 1)..<end].split { $0.isSymbol(",") }.compactMap { NftElement(Array($0)) }
        index = end + 1
        return .elements(elements)
    }
}
