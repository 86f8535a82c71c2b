public import NetAddress

extension Ruleset {
    /// Reads the text of iptables-save, or one for iptables-restore.
    ///
    /// The text is taken as `iptables-restore --noflush` takes it: a table may come several times and is put together, and
    /// a chain of the user's that is declared again is flushed. The commands -A, -I, -R, -D, -N, -F, -X, -Z and -P are
    /// carried out in order.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8.
    ///   - family: the family of the rules. If it is nil, the header decides, and without one the addresses; rules that
    ///     fit both families are taken to be IPv4.
    /// - Throws: ``RulesetError`` with the place of the first fault; nothing is passed over in silence.
    public init(parsing bytes: Span<UInt8>, family: AddressFamily? = nil) throws(RulesetError) {
        let result: Result<Ruleset, RulesetError> = unsafe bytes.withUnsafeBufferPointer { buffer in
            let text = unsafe ByteView(buffer)
            do throws(RuleFault) {
                return .success(try parseRuleset(text, family))
            } catch {
                return .failure(error.error(in: text))
            }
        }
        self = try result.get()
    }

    /// Reads the text of iptables-save, or one for iptables-restore, as ``init(parsing:family:)-(Span<UInt8>,_)`` does.
    public init(parsing bytes: [UInt8], family: AddressFamily? = nil) throws(RulesetError) {
        try self.init(parsing: bytes.span, family: family)
    }
}

private func parseRuleset(_ text: ByteView, _ family: AddressFamily?) throws(RuleFault) -> Ruleset {
    try checkEncoding(text)
    if let family = family ?? headerFamily(text) { return try parseRuleset(text, of: family) }
    do throws(RuleFault) {
        return try parseRuleset(text, of: .ipv4)
    } catch let ipv4Fault {
        do throws(RuleFault) {
            return try parseRuleset(text, of: .ipv6)
        } catch {
            // The family that gets farther is the one that was meant.
            throw error.offset > ipv4Fault.offset ? error : ipv4Fault
        }
    }
}

private func parseRuleset(_ text: ByteView, of family: AddressFamily) throws(RuleFault) -> Ruleset {
    var reader = RulesetReader(text, family)
    try reader.read()
    return reader.ruleset
}

/// The family that the first header names, if it stands before the first table.
private func headerFamily(_ text: ByteView) -> AddressFamily? {
    var tokenizer = Tokenizer(text)
    while !tokenizer.isAtEnd,
        text[tokenizer.position] == UInt8(ascii: "#") || text[tokenizer.position] == UInt8(ascii: "\n")
    {
        if let family = Generator(comment: text[tokenizer.position..<tokenizer.endOfLine])?.family { return family }
        tokenizer.skipLine()
    }
    return nil
}

/// Checks that the text is UTF-8 and has no NUL in it, which iptables would take for a line's end.
private func checkEncoding(_ text: ByteView) throws(RuleFault) {
    var index = 0
    while true {
        while let word = text.word(at: index) {
            // Bytes from 0x01 to 0x7F only.
            let zeros = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            guard word & 0x8080_8080_8080_8080 == 0, zeros == 0 else { break }
            index += 8
        }
        guard index < text.count else { return }
        let length = text.characterLength(at: index)
        guard length > 0 else {
            let byte = String(text[index], radix: 16, uppercase: true)
            throw RuleFault(
                at: index, found: "the byte 0x\(byte.count == 1 ? "0" : "")\(byte)", expected: "text in UTF-8",
                remedy: "this is no rules text, or its comments are in another encoding; convert it to UTF-8")
        }
        index += length
    }
}

extension ByteView {
    /// The length of the UTF-8 character at an offset; 0 if there is none, or NUL.
    fileprivate func characterLength(at index: Int) -> Int {
        func isContinuation(_ offset: Int) -> Bool { self[index + offset] & 0xC0 == 0x80 }
        let second = self[index + 1]
        switch self[index] {
        case 0x01...0x7F: return 1
        case 0xC2...0xDF: return isContinuation(1) ? 2 : 0
        case 0xE0: return second >= 0xA0 && isContinuation(1) && isContinuation(2) ? 3 : 0
        case 0xED: return second < 0xA0 && isContinuation(1) && isContinuation(2) ? 3 : 0
        case 0xE1...0xEF: return isContinuation(1) && isContinuation(2) ? 3 : 0
        case 0xF0: return second >= 0x90 && isContinuation(1) && isContinuation(2) && isContinuation(3) ? 4 : 0
        case 0xF1...0xF3: return isContinuation(1) && isContinuation(2) && isContinuation(3) ? 4 : 0
        case 0xF4: return second < 0x90 && isContinuation(1) && isContinuation(2) && isContinuation(3) ? 4 : 0
        default: return 0
        }
    }
}
