internal import KubeChainsBytes
internal import NetAddress

/// Reads lines with commands and rules: walks over the options as `getopt_long` does for iptables 1.8.9, gives each to
/// the match or target that has it, and parses these at the end of the line.
///
/// Of a match or target that is not modelled, neither the options nor what follows them are known. It gets the words
/// after its name up to a basic option or an option of a modelled extension of the rule.
struct RuleLineReader {
    var tokenizer: Tokenizer
    let family: AddressFamily
    let strings: StringTable

    var line = RuleLine()
    var extensions: [OpenExtension] = []
    var uses: [OptionUse] = []
    /// The `!` that awaits its option.
    var negation: Token?
    /// Whether any of the extensions is not modelled.
    var hasUnmodelled = false
    /// The extension, not modelled, that gets the words which are no options.
    var wordOwner: Int?
    /// Options that went to extensions which are not modelled, with their names.
    private var givenOptions: [(name: ByteView, token: Token)] = []
    /// The word after `-p`.
    var protocolToken: Token?
    /// The word after `-j`, where it names no known target.
    var jump: Token?
    /// Whether the text with a number in ``strings`` is a chain's name, as far as the numbers go.
    private var chainNumbers: [Bool] = []
    /// Letters of basic options used so far.
    var usedLetters: UInt128 = 0
    private let matches = MatchDefinition.all
    private let targets = TargetDefinition.all
    /// The options of all matches, then those of all targets, and where those of each begin.
    private let options: [ExtensionOption]
    private let firstOptions: [Int]

    /// Whether a name is that of a chain whose lines are not read.
    private let isOtherChain: ((ByteView) -> Bool)?

    init(_ text: ByteView, _ family: AddressFamily, isOtherChain: ((ByteView) -> Bool)? = nil) {
        tokenizer = Tokenizer(text)
        self.isOtherChain = isOtherChain
        self.family = family
        strings = StringTable(text)
        var options: [ExtensionOption] = []
        var firstOptions = [0]
        for extensionOptions in matches.map(\.options) + targets.map(\.options) {
            options += extensionOptions
            firstOptions.append(options.count)
        }
        (self.options, self.firstOptions) = (options, firstOptions)
    }

    /// Reads a line from the next word on, up to its end.
    mutating func readLine() throws(RuleFault) {
        let start = tokenizer.position
        line = RuleLine()
        extensions.removeAll(keepingCapacity: true)
        uses.removeAll(keepingCapacity: true)
        negation = nil
        wordOwner = nil
        hasUnmodelled = false
        protocolToken = nil
        if !givenOptions.isEmpty { givenOptions = [] }
        jump = nil
        usedLetters = 0

        while let token = try tokenizer.next() { try read(token) }
        if let negation { throw negation.fault(expected: "an option after it") }
        guard line.command != 0 else {
            throw RuleFault(
                code: .notRules, at: start, found: "a line without a command", expected: "a command such as -A CHAIN",
                remedy: "rules stand in lines such as '-A INPUT -j ACCEPT'")
        }
        if line.isForOtherFamily { return }
        try finish()
    }

    private mutating func read(_ token: Token) throws(RuleFault) {
        let bytes = token.bytes
        if token.isNegation {
            if let negation { throw negation.fault(expected: "one ! before an option, not two") }
            negation = token
            return
        }
        let isOption = bytes[0] == UInt8(ascii: "-") && bytes.count > 1
        guard isOption, !(token.isQuoted && wordOwner != nil) else { return try readWord(token) }
        if bytes[1] == UInt8(ascii: "-") {
            try readLong(token)
        } else if bytes.count == 2, BasicOption.words(after: bytes[1]) != nil {
            try readBasic(bytes[1], token, value: nil)
        } else if let wordOwner {
            give(token, to: wordOwner)
        } else {
            try readCluster(token)
        }
    }

    /// A word that is no option.
    private mutating func readWord(_ token: Token) throws(RuleFault) {
        if let wordOwner { return give(token, to: wordOwner) }
        // iptables-save writes `-m NAME [unsupported revision]` for what it cannot print.
        if token.bytes == "[unsupported", let last = extensions.indices.last, extensions[last].seen == 0 {
            extensions[last].definition = nil
            extensions[last].options = 0..<0
            hasUnmodelled = true
            wordOwner = last
            return give(token, to: last)
        }
        throw token.fault(
            expected: "an option such as -s, -m or -j",
            remedy: "quote a text that holds blanks; iptables refuses this too")
    }

    /// Options of one letter in one word: `-ptcp`, `-fj`.
    private mutating func readCluster(_ token: Token) throws(RuleFault) {
        var index = 1
        while index < token.bytes.count {
            let letter = token.bytes[index]
            guard let words = BasicOption.words(after: letter) else { throw unknownOption(token) }
            index += 1
            if case .nothing = words {
                try readBasic(letter, token, value: nil)
            } else {
                let value = index < token.bytes.count ? token.dropFirst(index) : nil
                return try readBasic(letter, token, value: value)
            }
        }
    }

