extension NftRule {
    /// The rule's statements. What is not understood is kept as words.
    var statements: [NftStatement] {
        var lexer = NftLexer(Array(text.utf8))
        var tokens: [NftToken] = []
        while let token = lexer.next() { tokens.append(token) }
        var reader = StatementReader(tokens)
        return reader.readAll()
    }
}

/// Reads the words of a rule as statements.
struct StatementReader {
    let tokens: [NftToken]
    var index = 0

    init(_ tokens: [NftToken]) { self.tokens = tokens }

    func word(_ offset: Int = 0) -> String? {
        let place = index + offset
        return place >= 0 && place < tokens.count ? tokens[place].text : nil
    }

    /// Takes these words if they are next.
    mutating func take(_ words: String...) -> Bool {
        for (offset, expected) in words.enumerated() where word(offset) != expected { return false }
        index += words.count
        return true
    }

    func text(from start: Int) -> String {
        var text = ""
        for token in tokens[start..<index] {
            text += (text.isEmpty || token.isSymbol(",") ? "" : " ") + token.spelling
        }
        return text
    }

    mutating func readAll() -> [NftStatement] {
        var statements: [NftStatement] = []
        while index < tokens.count {
            let start = index
            if let statement = readAction() ?? readMatch() {
                statements.append(statement)
                continue
            }
            index = start
            statements += readUnknown()
        }
        return statements
    }

    /// Words that begin statements. Where one follows words that are not understood, these ended before it.
    private static let beginnings: Set<String> = [
        "accept", "drop", "continue", "return", "queue", "jump", "goto", "reject", "counter", "log", "limit", "quota",
        "dnat",
        "snat", "masquerade", "redirect", "notrack",
    ]
    /// Words of statements that change a packet or send it elsewhere, in ways that are not followed.
    private static let changes: Set<String> = [
        "set", "tproxy", "fwd", "dup", "flow", "synproxy", "xt", "map", "vmap", "update", "add", "delete", "meter",
        "reset", "last", "objref", "helper", "expectation", "secmark", "tunnel", "queue",
    ]

    /// Takes words that are not understood, up to a statement that is.
    private mutating func readUnknown() -> [NftStatement] {
        let start = index
        var mayChange = false
        var depth = 0
        while index < tokens.count {
            let token = tokens[index]
            if index > start, depth == 0, token.kind == .word, StatementReader.beginnings.contains(token.text) {
                break
            }
            if token.isSymbol("{") { depth += 1 }
            if token.isSymbol("}") { depth -= 1 }
            if token.kind == .word, StatementReader.changes.contains(token.text) { mayChange = true }
            index += 1
        }
        if mayChange {
            index = tokens.count
            return [.unknown(text(from: start))]
        }
        return [.unknownMatch(text(from: start), isEvent: false)]
    }

    // MARK: Statements that do something

    private mutating func readAction() -> NftStatement? {
        let start = index
        guard let token = word(), tokens[index].kind == .word else { return nil }
        switch token {
        case "accept", "drop", "continue", "return":
            index += 1
            return NftVerdict([token]).map { .verdict($0) }
        case "queue":
            index = tokens.count
            return .verdict(.queue)
        case "jump", "goto":
            guard let chain = word(1), tokens[index + 1].kind != .symbol else { return nil }
            index += 2
            return .verdict(token == "jump" ? .jump(chain) : .goto(chain))
        case "reject":
            index += 1
            var words: [String] = []
            if take("with") {
                while let next = word(), !StatementReader.beginnings.contains(next) {
                    words.append(next)
                    index += 1
                }
            }
            return .reject(with: words)
        case "counter":
            index += 1
            if take("name") || take("packets") {
                index += 1
                if take("bytes") { index += 1 }
            }
            return .harmless
        case "log":
            index += 1
            while let next = word(),
                ["prefix", "level", "group", "snaplen", "queue-threshold", "flags"].contains(next)
            {
                index += next == "flags" && ["tcp", "ip"].contains(word(1) ?? "") ? 3 : 2
            }
            return .harmless
        case "limit", "quota":
            index += 1
            while let next = word(), !StatementReader.beginnings.contains(next) { index += 1 }
            return .unknownMatch(text(from: start), isEvent: true)
        case "notrack":
            index += 1
            return .notrack
        case "meta", "ct": return readSetting(isConnection: token == "ct")
        case "dnat", "snat": return readTranslation(isSource: token == "snat")
        case "masquerade", "redirect":
            index += 1
            let ports = readPorts()
            skipFlags()
            return token == "masquerade" ? .masquerade(ports) : .redirect(ports)
        case "update", "add", "delete": return readSetChange(token)
        default: return nil
        }
    }

