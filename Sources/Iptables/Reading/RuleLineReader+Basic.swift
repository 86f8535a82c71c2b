internal import KubeChainsBytes
internal import NetAddress

// The basic options of a rule, and the commands.

extension RuleLineReader {
    /// Reads a basic option by its letter.
    ///
    /// - Parameter value: the word that stands in the option's own word, as in `-ptcp` or `--protocol=tcp`.
    mutating func readBasic(_ letter: UInt8, _ token: Token, value: Token?) throws(RuleFault) {
        wordOwner = nil
        var isNegated = takeNegation()
        var argument = value
        switch BasicOption.words(after: letter) {
        case .one?:
            if argument == nil { argument = try word(after: token) }
            if value == nil, let word = argument, word.isNegation, BasicOption.isNegatable(letter) {
                // `-s ! 10.0.0.1`, the old syntax.
                if isNegated { throw word.fault(expected: "one ! with an option, not two") }
                isNegated = true
                argument = try self.word(after: token)
            }
        case .nothing?, nil:
            if let value { throw value.fault(expected: "nothing after this option") }
        case .optional?:
            break
        }
        if isNegated, !BasicOption.isNegatable(letter) {
            throw token.fault(
                expected: "an option that can be negated", remedy: "leave the ! out; iptables refuses it here")
        }
        guard let argument else { return try readFlag(letter, token, isNegated) }
        try read(letter, argument, token, isNegated)
    }

    private mutating func read(
        _ letter: UInt8, _ argument: Token, _ token: Token, _ isNegated: Bool
    ) throws(RuleFault) {
        switch letter {
        case UInt8(ascii: "A"), UInt8(ascii: "N"), UInt8(ascii: "F"), UInt8(ascii: "X"), UInt8(ascii: "Z"):
            try setCommand(letter, token, chain: argument)
        case UInt8(ascii: "I"), UInt8(ascii: "D"), UInt8(ascii: "R"):
            try setCommand(letter, token, chain: argument)
            if let word = try nextWord() { line.number = Int(try word.number(1...0x7FFF_FFFF, "a rule's number")) }
        case UInt8(ascii: "P"):
            try setCommand(letter, token, chain: argument)
            line.extra = try word(after: token)
        case UInt8(ascii: "m"):
            try argument.checkExtensionName("the name of a match", atMost: 28)
            open(MatchDefinition.index(named: argument.bytes, family), isTarget: false, place: argument)
        case UInt8(ascii: "j"):
            try useOnce(UInt8(ascii: "j"), token)
            try readJump(argument)
        case UInt8(ascii: "g"):
            try useOnce(UInt8(ascii: "j"), token)
            try argument.checkExtensionName("the name of a chain", atMost: 28)
            line.rule.target = .goto(strings.string(argument.bytes))
        case UInt8(ascii: "s"):
            try useOnce(letter, token)
            (line.rule.source, line.sources) = try addresses(argument, isNegated)
        case UInt8(ascii: "d"):
            try useOnce(letter, token)
            (line.rule.destination, line.destinations) = try addresses(argument, isNegated)
        case UInt8(ascii: "p"):
            try useOnce(letter, token)
            protocolToken = argument
            let number = try argument.protocolNumber()
            if number != 0 {
                line.rule.protocol = ProtocolMatch(number, isNegated: isNegated)
            } else if isNegated {
                throw argument.fault(expected: "a protocol other than all after !")
            }
        case UInt8(ascii: "i"):
            try useOnce(letter, token)
            line.rule.inInterface = try interface(argument, isNegated)
        case UInt8(ascii: "o"):
            try useOnce(letter, token)
            line.rule.outInterface = try interface(argument, isNegated)
        case UInt8(ascii: "c"):
            line.rule.counters = try counters(argument, token)
        default:
            throw unsupported(token)
        }
    }

