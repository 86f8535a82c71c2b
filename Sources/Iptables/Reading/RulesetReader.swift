internal import KubeChainsBytes
internal import NetAddress

/// Reads the lines of a rules text and carries them out, as iptables-restore does with `--noflush`: tables may come several
/// times, and a chain that is declared again is flushed.
struct RulesetReader {
    private let text: ByteView
    private var reader: RuleLineReader
    private(set) var ruleset: Ruleset
    private var lineNumber: Int32 = 0
    /// Lines that are not read, from the next one on.
    private var leftOut: ArraySlice<LeftOutLines.Part>
    /// The tables so far, and which of them stands between `*TABLE` and `COMMIT`.
    private var tables: [TableBuilder] = []
    private var current: Int?

    init(_ text: ByteView, _ family: AddressFamily, leavingOut leftOut: LeftOutLines? = nil) {
        self.text = text
        reader = RuleLineReader(text, family, isOtherChain: leftOut?.holdsChain)
        self.leftOut = (leftOut?.parts ?? [])[...]
        ruleset = Ruleset(family: family)
    }

    /// Reads the whole text.
    mutating func read() throws(RuleFault) {
        while !reader.tokenizer.isAtEnd {
            if let part = leftOut.first, part.range.lowerBound == reader.tokenizer.position {
                reader.tokenizer.position = part.range.upperBound
                lineNumber += part.lines
                leftOut.removeFirst()
                continue
            }
            lineNumber += 1
            do throws(RuleFault) {
                try readLine()
            } catch {
                if let cutOff { throw cutOff }
                throw isCut ? endOfText ?? error : error
            }
            reader.tokenizer.skipLine()
        }
        if let endOfText { throw endOfText }
        for index in tables.indices {
            tables[index].flush()
            ruleset.tables.append(tables[index].table)
        }
    }

    /// Whether the current line is the last and has no end: that of a text that was cut off.
    private var isCut: Bool {
        reader.tokenizer.endOfLine == text.count && text.count > 0 && text[text.count - 1] != UInt8(ascii: "\n")
    }

    /// That the text ends within a table; nil: it does not.
    private var endOfText: RuleFault? {
        current.map { current in
            RuleFault(
                code: .damaged, at: text.count, found: "the end of the text within the table \(tables[current].name)",
                expected: "COMMIT", remedy: "the text is cut off; take the dump again")
        }
    }

    /// That the last line tells of a connection that ended, as ssh does; nil: it does not.
    private var cutOff: RuleFault? {
        let last = text.lastLine
        guard ProgramMessage.endsConnection(last), !last.hasPrefix("-A "), !last.hasPrefix("[") else { return nil }
        return RuleFault(
            code: .damaged, at: reader.tokenizer.position, found: "the message '\(last.beginning)' at the end",
            expected: "all that iptables-save prints", remedy: "the text is cut off; take the dump again")
    }

    private mutating func readLine() throws(RuleFault) {
        let start = reader.tokenizer.position
        switch text[start] {
        case UInt8(ascii: "\n"):
            return
        case UInt8(ascii: "#"):
            try readComment()
        // A banner of ssh may begin with asterisks.
        case UInt8(ascii: "*")
        where !tables.isEmpty || ![UInt8(ascii: "*"), UInt8(ascii: " ")].contains(text[start + 1]):
            try readTable()
        case UInt8(ascii: ":"):
            try readChain()
        default:
            if reader.tokenizer.isBlank(start..<reader.tokenizer.endOfLine) { return }
            if text[start] == UInt8(ascii: "C"), try readCommit() { return }
            try readRule()
        }
    }

    // MARK: Lines that are no rules

    private mutating func readComment() throws(RuleFault) {
        let start = reader.tokenizer.position
        let comment = text[start..<reader.tokenizer.endOfLine]
        if comment.hasPrefix("# Warning: ip"), comment.string.contains(text: "tables-legacy tables present") {
            ruleset.warnsOfLegacyTables = true
        }
        if let hidden = HiddenTable(comment: comment, line: Int(lineNumber)) { ruleset.hiddenTables.append(hidden) }
        guard let generator = Generator(comment: comment) else { return }
        if let family = generator.family, family != reader.family {
            throw RuleFault(
                at: start, found: "rules of \(family.name), by the header of \(generator.tool)",
                expected: "rules of \(reader.family.name)", remedy: "give the rules of each family by themselves")
        }
        if let first = ruleset.generator, let one = first.backend, let other = generator.backend, one != other {
            throw RuleFault(
                at: start, found: "rules of the \(other.rawValue) backend, by the header of \(generator.tool)",
                expected: "rules of the \(one.rawValue) backend as before",
                remedy: "give the rules of each backend by themselves")
        }
        if ruleset.generator == nil { ruleset.generator = generator }
    }

    private mutating func readTable() throws(RuleFault) {
        let start = reader.tokenizer.position
        if let current {
            throw RuleFault(
                code: .damaged, at: start, found: "a new table within the table \(tables[current].name)",
                expected: "COMMIT before it",
                remedy: "the text is damaged; take the dump again")
        }
        reader.tokenizer.position += 1
        guard let name = try reader.tokenizer.next() else {
            throw RuleFault(at: start, found: "* by itself", expected: "the name of a table after it")
        }
        try name.checkExtensionName("the name of a table", atMost: 31)
        try expectEndOfLine()
        let table = reader.strings.string(name.bytes)
        current = tables.firstIndex { $0.name == table }
        if current == nil {
            current = tables.count
            tables.append(TableBuilder(name: table, strings: reader.strings))
        }
    }