    private mutating func readLong(_ token: Token) throws(RuleFault) {
        var name = token.bytes.dropFirst(2)
        var value: Token?
        if let equals = name.firstIndex(of: UInt8(ascii: "=")) {
            value = token.dropFirst(equals + 3)
            name = name[0..<equals]
        }
        if let found = option(named: name) { return try use(found, token, value: value) }
        if let letter = BasicOption.letter(named: name) { return try readBasic(letter, token, value: value) }
        try readUncommon(name, token, value: value)
    }

    /// Reads an option whose name is cut short, belongs to a match that `-p` implies, or is not known.
    @inline(never)
    private mutating func readUncommon(_ name: ByteView, _ token: Token, value: Token?) throws(RuleFault) {
        if !hasUnmodelled, !name.isEmpty {
            let letters = BasicOption.letters(abbreviatedBy: name)
            let found = options(abbreviatedBy: name)
            // A whole name is of an option that was used: then it is the target's, which is not modelled.
            if found.count == 1, letters.isEmpty, !(name == found[0].option.name) {
                return try use(found[0], token, value: value)
            }
            if found.isEmpty, letters.count == 1, let letter = letters.first {
                return try readBasic(letter, token, value: value)
            }
        }
        if let found = openImplied(having: name) { return try use(found, token, value: value) }
        let unmodelled = extensions.lastIndex { $0.definition == nil }
        if let target = jump, target.offset > unmodelled.map({ extensions[$0].place.offset }) ?? -1 {
            // What has options is no chain; a chain's name leaves them to the match before it.
            if !isChain(target.bytes) {
                jump = nil
                open(nil, isTarget: true, place: target)
                givenOptions.append((name, token))
                return give(token, to: extensions.count - 1)
            }
            guard unmodelled != nil else {
                throw token.fault(expected: "no options after the jump to the chain \(target.bytes.string)")
            }
        }
        if let unmodelled {
            wordOwner = unmodelled
            givenOptions.append((name, token))
            return give(token, to: unmodelled)
        }
        throw unknownOption(token)
    }

    private func unknownOption(_ token: Token) -> RuleFault {
        token.fault(
            expected: "an option of iptables, or of a match or target that stands before it",
            remedy: "correct the option, or put -m NAME or -p PROTOCOL of the match that has it before it")
    }

    // MARK: Options of extensions

    /// An option, and the extension of the rule that has it.
    private struct FoundOption {
        let owner: Int
        let option: ExtensionOption
    }

    /// Adds a match or target to those of the rule.
    ///
    /// - Parameter definition: its position among the definitions; nil if it is not modelled.
    mutating func open(_ definition: Int?, isTarget: Bool, place: Token) {
        var options = 0..<0
        if let definition {
            let index = isTarget ? matches.count + definition : definition
            options = firstOptions[index]..<firstOptions[index + 1]
            wordOwner = nil
        } else {
            hasUnmodelled = true
            wordOwner = extensions.count
        }
        extensions.append(OpenExtension(definition: definition, options: options, isTarget: isTarget, place: place))
    }

    /// The option with a name, of the extension named last that has it.
    private func option(named name: ByteView) -> FoundOption? {
        var owner = extensions.count
        while owner > 0 {
            owner -= 1
            for index in extensions[owner].options where name == options[index].name {
                // With an extension that is not modelled about, a repeated option is more likely its own. But what -p
                // implies has its options first, wherever they stand.
                if extensions[owner].seen >> UInt32(options[index].id) & 1 == 1, mayBeUnmodelled,
                    impliedOption(named: name) == nil
                {
                    continue
                }
                return FoundOption(owner: owner, option: options[index])
            }
        }
        return nil
    }

    /// Whether an option may be that of a match or target that is not modelled.
    private var mayBeUnmodelled: Bool { hasUnmodelled || jump.map { !isChain($0.bytes) } ?? false }

    /// The options whose names begin so, synonyms once.
    private func options(abbreviatedBy name: ByteView) -> [FoundOption] {
        var found: [FoundOption] = []
        for (owner, open) in extensions.enumerated() {
            for option in options[open.options] where name.begins(option.name) {
                if found.last?.owner == owner, found.last?.option.id == option.id { continue }
                found.append(FoundOption(owner: owner, option: option))
            }
        }
        return found
    }

    /// Adds the match that `-p` implies, if it has the option.
    private mutating func openImplied(having name: ByteView) -> FoundOption? {
        guard let protocolToken, let (definition, option) = impliedOption(named: name),
            !extensions.contains(where: { !$0.isTarget && $0.definition == definition })
        else { return nil }
        open(definition, isTarget: false, place: protocolToken)
        return FoundOption(owner: extensions.count - 1, option: option)
    }

    /// The option with a name of the match that `-p` implies.
    private func impliedOption(named name: ByteView) -> (definition: Int, option: ExtensionOption)? {
        guard let number = line.rule.protocol?.number,
            let definition = MatchDefinition.index(impliedBy: number, family)
        else { return nil }
        let options = matches[definition].options
        if let option = options.first(where: { name == $0.name }) { return (definition, option) }
        // With an extension that is not modelled about, what looks cut short is more likely its own.
        let fitting = options.filter { name.begins($0.name) }
        guard !hasUnmodelled, let option = fitting.first, fitting.allSatisfy({ $0.id == option.id }) else { return nil }
        return (definition, option)
    }

