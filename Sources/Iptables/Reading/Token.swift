internal import KubeChainsBytes

/// A word of a rule's line, as iptables-restore cuts it: what stands between blanks, quotes and backslashes taken away.
struct Token {
    /// What the word says.
    let bytes: ByteView
    /// Where the word, or its opening quote, begins in the text.
    let offset: Int
    /// Where it ends in the text.
    let end: Int
    /// Whether any part of it was quoted.
    let isQuoted: Bool

    /// The word after its first bytes: the value in `--name=value` or `-ptcp`.
    func dropFirst(_ count: Int) -> Token {
        Token(bytes: bytes.dropFirst(count), offset: offset + count, end: end, isQuoted: isQuoted)
    }

    /// Whether this is a bare exclamation mark.
    var isNegation: Bool { bytes.count == 1 && bytes[0] == UInt8(ascii: "!") && !isQuoted }

    /// The word in quotes for a message, cut where it is long.
    var quoted: String {
        bytes.count > 60 ? "\"" + bytes[0..<60].string + "…\"" : "\"" + bytes.string + "\""
    }

    /// The fault of finding this word where something else should stand.
    func fault(
        code: RulesetError.Code = .refused, expected: String, remedy: String = RuleFault.refused
    ) -> RuleFault {
        RuleFault(code: code, at: offset, found: quoted, expected: expected, remedy: remedy)
    }
}

/// Cuts a text into words, line by line.
///
/// The rules are those of iptables-restore 1.8.9 (`add_param_to_argv`): blanks and tabs separate words; a double quote
/// may begin anywhere in a word and its closing quote ends the word; inside quotes a backslash takes the next character
/// as it is; outside quotes a backslash is an ordinary character. Here a quote must be closed in its line.
struct Tokenizer {
    let text: ByteView
    /// The offset of the next byte.
    var position = 0
    private let scratch = ScratchSpace()
    private var usesScratch = false

    init(_ text: ByteView) { self.text = text }

    var isAtEnd: Bool { position >= text.count }

    /// Steps over the rest of the line and its end.
    mutating func skipLine() {
        position = endOfLine + 1
        if usesScratch {
            scratch.reset()
            usesScratch = false
        }
    }

    /// The offset of the line's end.
    var endOfLine: Int { text.endOfLine(from: position) }

    /// The next word of the line; nil at its end.
    @inline(__always)
    mutating func next() throws(RuleFault) -> Token? {
        while text[position] == UInt8(ascii: " ") || text[position] == UInt8(ascii: "\t") { position += 1 }
        let start = position
        var index = start
        // Blanks, line ends and double quotes are all below "#".
        while true {
            index = text.firstIndex(ofByteBelow: UInt8(ascii: "#"), from: index)
            let byte = text[index]
            if byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\t") { break }
            if byte == UInt8(ascii: "\"") { return try nextQuoted(from: start, quote: index) }
            if index >= text.count { break }
            index += 1
        }
        position = index
        guard index > start else { return nil }
        return Token(bytes: text[start..<index], offset: start, end: index, isQuoted: false)
    }

    @inline(never)
    private mutating func nextQuoted(from start: Int, quote: Int) throws(RuleFault) -> Token {
        let index = text.firstIndex(
            of: UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "\n"), from: quote + 1)
        guard text[index] != UInt8(ascii: "\\") else { return try nextEscaped(from: start, quote: quote) }
        guard text[index] == UInt8(ascii: "\"") else { throw unclosed(quote) }
        position = index + 1
        var bytes = text[quote + 1..<index]
        if start < quote {
            usesScratch = true
            bytes = scratch.join(text[start..<quote], bytes)
        }
        return Token(bytes: bytes, offset: start, end: position, isQuoted: true)
    }

    /// A word with a backslash within its quotes.
    private mutating func nextEscaped(from start: Int, quote: Int) throws(RuleFault) -> Token {
        var bytes: [UInt8] = []
        for index in start..<quote { bytes.append(text[index]) }
        var index = quote + 1
        while text[index] != UInt8(ascii: "\"") {
            if text[index] == UInt8(ascii: "\\") { index += 1 }
            guard index < text.count, text[index] != UInt8(ascii: "\n") else { throw unclosed(quote) }
            bytes.append(text[index])
            index += 1
        }
        position = index + 1
        usesScratch = true
        return Token(bytes: scratch.keep(bytes), offset: start, end: position, isQuoted: true)
    }

    private func unclosed(_ quote: Int) -> RuleFault {
        RuleFault(
            at: quote, found: "a double quote that is not closed", expected: "its closing quote in the same line",
            remedy: "add the missing quote, or a backslash before a quote that belongs to the text")
    }
}

/// Keeps the bytes of words that differ from the text, up to the end of the line.
@safe private final class ScratchSpace {
    private var blocks: [UnsafeMutableBufferPointer<UInt8>] = unsafe []

    func keep(_ bytes: [UInt8]) -> ByteView {
        let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(bytes.count, 1))
        _ = unsafe block.initialize(fromContentsOf: bytes)
        unsafe blocks.append(block)
        return unsafe ByteView(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(block)[0..<bytes.count]))
    }

    func join(_ left: ByteView, _ right: ByteView) -> ByteView {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(left.count + right.count)
        for index in 0..<left.count { bytes.append(left[index]) }
        for index in 0..<right.count { bytes.append(right[index]) }
        return keep(bytes)
    }

    func reset() {
        for index in unsafe blocks.indices { unsafe blocks[index].deallocate() }
        unsafe blocks.removeAll(keepingCapacity: true)
    }

    deinit { reset() }
}
