extension NftTable {
    /// The tables to which commands for `nft -f` lead on an empty host.
    ///
    /// Of the commands those are known that kube-proxy writes: `add`, `flush` and `delete` of tables, chains, rules, sets,
    /// maps, elements and counters.
    ///
    /// - Throws: ``NftError`` for another command, or one about an object that is not there.
    public static func tables(fromCommands bytes: [UInt8]) throws(NftError) -> [NftTable] {
        var tokens = NftTokens(bytes)
        var host = NftHost()
        tokens.skipLines()
        while tokens.current != nil {
            try host.run(&tokens)
            tokens.skipLines()
        }
        return host.tables
    }
}

/// Carries out commands in memory.
private struct NftHost {
    private(set) var tables: [NftTable] = []
    private var places: [String: Int] = [:]
    private var chains: [[String: Int]] = []
    private var sets: [[String: Int]] = []
    /// The places of elements by set and key.
    private var elements: [[String: [[String]: Int]]] = []

    mutating func run(_ tokens: inout NftTokens) throws(NftError) {
        let line = tokens.line
        let verb = try tokens.name("a command")
        let kind = try tokens.name("the kind of an object")
        let family = try tokens.name("a family")
        let table = try tokens.name("a table")
        let place = try place(of: family, table, adds: verb == "add" && kind == "table", tokens)
        if kind == "table" {
            guard verb == "add" else { throw tokens.error("unknown command '\(verb) table'") }
            if tokens.current?.isSymbol("{") == true { try readTable(&tokens, place) }
            return try end(&tokens)
        }
        let name = try tokens.name("the name of the \(kind)")
        switch (verb, kind) {
        case ("add", "chain"): try addChain(name, place, &tokens, line)
        case ("add", "rule"):
            guard let chain = chains[place][name] else { throw tokens.error("the chain '\(name)' is not there") }
            tables[place].chains[chain].rules.append(NftRule(tokens.statement(), line: line))
        case ("add", "set"), ("add", "map"): try addSet(name, isMap: kind == "map", place, &tokens)
        case ("add", "counter"):
            if !tables[place].counters.contains(name) { tables[place].counters.append(name) }
        case ("add", "element"), ("delete", "element"):
            try changeElements(name, adds: verb == "add", place, &tokens)
        case ("flush", "chain"):
            if let chain = chains[place][name] { tables[place].chains[chain].rules = [] }
        case ("flush", "set"), ("flush", "map"):
            guard let set = sets[place][name] else { throw tokens.error("the \(kind) '\(name)' is not there") }
            tables[place].sets[set].elements = []
            elements[place][name] = [:]
        case ("delete", "chain"):
            guard let chain = chains[place].removeValue(forKey: name) else {
                throw tokens.error("the chain '\(name)' is not there")
            }
            tables[place].chains.remove(at: chain)
            for (other, index) in chains[place] where index > chain { chains[place][other] = index - 1 }
        case ("delete", "set"), ("delete", "map"):
            guard let set = sets[place].removeValue(forKey: name) else {
                throw tokens.error("the \(kind) '\(name)' is not there")
            }
            tables[place].sets.remove(at: set)
            elements[place][name] = nil
            for (other, index) in sets[place] where index > set { sets[place][other] = index - 1 }
        case ("delete", "counter"): tables[place].counters.removeAll { $0 == name }
        default: throw tokens.error("unknown command '\(verb) \(kind)'")
        }
        try end(&tokens)
    }

    private func end(_ tokens: inout NftTokens) throws(NftError) {
        if let token = tokens.current, token.kind != .endOfLine, !token.isSymbol(";") {
            throw tokens.error("'\(token.spelling)' is not expected here")
        }
    }

    private mutating func place(
        of family: String, _ name: String, adds: Bool, _ tokens: NftTokens
    ) throws(NftError) -> Int {
        let key = "\(family) \(name)"
        if let known = places[key] { return known }
        guard adds else { throw tokens.error("the table '\(key)' is not there") }
        places[key] = tables.count
        tables.append(NftTable(family: family, name: name))
        chains.append([:])
        sets.append([:])
        elements.append([:])
        return tables.count - 1
    }

    private mutating func readTable(_ tokens: inout NftTokens, _ place: Int) throws(NftError) {
        try tokens.symbol("{")
        tokens.skipLines()
        while let token = tokens.current, !token.isSymbol("}") {
            let statement = tokens.statement()
            if statement.first?.isWord("comment") == true { tables[place].comment = statement.last?.text }
            if statement.first?.isWord("flags") == true { tables[place].flags = NftTable.flags(of: statement) }
            tokens.skipLines()
        }
        try tokens.symbol("}")
    }

    private mutating func addChain(
        _ name: String, _ place: Int, _ tokens: inout NftTokens, _ line: Int
    ) throws(NftError) {
        var chain = NftChain(name: name)
        chain.place = NftLine(line)
        if tokens.current?.isSymbol("{") == true {
            tokens.advance()
            try chain.readBlock(&tokens)
            try tokens.symbol("}")
        }
        guard chains[place][name] == nil else { return }
        chains[place][name] = tables[place].chains.count
        tables[place].chains.append(chain)
    }

    private mutating func addSet(
        _ name: String, isMap: Bool, _ place: Int, _ tokens: inout NftTokens
    ) throws(NftError) {
        var set = NftSet(name: name, isMap: isMap)
        set.place = NftLine(tokens.line)
        try tokens.symbol("{")
        try set.readBlock(&tokens)
        try tokens.symbol("}")
        guard sets[place][name] == nil else { return }
        // The kernel bounds what rules fill.
        if set.isDynamic, set.size == nil { set.size = 65535 }
        sets[place][name] = tables[place].sets.count
        tables[place].sets.append(set)
    }

    private mutating func changeElements(
        _ name: String, adds: Bool, _ place: Int, _ tokens: inout NftTokens
    ) throws(NftError) {
        guard let set = sets[place][name] else { throw tokens.error("the set '\(name)' is not there") }
        for element in try NftElement.readAll(&tokens) {
            let known = elements[place][name]?[element.key]
            if adds {
                if let known {
                    guard tables[place].sets[set].elements[known].data == element.data else {
                        throw tokens.error("the element '\(element.key.joined(separator: " . "))' is there already")
                    }
                    continue
                }
                elements[place][name, default: [:]][element.key] = tables[place].sets[set].elements.count
                tables[place].sets[set].elements.append(element)
            } else {
                guard let known else {
                    throw tokens.error("the element '\(element.key.joined(separator: " . "))' is not there")
                }
                elements[place][name]?[element.key] = nil
                let last = tables[place].sets[set].elements.count - 1
                // The order of elements says nothing.
                tables[place].sets[set].elements.swapAt(known, last)
                tables[place].sets[set].elements.removeLast()
                if known < last {
                    elements[place][name]?[tables[place].sets[set].elements[known].key] = known
                }
            }
        }
    }
}