    /// Refuses an option before the `-p` that it needs, which went to an extension that is not modelled instead.
    private func checkGivenOptions() throws(RuleFault) {
        guard let protocolToken else { return }
        for (name, token) in givenOptions where token.offset < protocolToken.offset {
            guard impliedOption(named: name) != nil else { continue }
            throw token.fault(expected: "-p before it", remedy: "put -p and the match with this option first")
        }
    }

    private mutating func use(_ found: FoundOption, _ token: Token, value: Token?) throws(RuleFault) {
        let option = found.option
        var isNegated = takeNegation()
        var argument = token
        var second = token
        if option.arity > 0 {
            if let value { argument = value } else { argument = try word(after: token) }
            if argument.isNegation, value == nil {
                // `--dport ! 80`, the old syntax.
                if isNegated { throw argument.fault(expected: "one ! with an option, not two") }
                isNegated = true
                argument = try word(after: token)
            }
            if option.arity > 1 { second = try word(after: token) }
        } else if let value {
            throw value.fault(expected: "nothing after --\(option.name)")
        }
        if isNegated, !option.negatable {
            throw token.fault(
                expected: "an option that can be negated", remedy: "leave the ! out; iptables refuses it here")
        }
        let bit: UInt32 = 1 << UInt32(option.id)
        if extensions[found.owner].seen & bit != 0 {
            throw token.fault(expected: "each option of a match or target once")
        }
        extensions[found.owner].seen |= bit
        wordOwner = nil
        uses.append(
            OptionUse(
                owner: found.owner, id: option.id, isNegated: isNegated, offset: token.offset, argument: argument,
                second: second))
    }

    /// The word that an option needs.
    mutating func word(after option: Token) throws(RuleFault) -> Token {
        if let token = try tokenizer.next() { return token }
        throw RuleFault(
            at: option.end, found: "the end of the line", expected: "a word after \(option.bytes.string)")
    }

    mutating func takeNegation() -> Bool {
        guard negation != nil else { return false }
        negation = nil
        return true
    }

    /// Adds a word, with the `!` before it, to those of an extension that is not modelled.
    private mutating func give(_ token: Token, to owner: Int) {
        var start = negation?.offset ?? token.offset
        negation = nil
        let name = extensions[owner].place
        if extensions[owner].words.isEmpty, name.end < start, tokenizer.isBlank(name.end..<start) {
            // One blank separates the name; more of them are kept with the words.
            start = name.end + 1
        }
        if let last = extensions[owner].words.last, tokenizer.isBlank(last.upperBound..<start) {
            extensions[owner].words[extensions[owner].words.count - 1] = last.lowerBound..<token.end
        } else {
            extensions[owner].words.append(start..<token.end)
        }
    }

    // MARK: Chains

    /// Remembers that a chain of this name was declared.
    mutating func noteChain(_ name: ByteView) {
        let number = strings.number(of: name)
        while chainNumbers.count <= number {
            chainNumbers.append(contentsOf: repeatElement(false, count: max(64, number / 2)))
        }
        chainNumbers[number] = true
    }

    private func isChain(_ name: ByteView) -> Bool {
        let number = strings.number(of: name)
        return number < chainNumbers.count && chainNumbers[number] || isOtherChain?(name) ?? false
    }

    // MARK: The end of the line

    private mutating func finish() throws(RuleFault) {
        if let jump, line.rule.target == nil { line.rule.target = .jump(strings.string(jump.bytes)) }
        guard !extensions.isEmpty else { return }
        if !givenOptions.isEmpty { try checkGivenOptions() }
        line.rule.matches.reserveCapacity(extensions.count)
        for owner in extensions.indices {
            let open = extensions[owner]
            guard let definition = open.definition else {
                let unknown = UnknownExtension(name: strings.string(open.place.bytes), text: words(of: open))
                if open.isTarget {
                    line.rule.target = .unknown(unknown)
                } else {
                    line.rule.matches.append(.unknown(unknown))
                }
                continue
            }
            let arguments = ExtensionArguments(
                uses: uses, owner: owner, place: open.place, family: family, protocol: line.rule.protocol,
                strings: strings)
            if open.isTarget {
                line.rule.target = try targets[definition].read(arguments)
            } else {
                line.rule.matches.append(try matches[definition].read(arguments))
            }
        }
    }

    private func words(of open: OpenExtension) -> String {
        open.words.map { tokenizer.text[$0].string }.joined(separator: " ")
    }
}

extension Tokenizer {
    /// Whether a range of the text holds blanks only.
    func isBlank(_ range: Range<Int>) -> Bool {
        range.allSatisfy { text[$0] == UInt8(ascii: " ") || text[$0] == UInt8(ascii: "\t") }
    }
}