    /// `to :80-90`.
    private mutating func readPorts() -> NftPorts? {
        guard word() == "to", let text = word(1), text.hasPrefix(":"), let ports = NftPorts(text.dropFirst()) else {
            return nil
        }
        index += 2
        return ports
    }

    private mutating func skipFlags() {
        while let next = word(), ["random", "fully-random", "persistent", ","].contains(next) { index += 1 }
    }

    private mutating func readSetting(isConnection: Bool) -> NftStatement? {
        guard word(1) == "mark", word(2) == "set" else {
            // What sets something else of the packet's data is seen by nobody here.
            guard !isConnection, word(2) == "set", ["priority", "nftrace", "pkttype"].contains(word(1) ?? "") else {
                return nil
            }
            index += 4
            return .harmless
        }
        index += 3
        guard let value = readMarkValue() else { return nil }
        return .setMark(value, isConnection: isConnection)
    }

    private mutating func readMarkValue() -> NftMarkValue? {
        let start: NftMarkValue.Start
        if take("meta", "mark") || take("mark") {
            start = .packet
        } else if take("ct", "mark") {
            start = .connection
        } else if let number = word().flatMap(UInt32.init(nft:)) {
            index += 1
            start = .constant(number)
        } else {
            return nil
        }
        var operations: [NftMarkValue.Operation] = []
        while let sign = word(), let number = word(1).flatMap(UInt32.init(nft:)) {
            switch sign {
            case "&", "and": operations.append(.and(number))
            case "|", "or": operations.append(.or(number))
            case "^", "xor": operations.append(.xor(number))
            default: return NftMarkValue(start: start, operations: operations)
            }
            index += 2
        }
        if let sign = word(), ["&", "and", "|", "or", "^", "xor", "<<", ">>", "map"].contains(sign) { return nil }
        return NftMarkValue(start: start, operations: operations)
    }

    private mutating func readTranslation(isSource: Bool) -> NftStatement? {
        index += 1
        if word() == "ip" || word() == "ip6" { index += 1 }
        guard take("to") else { return nil }
        if let expression = readExpression() {
            guard take("map"), let map = readSetReference() else { return nil }
            skipFlags()
            return .translate(.map(expression, map), isSource: isSource)
        }
        guard let text = word(), tokens[index].kind == .word,
            let (address, ports) = StatementReader.addressAndPorts(text)
        else { return nil }
        index += 1
        skipFlags()
        return .translate(.fixed(address: address, ports), isSource: isSource)
    }

    /// `10.0.0.1:80`, `[fd00::1]:80`, an address or a port alone, and ranges of them.
    static func addressAndPorts(_ text: String) -> (String?, NftPorts?)? {
        if text.hasPrefix("["), let close = text.lastIndex(of: "]") {
            let address = String(text[text.index(after: text.startIndex)..<close])
            let rest = text[text.index(after: close)...]
            if rest.isEmpty { return (address, nil) }
            guard rest.hasPrefix(":"), let ports = NftPorts(rest.dropFirst()) else { return nil }
            return (address, ports)
        }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return AddressRange(text) == nil ? nil : (text, nil) }
        guard let ports = NftPorts(parts[1]) else { return nil }
        return (parts[0].isEmpty ? nil : String(parts[0]), ports)
    }

    private mutating func readSetChange(_ verb: String) -> NftStatement? {
        guard let name = word(1), name.hasPrefix("@"), word(2) == "{" else { return nil }
        index += 3
        guard let expression = readExpression() else { return nil }
        // How long it is kept is of no matter for one packet.
        while let next = word(), next != "}" {
            guard ["timeout", "expires"].contains(next) else { return nil }
            index += 2
        }
        index += 1
        return .change(set: String(name.dropFirst()), expression, isAdded: verb != "delete")
    }
}
