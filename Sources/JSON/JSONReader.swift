public import KubeChainsBytes

/// Why reading stopped, or what is wrong with a value. Places are byte offsets until the error is reported.
public struct ReadFault: Error {
    /// A syntax error ends the reading of the input; an invalid value is an error only if the value is used.
    package enum Kind { case syntax, value }

    package let kind: Kind
    package let offset: Int
    package let message: String
    /// A second place for the message, such as the first of two equal objects.
    package var other: SourceLocation?

    @usableFromInline package static func syntax(at offset: Int, _ message: String) -> ReadFault {
        ReadFault(kind: .syntax, offset: offset, message: message)
    }

    package static func value(at offset: Int, _ message: String, other: SourceLocation? = nil) -> ReadFault {
        ReadFault(kind: .value, offset: offset, message: message, other: other)
    }
}

/// The error of a member's value, which a later value of the same key may still replace.
private struct HeldFault {
    let key: JSONString
    let fault: ReadFault
}

/// A string of the input: the bytes between its quotes, already validated.
public struct JSONString {
    @usableFromInline package let range: Range<Int>
    @usableFromInline package let hasEscapes: Bool

    @inlinable
    package init(range: Range<Int>, hasEscapes: Bool) {
        self.range = range
        self.hasEscapes = hasEscapes
    }

    /// The offset of the opening quote.
    package var offset: Int { range.lowerBound - 1 }
}

/// A pull parser for JSON (RFC 8259) over bytes: the caller walks the structure and takes what it needs; everything
/// else is checked and skipped without building anything.
///
/// If a key occurs twice in an object, the last value counts, and an error in an earlier value is discarded.
public struct JSONReader {
    /// The deepest nesting of arrays and objects that is read.
    @usableFromInline package static let depthLimit = 512

    /// How many bytes are read before the owner is notified.
    private static let longStretch = 2 << 20

    @usableFromInline package let bytes: ByteView
    /// Which of the snapshot's inputs this is.
    package let source: Int
    /// The offset of the next byte to read.
    @usableFromInline package var position = 0
    @usableFromInline package var depth = 0
    /// What was skipped, reported as warnings.
    package var warnings: [PlacedMessage] = []
    package var names = NameTable()
    /// The number of elements in the last array of its kind: how many the next is likely to have.
    package var capacityHint = 0
    /// What another thread has read ahead of this reader.
    package var readAhead: AnyObject?
    /// The offset that places get, where the bytes are those of a string within another input.
    package var outerOffset: Int?
    /// Called with ranges that have been read.
    private let owner: SnapshotSource?
    /// Where the input begins: at 0, or before it with a byte-order mark.
    package var start: Int { -(owner?.markLength ?? 0) }
    /// The first byte that the owner has not been notified of.
    private var consumed = 0

    package init(
        _ bytes: ByteView, source: Int, owner: SnapshotSource? = nil
    ) {
        self.bytes = bytes
        self.source = source
        self.owner = owner
    }

    /// Continues at another position; what is before it has been read.
    package mutating func begin(at offset: Int) {
        if position > consumed { owner?.hasBeenRead(consumed..<position) }
        position = offset
        consumed = offset
    }

    /// Notifies the input's owner of what has been read, in large steps, so that a large file is never in memory as a
    /// whole.
    package mutating func reportConsumed() {
        guard position - consumed >= Self.longStretch, let owner else { return }
        owner.hasBeenRead(consumed..<position)
        consumed = position
    }

    /// Another reader of the same input.
    package func copy() -> @Sendable () -> JSONReader {
        { [bytes, source, owner] in JSONReader(bytes, source: source, owner: owner) }
    }

    package func location(_ offset: Int) -> SourceLocation {
        SourceLocation(source: source, offset: outerOffset ?? offset)
    }

    package mutating func warn(at offset: Int, _ message: String) {
        warnings.append(PlacedMessage(message: message, location: location(offset)))
    }

    // MARK: Structure

    /// Reads an object and hands each member to `member` with the position at the member's value, which it must
    /// consume.
    @inline(never)
    package mutating func object(
        _ what: StaticString, _ member: (inout JSONReader, JSONString) throws(ReadFault) -> Void
    ) throws(ReadFault) {
        guard bytes[position] == UInt8(ascii: "{") else { throw wrongType("an object", for: what) }
        try enter()
        var held: [HeldFault] = []
        while let key = try nextKey() {
            let start = position
            let outerDepth = depth
            do {
                try member(&self, key)
                if !held.isEmpty { forget(key, &held) }
            } catch {
                try hold(error, key, start, outerDepth, &held)
            }
            try endMember(of: UInt8(ascii: "}"))
        }
        if let first = held.first { throw first.fault }
    }

    /// Keeps the error of a member's value, which a later value of the same key may still replace, and skips the value.
    @inline(never)
    private mutating func hold(
        _ fault: ReadFault, _ key: JSONString, _ start: Int, _ outerDepth: Int, _ held: inout [HeldFault]
    ) throws(ReadFault) {
        guard fault.kind == .value else { throw fault }
        position = start
        depth = outerDepth
        try skipValue()
        forget(key, &held)
        held.append(HeldFault(key: key, fault: fault))
    }

    /// Discards the error of a key that occurs again.
    @inline(never)
    private func forget(_ key: JSONString, _ held: inout [HeldFault]) { held.removeAll { same($0.key, key) } }

    /// Reads an array and calls `element` at each element, which it must consume.
    @inline(never)
    @usableFromInline package mutating func array(
        _ what: StaticString, _ element: (inout JSONReader) throws(ReadFault) -> Void
    ) throws(ReadFault) {
        guard bytes[position] == UInt8(ascii: "[") else { throw wrongType("an array", for: what) }
        try enter()
        while try nextElement() {
            try element(&self)
            try endMember(of: UInt8(ascii: "]"))
        }
    }

