public import KubeChainsBytes

// Tokens: white space, literals, numbers, strings, and whole values that are skipped. All of it is validated, used or
// not.

extension JSONReader {
    /// Steps over white space.
    @inlinable @inline(__always)
    package mutating func skipSpace() {
        if bytes[position] <= 0x20 { skipLongSpace() }
    }

    /// Printed JSON is mostly newlines followed by spaces: eight bytes at a time.
    @usableFromInline internal mutating func skipLongSpace() {
        while true {
            switch bytes[position] {
            case 0x20, 0x0A:
                position += 1
                while true {
                    let others = bytes.paddedWord(at: position) ^ 0x2020_2020_2020_2020
                    if others != 0 {
                        position += others.trailingZeroBitCount >> 3
                        break
                    }
                    position += 8
                }
            case 0x09, 0x0D:
                position += 1
            default:
                return
            }
        }
    }

    /// Steps over `true`, `false` or `null`.
    @usableFromInline package mutating func skipLiteral(_ literal: StaticString) throws(ReadFault) {
        let end = position + literal.utf8CodeUnitCount
        guard bytes.range(position..<end, equals: literal) else { throw unexpected("a value") }
        position = end
    }

    /// Steps over a number, strictly as RFC 8259 has it.
    package mutating func skipNumber() throws(ReadFault) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try skipDigits()
        }
        if bytes[position] == UInt8(ascii: ".") {
            position += 1
            try skipDigits()
        }
        if bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        if isDigit(bytes[position]) { throw unexpected("no digit after a leading zero") }
    }

    @usableFromInline internal mutating func skipDigits() throws(ReadFault) {
        guard isDigit(bytes[position]) else { throw unexpected("a digit") }
        repeat { position += 1 } while isDigit(bytes[position])
    }

    /// Steps over a whole value of any type.
    package mutating func skipValue() throws(ReadFault) {
        switch bytes[position] {
        case UInt8(ascii: "\""): _ = try readString()
        case UInt8(ascii: "{"):
            try enter()
            while try nextKey() != nil {
                try skipValue()
                try endMember(of: UInt8(ascii: "}"))
            }
        case UInt8(ascii: "["):
            try enter()
            while try nextElement() {
                try skipValue()
                try endMember(of: UInt8(ascii: "]"))
            }
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try skipNumber()
        default: throw unexpected("a value")
        }
    }

    /// Reads the string that begins here: checks its escapes and its UTF-8, and gives the bytes between the quotes.
    @inlinable @inline(__always)
    package mutating func readString() throws(ReadFault) -> JSONString {
        let start = position + 1
        var index = start
        while true {
            let special = specialBytes(bytes.paddedWord(at: index))
            if special != 0 {
                index += special.trailingZeroBitCount >> 3
                break
            }
            index += 8
        }
        if bytes[index] == UInt8(ascii: "\"") {
            position = index + 1
            return JSONString(range: start..<index, hasEscapes: false)
        }
        return try readLongString(from: start, at: index)
    }

    /// The highest bit of each byte which is a quote, a backslash, a control character or not ASCII; bits above the
    /// lowest one set may be wrong.
    @inlinable @inline(__always)
    internal func specialBytes(_ word: UInt64) -> UInt64 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let isQuote = (quote &- ones) & ~quote
        let isBackslash = (backslash &- ones) & ~backslash
        let isControl = (word &- ones &* 0x20) & ~word
        return (isQuote | isBackslash | isControl | word) & (ones &* 0x80)
    }

    /// The rest of a string from the first byte that is not plain.
    @usableFromInline internal mutating func readLongString(from start: Int, at first: Int) throws(ReadFault)
        -> JSONString
    {
        var index = first
        var hasEscapes = false
        while true {
            let byte = bytes[index]
            switch byte {
            case UInt8(ascii: "\""):
                position = index + 1
                return JSONString(range: start..<index, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                index = try checkEscape(at: index)
            case 0x20...0x7F:
                index += 1
            case 0x80...:
                index = try checkUTF8(at: index)
            default:
                guard index < bytes.count else { throw endOfString }
                throw .syntax(
                    at: index, "control character \(hexadecimal(byte)) in a string; it must be written as an escape")
            }
        }
    }

    /// Checks the escape at an offset and gives the offset after it.
    @usableFromInline internal func checkEscape(at index: Int) throws(ReadFault) -> Int {
        guard index + 1 < bytes.count else { throw endOfString }
        switch bytes[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return index + 2
        case UInt8(ascii: "u"):
            guard let unit = codeUnit(at: index + 2) else {
                throw endsWithin(index + 2..<index + 6)
                    ? endOfString
                    : .syntax(at: index, "'\\u' must be followed by four hexadecimal digits")
            }
            guard UTF16.isTrailSurrogate(unit) || UTF16.isLeadSurrogate(unit) else { return index + 6 }
            guard UTF16.isLeadSurrogate(unit), bytes[index + 6] == UInt8(ascii: "\\"),
                bytes[index + 7] == UInt8(ascii: "u"), let trail = codeUnit(at: index + 8),
                UTF16.isTrailSurrogate(trail)
            else {
                throw endsWithin(index + 6..<index + 12)
                    ? endOfString : .syntax(at: index, "half of a surrogate pair stands alone")
            }
            return index + 12
        default:
            throw .syntax(at: index, "no such escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX")
        }
    }

    private var endOfString: ReadFault { .syntax(at: bytes.count, "the input ends in the middle of a string") }

    /// Whether the input ends in a range of which all bytes before may be digits of an escape.
    @usableFromInline internal func endsWithin(_ range: Range<Int>) -> Bool {
        guard range.contains(bytes.count) else { return false }
        return (range.lowerBound..<bytes.count).allSatisfy { index in
            hexadecimalDigit(bytes[index]) != nil || bytes[index] == UInt8(ascii: "\\")
                || bytes[index] == UInt8(ascii: "u")
        }
    }

    /// The UTF-16 code unit which four hexadecimal digits write.
    @usableFromInline internal func codeUnit(at index: Int) -> UInt16? {
        var unit: UInt16 = 0
        for position in index..<(index + 4) {
            guard let digit = hexadecimalDigit(bytes[position]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// Checks the character of several bytes at an offset (RFC 3629) and gives the offset after it.
    @usableFromInline internal func checkUTF8(at index: Int) throws(ReadFault) -> Int {
        let length = bytes.characterLength(at: index)
        if length > 0 { return index + length }
        let lead = bytes[index]
        let second = bytes[index + 1]
        guard let (_, allowed) = ByteView.character(beginningWith: lead) else {
            throw .syntax(at: index, "byte \(hexadecimal(lead)) begins no UTF-8 character")
        }
        let isAllowed = second & 0xC0 != 0x80 || allowed.contains(second)
        throw .syntax(
            at: index,
            isAllowed
                ? "byte \(hexadecimal(lead)) begins a UTF-8 character that is not complete"
                : "byte \(hexadecimal(lead)) begins no valid UTF-8 character")
    }

    // MARK: Contents of strings

    /// Calls `body` with the bytes of a string, escapes decoded.
    @inlinable @inline(__always)
    package func withContents<Result>(_ string: JSONString, _ body: (Span<UInt8>) -> Result) -> Result {
        if !string.hasEscapes { return bytes.withSpan(string.range, body) }
        let decoded = decode(string)
        return body(decoded.span)
    }

    /// The contents of a string, escapes decoded.
    package func contents(_ string: JSONString) -> String { withContents(string) { String(copying: $0) } }

    /// Whether a string, escapes decoded, equals a literal.
    @inlinable @inline(__always)
    package func string(_ string: JSONString, equals literal: StaticString) -> Bool {
        if !string.hasEscapes { return bytes.range(string.range, equals: literal) }
        return String(decoding: decode(string), as: UTF8.self) == "\(literal)"
    }

    /// Whether two strings are equal, escapes decoded.
    package func same(_ left: JSONString, _ right: JSONString) -> Bool {
        guard left.hasEscapes || right.hasEscapes else { return bytes.equal(left.range, right.range) }
        return decode(left) == decode(right)
    }

    /// A string for a message: as written in the input, cut at `limit` bytes, with control characters escaped.
    package func text(_ range: Range<Int>, limit: Int = 80) -> String {
        var end = min(range.upperBound, range.lowerBound + limit)
        let isCut = end < range.upperBound
        while isCut, end > range.lowerBound, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        let text = bytes.withSpan(range.lowerBound..<end) { span in
            String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
        }
        return (isCut ? text + "…" : text).escapingInvisible()
    }

    /// A string for a message, in the input's own spelling and quotes: escapes stay escapes.
    package func quoted(_ string: JSONString) -> String { "\"" + text(string.range) + "\"" }

    /// The decoded bytes of a string with escapes.
    @usableFromInline package func decode(_ string: JSONString) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(string.range.count)
        var index = string.range.lowerBound
        while index < string.range.upperBound {
            guard bytes[index] == UInt8(ascii: "\\") else {
                result.append(bytes[index])
                index += 1
                continue
            }
            switch bytes[index + 1] {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var scalar = UInt32(codeUnit(at: index + 2) ?? 0)
                if scalar & 0xFC00 == 0xD800 {
                    scalar = 0x10000 + (scalar & 0x3FF) << 10 + UInt32(codeUnit(at: index + 8) ?? 0) & 0x3FF
                    index += 6
                }
                result.append(contentsOf: String(Unicode.Scalar(scalar) ?? "\u{FFFD}").utf8)
                index += 4
            case let other: result.append(other)
            }
            index += 2
        }
        return result
    }
}
