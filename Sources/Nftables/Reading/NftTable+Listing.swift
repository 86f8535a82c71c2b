extension NftTable {
    /// The tables of a listing: what `nft list ruleset` or `nft list table` prints, of nft 1.0 and 1.1, with handles and
    /// counters or without.
    ///
    /// Objects and statements that are not known are kept by name.
    ///
    /// - Throws: ``NftError`` if the text is no listing, or ends within one.
    public static func tables(fromListing bytes: [UInt8]) throws(NftError) -> [NftTable] {
        var tokens = NftTokens(bytes)
        var tables: [NftTable] = []
        tokens.skipLines()
        while let token = tokens.current {
            guard token.isWord("table") else { throw tokens.error("expected 'table', found '\(token.spelling)'") }
            let line = tokens.line
            tokens.advance()
            var table = NftTable(
                family: try tokens.name("a family"), name: try tokens.name("the table's name"))
            table.place = NftLine(line)
            try tokens.symbol("{")
            try table.readBlock(&tokens)
            try tokens.symbol("}")
            tables.append(table)
            tokens.skipLines()
        }
        return tables
    }

    private mutating func readBlock(_ tokens: inout NftTokens) throws(NftError) {
        tokens.skipLines()
        while let token = tokens.current, !token.isSymbol("}") {
            switch token.text {
            case "chain" where token.kind == .word:
                let line = tokens.line
                tokens.advance()
                var chain = NftChain(name: try tokens.name("the chain's name"))
                chain.place = NftLine(line)
                try tokens.symbol("{")
                try chain.readBlock(&tokens)
                try tokens.symbol("}")
                chains.append(chain)
            case "set" where token.kind == .word, "map" where token.kind == .word:
                let line = tokens.line
                tokens.advance()
                var set = NftSet(name: try tokens.name("the name of the \(token.text)"), isMap: token.text == "map")
                set.place = NftLine(line)
                try tokens.symbol("{")
                try set.readBlock(&tokens)
                try tokens.symbol("}")
                sets.append(set)
            case "counter" where token.kind == .word:
                tokens.advance()
                counters.append(try tokens.name("the counter's name"))
                _ = tokens.statement()
            case "comment" where token.kind == .word: comment = tokens.statement().last?.text
            case "flags" where token.kind == .word: flags = NftTable.flags(of: tokens.statement())
            default: unknown.append(tokens.statement().prefix(2).map(\.spelling).joined(separator: " "))
            }
            tokens.skipLines()
        }
    }
}

extension NftTable {
    /// The words behind `flags`.
    static func flags(of statement: [NftToken]) -> [String] {
        statement.dropFirst().map(\.text).filter { $0 != "," }.sorted()
    }
}

extension NftChain {
    /// Reads what stands between the braces of a chain.
    mutating func readBlock(_ tokens: inout NftTokens) throws(NftError) {
        tokens.skipLines()
        while let token = tokens.current, !token.isSymbol("}") {
            let line = tokens.line
            let statement = tokens.statement()
            switch token.text {
            case "type" where token.kind == .word && statement.count > 2 && statement.contains { $0.isWord("hook") }:
                base = try NftBase(statement, tokens)
            case "policy" where token.kind == .word && statement.count == 2: base?.policy = statement[1].text
            case "comment" where token.kind == .word && statement.count == 2: comment = statement[1].text
            default: rules.append(NftRule(statement, line: line))
            }
            tokens.skipLines()
        }
    }
}

extension NftBase {
    /// The names of priorities in the IP families, and the one that only the family `bridge` has (nft(8)).
    private static let priorities = [
        "raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100, "out": 100,
    ]

    /// Reads `type filter hook prerouting priority dstnat - 10`.
    fileprivate init(_ statement: [NftToken], _ tokens: NftTokens) throws(NftError) {
        let words = statement.map(\.text)
        guard let hook = words.firstIndex(of: "hook"), let place = words.firstIndex(of: "priority"),
            hook + 1 < words.count, place + 1 < words.count
        else { throw tokens.error("expected 'type TYPE hook HOOK priority PRIORITY'") }
        let word = words[place + 1]
        guard var priority = NftBase.priorities[word] ?? Int32(word).map(Int.init) else {
            throw tokens.error("'\(word)' is no priority")
        }
        if place + 3 < words.count, let offset = UInt16(words[place + 3]) {
            priority += words[place + 2] == "-" ? -Int(offset) : Int(offset)
        }
        self.init(type: words[1], hook: words[hook + 1], priority: priority)
    }
}