    /// Steps over the opening bracket.
    @inlinable @inline(__always)
    package mutating func enter() throws(ReadFault) {
        guard depth < Self.depthLimit else {
            throw .syntax(
                at: position, "nested more than \(Self.depthLimit) levels deep; no Kubernetes object is so deep")
        }
        depth += 1
        position += 1
        skipSpace()
    }

    /// Reads the next member's key and colon, or the closing brace (then nil).
    @inlinable @inline(__always)
    package mutating func nextKey() throws(ReadFault) -> JSONString? {
        if bytes[position] == UInt8(ascii: "}") {
            position += 1
            depth -= 1
            return nil
        }
        guard bytes[position] == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes or '}'") }
        let key = try readString()
        skipSpace()
        guard bytes[position] == UInt8(ascii: ":") else { throw unexpected("':' after the key") }
        position += 1
        skipSpace()
        return key
    }

    /// Whether another element follows; otherwise steps over the closing bracket.
    @inlinable @inline(__always)
    package mutating func nextElement() throws(ReadFault) -> Bool {
        guard bytes[position] == UInt8(ascii: "]") else { return true }
        position += 1
        depth -= 1
        return false
    }

    /// Steps over the comma after a member or element; stays at the closing bracket.
    @inlinable @inline(__always)
    package mutating func endMember(of close: UInt8) throws(ReadFault) {
        skipSpace()
        let byte = bytes[position]
        if byte == UInt8(ascii: ",") {
            position += 1
            skipSpace()
            guard bytes[position] != close else {
                throw unexpected(
                    close == UInt8(ascii: "}") ? "another member after the comma" : "another element after the comma")
            }
        } else if byte != close {
            throw unexpected(close == UInt8(ascii: "}") ? "',' or '}'" : "',' or ']'")
        }
    }

    /// Skips `null`, which means absent, and returns whether there was one.
    @inlinable @inline(__always)
    package mutating func skipNull() throws(ReadFault) -> Bool {
        guard bytes[position] == UInt8(ascii: "n") else { return false }
        try skipLiteral("null")
        return true
    }

    // MARK: Values

    /// Reads a string; nil for `null`.
    package mutating func string(_ what: StaticString) throws(ReadFault) -> JSONString? {
        guard bytes[position] == UInt8(ascii: "\"") else {
            if try skipNull() { return nil }
            throw wrongType("a string", for: what)
        }
        return try readString()
    }

    /// Reads a boolean; nil for `null`.
    package mutating func boolean(_ what: StaticString) throws(ReadFault) -> Bool? {
        switch bytes[position] {
        case UInt8(ascii: "t"):
            try skipLiteral("true")
            return true
        case UInt8(ascii: "f"):
            try skipLiteral("false")
            return false
        default:
            if try skipNull() { return nil }
            throw wrongType("true or false", for: what)
        }
    }

    /// Reads an integer within bounds; nil for `null`.
    package mutating func integer(_ what: StaticString, in bounds: ClosedRange<Int>) throws(ReadFault) -> Int? {
        if try skipNull() { return nil }
        let start = position
        guard bytes[start] == UInt8(ascii: "-") || isDigit(bytes[start]) else {
            throw wrongType("an integer", for: what)
        }
        try skipNumber()
        func refusal(_ end: Int) -> ReadFault {
            .value(
                at: start,
                "\(what) is \(text(start..<end, limit: 40)); expected an integer from \(bounds.lowerBound) to "
                    + "\(bounds.upperBound)")
        }
        var value = 0
        var index = start
        let isNegative = bytes[index] == UInt8(ascii: "-")
        if isNegative { index += 1 }
        while index < position {
            let byte = bytes[index]
            guard isDigit(byte), value < 1 << 40 else { throw refusal(position) }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
            index += 1
        }
        if isNegative { value = -value }
        guard bounds.contains(value) else { throw refusal(position) }
        return value
    }

    /// Reads an array of strings, or `null`.
    @inlinable @inline(__always)
    package mutating func strings(
        _ what: StaticString, _ element: (inout JSONReader, JSONString) throws(ReadFault) -> Void
    ) throws(ReadFault) {
        if try skipNull() { return }
        try array(what) { json throws(ReadFault) in
            guard json.bytes[json.position] == UInt8(ascii: "\"") else {
                throw json.wrongType("a string", for: "the element")
            }
            try element(&json, try json.readString())
        }
    }

    // MARK: Faults

    /// The error of a value of the wrong type.
    @inline(never)
    @usableFromInline package func wrongType(_ expected: StaticString, for what: StaticString) -> ReadFault {
        let found: String
        switch bytes[position] {
        case UInt8(ascii: "{"): found = "an object"
        case UInt8(ascii: "["): found = "an array"
        case UInt8(ascii: "\""): found = "a string"
        case UInt8(ascii: "t"): found = "true"
        case UInt8(ascii: "f"): found = "false"
        case UInt8(ascii: "n"): found = "null"
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): found = "a number"
        default: return unexpected("a value")
        }
        return .value(at: position, "\(what) is \(found); expected \(expected)")
    }

    /// A syntax error: the byte at the current position is not allowed.
    @inline(never)
    @usableFromInline package func unexpected(_ expected: StaticString) -> ReadFault {
        guard position < bytes.count else {
            return .syntax(at: bytes.count, "the input ends in the middle of a document; expected \(expected)")
        }
        let byte = bytes[position]
        let found = byte > 0x20 && byte < 0x7F ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(hexadecimal(byte))"
        return .syntax(at: position, "unexpected \(found); expected \(expected)")
    }
}