    private mutating func readFlag(_ letter: UInt8, _ token: Token, _ isNegated: Bool) throws(RuleFault) {
        switch letter {
        case UInt8(ascii: "f"):
            try useOnce(letter, token)
            guard family == .ipv4 else {
                throw token.fault(expected: "no -f in IPv6 rules", remedy: "use -m frag instead, as ip6tables asks for")
            }
            line.rule.fragment = isNegated ? .headsAndWholePackets : .furtherFragments
        case UInt8(ascii: "F"), UInt8(ascii: "X"), UInt8(ascii: "Z"):
            try setCommand(letter, token, chain: try nextWord())
        case UInt8(ascii: "4"):
            line.isForOtherFamily = line.isForOtherFamily || family == .ipv6
        case UInt8(ascii: "6"):
            line.isForOtherFamily = line.isForOtherFamily || family == .ipv4
        case UInt8(ascii: "v"), UInt8(ascii: "n"):
            break
        default:
            throw unsupported(token)
        }
    }

    private func unsupported(_ token: Token) -> RuleFault {
        token.fault(
            code: .unsupported, expected: "one of the commands -A, -I, -R, -D, -N, -F, -X, -Z and -P",
            remedy: "this option has no place in rules text, or is not supported here; leave the line out")
    }

    private mutating func setCommand(_ letter: UInt8, _ token: Token, chain: Token?) throws(RuleFault) {
        guard line.command == 0 else { throw token.fault(expected: "one command in a line, not two") }
        line.command = letter
        line.commandOffset = token.offset
        line.chain = chain
    }

    private mutating func useOnce(_ letter: UInt8, _ token: Token) throws(RuleFault) {
        let bit = UInt128(1) << UInt128(letter & 0x7F)
        guard usedLetters & bit == 0 else { throw token.fault(expected: "this option once in a rule") }
        usedLetters |= bit
    }

    /// The next word, if it is there and is neither an option nor `!`.
    private mutating func nextWord() throws(RuleFault) -> Token? {
        let position = tokenizer.position
        guard let token = try tokenizer.next() else { return nil }
        guard token.bytes[0] != UInt8(ascii: "-"), token.bytes[0] != UInt8(ascii: "!") else {
            tokenizer.position = position
            return nil
        }
        return token
    }

    private mutating func readJump(_ name: Token) throws(RuleFault) {
        try name.checkExtensionName("the name of a target or chain", atMost: 28)
        if let definition = TargetDefinition.index(named: name.bytes) {
            open(definition, isTarget: true, place: name)
        } else if TargetDefinition.isUnmodelled(name.bytes) {
            open(nil, isTarget: true, place: name)
        } else {
            jump = name
        }
    }

    /// The one address, nil if every address fits; or several.
    private func addresses(
        _ argument: Token, _ isNegated: Bool
    ) throws(RuleFault) -> (AddressMatch?, [AddressMatch]) {
        guard argument.bytes.firstIndex(of: UInt8(ascii: ",")) != nil else {
            var one: AddressMatch?
            try argument.forEachAddress(family, isNegated: isNegated) { one = $0.fitsAll ? nil : $0 }
            return (one, [])
        }
        var several: [AddressMatch] = []
        try argument.forEachAddress(family, isNegated: isNegated) { several.append($0) }
        if isNegated {
            throw argument.fault(
                expected: "one address after !", remedy: "write a rule for each; iptables refuses this too")
        }
        return (nil, several)
    }

    /// The interface; nil where every one fits.
    private func interface(_ argument: Token, _ isNegated: Bool) throws(RuleFault) -> InterfaceMatch? {
        let name = try argument.interface(in: strings)
        return name == "+" && !isNegated ? nil : InterfaceMatch(name, isNegated: isNegated)
    }

    /// The counters of `-c PACKETS BYTES` or `-c PACKETS,BYTES`.
    private mutating func counters(_ argument: Token, _ option: Token) throws(RuleFault) -> Counters {
        if let comma = argument.bytes.firstIndex(of: UInt8(ascii: ",")) {
            guard let packets = argument.bytes[0..<comma].number(in: 0...UInt64.max),
                let bytes = argument.bytes.dropFirst(comma + 1).number(in: 0...UInt64.max)
            else { throw argument.fault(expected: "numbers of packets and bytes") }
            return Counters(packets: packets, bytes: bytes)
        }
        let packets = try argument.number(0...UInt64.max, "a number of packets")
        return Counters(packets: packets, bytes: try word(after: option).number(0...UInt64.max, "a number of bytes"))
    }
}