    private mutating func readChain() throws(RuleFault) {
        let start = reader.tokenizer.position
        guard let current else {
            throw RuleFault(
                at: start, found: "a chain before any table", expected: "*TABLE before it",
                remedy: "put the line into its table, between '*filter' or the like and COMMIT")
        }
        reader.tokenizer.position += 1
        guard let name = try reader.tokenizer.next(), name.offset == start + 1 else {
            throw RuleFault(at: start, found: ": by itself", expected: "the name of a chain after it")
        }
        try checkChainName(name)
        guard let policy = try reader.tokenizer.next() else {
            throw RuleFault(
                at: reader.tokenizer.position, found: "the end of the line",
                expected: "the chain's policy, or - for a chain of the user's")
        }
        var counters: Counters?
        if let word = try reader.tokenizer.next() { counters = try readCounters(word) }
        try expectEndOfLine()
        try tables[current].declare(name, policy: policy, counters, line: lineNumber)
        reader.noteChain(name.bytes)
    }

    /// Reads `COMMIT`; false if the line begins with another word.
    private mutating func readCommit() throws(RuleFault) -> Bool {
        let start = reader.tokenizer.position
        guard let word = try reader.tokenizer.next(), word.bytes == "COMMIT" else {
            reader.tokenizer.position = start
            return false
        }
        guard current != nil else {
            throw word.fault(
                code: .damaged, expected: "*TABLE before it", remedy: "the text is damaged; take the dump again")
        }
        try expectEndOfLine()
        current = nil
        return true
    }

    private mutating func expectEndOfLine() throws(RuleFault) {
        if let token = try reader.tokenizer.next() { throw token.fault(expected: "the end of the line") }
    }

    private func checkChainName(_ name: Token) throws(RuleFault) {
        try name.checkExtensionName("the name of a chain", atMost: 28)
        if TargetDefinition.index(named: name.bytes) != nil {
            throw name.fault(expected: "a chain's name, but this is a target's")
        }
    }

    /// `[PACKETS:BYTES]`.
    private func readCounters(_ word: Token) throws(RuleFault) -> Counters {
        let bytes = word.bytes
        if bytes[0] == UInt8(ascii: "["), let (packets, colon) = bytes.leadingNumber(from: 1, isDecimal: true),
            bytes[colon] == UInt8(ascii: ":"),
            let (count, end) = bytes.leadingNumber(from: colon + 1, isDecimal: true), bytes[end] == UInt8(ascii: "]"),
            end + 1 == bytes.count
        {
            return Counters(packets: packets, bytes: count)
        }
        throw word.fault(expected: "counters, [PACKETS:BYTES]")
    }

    // MARK: Rules

    private mutating func readRule() throws(RuleFault) {
        let start = reader.tokenizer.position
        guard let current else {
            if let form = RulesForm(text[start..<reader.tokenizer.endOfLine]) {
                throw RuleFault(
                    code: .notRules, at: start, found: form.found, expected: "*TABLE, a comment or an empty line",
                    remedy: form.remedy)
            }
            if tables.isEmpty, let form = RulesForm(text[start..<reader.tokenizer.endOfLine], before: text) {
                throw RuleFault(
                    code: .notRules, at: start, found: form.found, expected: "*TABLE, a comment or an empty line",
                    remedy: form.remedy)
            }
            let word = try? reader.tokenizer.next()
            throw RuleFault(
                code: .notRules, at: start, found: word?.quoted ?? "a line",
                expected: "*TABLE, a comment or an empty line",
                remedy: "rules stand in a table, between '*filter' or the like and COMMIT; is this rules text at all?")
        }
        var counters: Counters?
        if text[start] == UInt8(ascii: "["), let word = try reader.tokenizer.next() {
            counters = try readCounters(word)
        }
        try reader.readLine()
        guard !reader.line.isForOtherFamily else { return }
        reader.line.rule.line = lineNumber
        if let counters { reader.line.rule.counters = counters }
        try tables[current].carryOut(reader.line, line: lineNumber)
        if reader.line.command == UInt8(ascii: "N"), let chain = reader.line.chain { reader.noteChain(chain.bytes) }
    }
}

extension HiddenTable {
    /// Reads ``# Table `nat' is incompatible, use 'nft' tool.`` and
    /// ``# Table `nat' contains incompatible base-chains, use 'nft' tool to list them.`` (iptables 1.8.2 and later:
    /// `xtables-save.c`).
    fileprivate init?(comment: ByteView, line: Int) {
        guard comment.hasPrefix("# Table `") else { return nil }
        let words = comment.string.dropFirst("# Table `".count).split(separator: "'", maxSplits: 1)
        guard words.count == 2 else { return nil }
        if words[1].hasPrefix(" is incompatible") {
            self.init(name: String(words[0]), isPartial: false, line: line)
        } else if words[1].hasPrefix(" contains incompatible base-chains") {
            self.init(name: String(words[0]), isPartial: true, line: line)
        } else {
            return nil
        }
    }
}