extension NftSet {
    /// Reads what stands between the braces of a set or map.
    mutating func readBlock(_ tokens: inout NftTokens) throws(NftError) {
        tokens.skipLines()
        while let token = tokens.current, !token.isSymbol("}") {
            if token.isWord("elements") {
                tokens.advance()
                guard tokens.current?.isWord("=") == true else { throw tokens.error("expected '='") }
                tokens.advance()
                elements = try NftElement.readAll(&tokens)
                tokens.skipLines()
                continue
            }
            let statement = tokens.statement()
            let words = statement.dropFirst().map(\.text)
            switch token.text {
            case "type":
                let parts = words.split(separator: ":", maxSplits: 1)
                keyTypes = (parts.first ?? []).filter { $0 != "." }
                dataType = parts.count > 1 ? parts[1].joined(separator: " ") : nil
            case "flags": flags = words.filter { $0 != "," }.sorted()
            case "timeout": timeout = words.first.flatMap(NftDuration.milliseconds)
            case "size": size = words.first.flatMap { Int($0) }
            case "comment": comment = words.first
            default: unknown.append(statement.map(\.spelling).joined(separator: " "))
            }
            tokens.skipLines()
        }
    }
}

extension NftElement {
    /// Reads elements between braces. How long one is kept yet, and its counter, do not count.
    static func readAll(_ tokens: inout NftTokens) throws(NftError) -> [NftElement] {
        try tokens.symbol("{")
        var elements: [NftElement] = []
        var words: [NftToken] = []
        var line = tokens.line
        while let token = tokens.current {
            if words.isEmpty { line = tokens.line }
            tokens.advance()
            switch token.text {
            case "}" where token.kind == .symbol:
                if let element = NftElement(words, line) { elements.append(element) }
                return elements
            case "," where token.kind == .symbol:
                if let element = NftElement(words, line) { elements.append(element) }
                words.removeAll(keepingCapacity: true)
            default: if token.kind != .endOfLine { words.append(token) }
            }
        }
        throw tokens.error("the text ends within a list of elements")
    }

    /// An element from its words; nil if there are none.
    init?(_ words: [NftToken], _ line: Int = 0) {
        guard !words.isEmpty else { return nil }
        var parts = words[...]
        var data: String?
        if let colon = words.firstIndex(where: { $0.isWord(":") }) {
            data = words[(colon + 1)...].map(\.text).joined(separator: " ")
            parts = words[..<colon]
        }
        var comment: String?
        var key: [String] = []
        var index = parts.startIndex
        while index < parts.endIndex {
            switch parts[index].text {
            case "comment" where index + 1 < parts.endIndex:
                comment = parts[index + 1].text
                index += 2
            case "expires" where index + 1 < parts.endIndex, "timeout" where index + 1 < parts.endIndex: index += 2
            case "counter": index = parts.endIndex
            case ".": index += 1
            default:
                key.append(parts[index].text)
                index += 1
            }
        }
        self.init(key: key, comment: comment, data: data)
        place = NftLine(line)
    }
}

/// Durations as nft writes them: `1d2h3m4s5ms`.
enum NftDuration {
    private static let units: [(name: String, milliseconds: Int)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// Nil if the text is no duration.
    static func milliseconds(_ text: String) -> Int? {
        var total = 0
        var rest = Substring(text)
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let name = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(name.count)
            guard let count = Int(digits), count < 1 << 30, total < 1 << 60,
                let unit = units.first(where: { $0.name == name })
            else {
                return nil
            }
            total += count * unit.milliseconds
        }
        return total
    }

    static func text(_ milliseconds: Int) -> String {
        var rest = milliseconds
        var text = ""
        for unit in units where rest >= unit.milliseconds {
            text += "\(rest / unit.milliseconds)\(unit.name)"
            rest %= unit.milliseconds
        }
        return text.isEmpty ? "0s" : text
    }
}
