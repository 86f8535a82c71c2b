/// A view of bytes that are owned elsewhere and outlive it.
///
/// Every access is checked here, so that no parser bug reads beyond the text: past the end, bytes read as zero, which
/// no token begins with or holds. That sentinel spares parsers a test for the end at every byte.
///
/// It is public because members of package types are not inlined across modules (Swift 6.3; measured: a quarter of the
/// instructions of rendering).
@safe public struct ByteView: Sendable {
    @usableFromInline internal nonisolated(unsafe) let base: UnsafeRawPointer
    /// The number of bytes.
    public let count: Int

    /// - Safety: the buffer must stay valid and unchanged as long as this view and its copies are used.
    @inlinable @unsafe public init(_ buffer: UnsafeRawBufferPointer) {
        // Nothing is ever loaded from an empty buffer.
        unsafe base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
        count = buffer.count
    }

    /// - Safety: the buffer must stay valid and unchanged as long as this view and its copies are used.
    @inlinable @unsafe public init(_ buffer: UnsafeBufferPointer<UInt8>) {
        unsafe self.init(UnsafeRawBufferPointer(buffer))
    }

    /// A view of no bytes.
    package static var empty: ByteView { unsafe ByteView(UnsafeRawBufferPointer(start: nil, count: 0)) }

    package var isEmpty: Bool { count == 0 }

    // MARK: Access

    /// The byte at an offset, zero beyond the end.
    @inlinable @inline(__always)
    public subscript(offset: Int) -> UInt8 {
        guard UInt(bitPattern: offset) < UInt(bitPattern: count) else { return 0 }
        return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from an offset, the first in the lowest bits; nil where fewer are left.
    @inlinable @inline(__always)
    public func word(at offset: Int) -> UInt64? {
        guard offset >= 0, count - offset >= 8 else { return nil }
        return unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Eight bytes from an offset, the first in the lowest bits, zeros beyond the end.
    @inlinable @inline(__always)
    public func paddedWord(at offset: Int) -> UInt64 { word(at: offset) ?? lastWord(at: offset) }

    @inline(never)
    @usableFromInline internal func lastWord(at offset: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(self[offset + index]) << UInt64(index * 8) }
        return word
    }

    /// The window on a range of these bytes, which must lie within them.
    @inlinable @inline(__always)
    public subscript(range: Range<Int>) -> ByteView {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range beyond the text")
        return unsafe ByteView(UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count))
    }

    /// The bytes from an offset on.
    @inlinable @inline(__always)
    public func dropFirst(_ offset: Int) -> ByteView { self[min(offset, count)..<count] }

    /// Whether these bytes stand within others.
    package func lies(in other: ByteView) -> Bool {
        if isEmpty { return true }
        let offset = unsafe Int(bitPattern: base) - Int(bitPattern: other.base)
        return offset >= 0 && offset + count <= other.count
    }

    /// Calls `body` with the bytes.
    @inlinable @inline(__always)
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Calls `body` with the bytes of a range within the input.
    @inlinable @inline(__always)
    public func withSpan<Result>(_ range: Range<Int>, _ body: (Span<UInt8>) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range beyond the text")
        let slice = unsafe UnsafeRawBufferPointer(start: base, count: count)[range]
        return body(unsafe Span(_bytes: UnsafeRawBufferPointer(rebasing: slice).bytes))
    }

    /// Calls `body` with all bytes.
    package func withWholeSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_bytes: UnsafeRawBufferPointer(start: base, count: count).bytes))
    }

    /// The bytes as text.
    package var string: String { unsafe withBytes { unsafe String(decoding: $0, as: UTF8.self) } }
}

extension ByteView {
    /// How many bytes at the start are the mark that editors and PowerShell put before UTF-8: 3, or 0 without one.
    package var byteOrderMarkLength: Int { range(0..<min(3, count), equals: "\u{FEFF}") ? 3 : 0 }
}

// MARK: Search

extension ByteView {
    /// Where the byte first occurs at or after an offset; nil if nowhere.
    @inlinable @inline(__always)
    public func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// Where the line ends that goes on at an offset: at its newline, or at the end.
    @inlinable
    public func endOfLine(from start: Int) -> Int {
        var index = start
        while let word = word(at: index) {
            // A byte of `other` is zero where the text has a newline; the subtraction finds the lowest such byte.
            let other = word ^ 0x0A0A_0A0A_0A0A_0A0A
            let zeros = (other &- 0x0101_0101_0101_0101) & ~other & 0x8080_8080_8080_8080
            if zeros != 0 { return index + zeros.trailingZeroBitCount / 8 }
            index += 8
        }
        return firstIndex(of: UInt8(ascii: "\n"), from: index) ?? count
    }

    /// Where a byte below a limit first occurs at or after an offset; the end if nowhere. The limit is at most 0x80.
    @inlinable @inline(__always)
    public func firstIndex(ofByteBelow limit: UInt8, from start: Int) -> Int {
        let limits = UInt64(limit) &* 0x0101_0101_0101_0101
        var index = start
        while let word = word(at: index) {
            // A byte's highest bit is set here if it is below the limit; of several, the lowest one is right.
            let below = (word &- limits) & ~word & 0x8080_8080_8080_8080
            if below != 0 { return index + below.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count, self[index] >= limit { index += 1 }
        return index
    }

    /// Where one of three bytes first occurs at or after an offset; the end if nowhere.
    @inlinable @inline(__always)
    public func firstIndex(of first: UInt8, _ second: UInt8, _ third: UInt8, from start: Int) -> Int {
        @inline(__always)
        func zeros(_ word: UInt64, _ byte: UInt8) -> UInt64 {
            let difference = word ^ UInt64(byte) &* 0x0101_0101_0101_0101
            return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
        }
        var index = start
        while let word = word(at: index) {
            let found = zeros(word, first) | zeros(word, second) | zeros(word, third)
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < count, self[index] != first, self[index] != second, self[index] != third { index += 1 }
        return index
    }

    /// Calls `body` with each of the parts between separators.
    package func forEachPart<Failure: Error>(
        separator: UInt8, _ body: (ByteView) throws(Failure) -> Void
    ) throws(Failure) {
        var start = 0
        while let end = firstIndex(of: separator, from: start) {
            try body(self[start..<end])
            start = end + 1
        }
        try body(self[start..<count])
    }
}

// MARK: Comparison

extension ByteView {
    /// Whether both have the same bytes.
    @inlinable
    public static func == (left: ByteView, right: ByteView) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while let leftWord = left.word(at: index), let rightWord = right.word(at: index) {
            guard leftWord == rightWord else { return false }
            index += 8
        }
        while index < left.count {
            guard left[index] == right[index] else { return false }
            index += 1
        }
        return true
    }

    /// Whether the bytes are those of a literal.
    @inlinable @inline(__always)
    public static func == (view: ByteView, literal: StaticString) -> Bool {
        view.count == literal.utf8CodeUnitCount && view.hasPrefix(literal)
    }

    /// Whether two ranges contain the same bytes.
    @inlinable
    public func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool { self[left] == self[right] }

    /// Whether the bytes of a range are just those of a literal; not if the range reaches beyond the end.
    @inlinable @inline(__always)
    public func range(_ range: Range<Int>, equals literal: StaticString) -> Bool {
        // Most keys differ in length from the literal.
        guard range.count == literal.utf8CodeUnitCount else { return false }
        return unsafe equals(range, UnsafeRawPointer(literal.utf8Start))
    }

    /// Eight bytes at a time, the last eight again where they overlap.
    @inline(never)
    @usableFromInline internal func equals(_ range: Range<Int>, _ text: UnsafeRawPointer) -> Bool {
        let last = range.count - 8
        guard last >= 0 else { return unsafe shortEquals(range, text) }
        var place = 0
        while place < last {
            guard unsafe paddedWord(at: range.lowerBound + place) == ByteView.word(of: text, at: place) else {
                return false
            }
            place += 8
        }
        return unsafe paddedWord(at: range.lowerBound + last) == ByteView.word(of: text, at: last)
    }

    /// Up to seven bytes, as most keys have: from four on as two halves of a word, which may overlap.
    @inline(__always)
    private func shortEquals(_ range: Range<Int>, _ text: UnsafeRawPointer) -> Bool {
        let word = paddedWord(at: range.lowerBound)
        let last = range.count - 4
        guard last >= 0 else {
            for index in 0..<range.count
            where unsafe text.load(fromByteOffset: index, as: UInt8.self)
                != UInt8(truncatingIfNeeded: word >> UInt64(index * 8))
            {
                return false
            }
            return true
        }
        return unsafe UInt32(truncatingIfNeeded: word) == ByteView.halfWord(of: text, at: 0)
            && UInt32(truncatingIfNeeded: word >> UInt64(last * 8)) == ByteView.halfWord(of: text, at: last)
    }

    private static func halfWord(of text: UnsafeRawPointer, at offset: Int) -> UInt32 {
        unsafe UInt32(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    private static func word(of text: UnsafeRawPointer, at offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Whether the bytes begin with those of a literal.
    @inlinable @inline(__always)
    public func hasPrefix(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard count >= length else { return false }
        let text = unsafe literal.utf8Start
        for index in 0..<length where unsafe self[index] != text[index] { return false }
        return true
    }

    /// Whether the bytes are the beginning of a literal, or all of it, ignoring case: how iptables reads the names of
    /// states, types and the like (`strncasecmp` with the length of the argument).
    package func abbreviates(_ literal: StaticString) -> Bool {
        guard count <= literal.utf8CodeUnitCount else { return false }
        let text = unsafe literal.utf8Start
        for index in 0..<count where unsafe lowercase(self[index]) != lowercase(text[index]) { return false }
        return true
    }

    /// Whether the bytes are those of a literal, ignoring case.
    package func equalsIgnoringCase(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount && abbreviates(literal)
    }
}

// MARK: Single bytes

/// The byte of an ASCII letter in lower case; any other byte as it is.
@inlinable @inline(__always)
public func lowercase(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }

/// Whether the byte is an ASCII digit.
@inlinable @inline(__always)
public func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

/// The value of a hexadecimal digit, in upper or lower case; nil for any other byte.
@inlinable @inline(__always)
public func hexadecimalDigit(_ byte: UInt8) -> UInt64? {
    if byte &- UInt8(ascii: "0") < 10 { return UInt64(byte - UInt8(ascii: "0")) }
    let letter = byte | 0x20
    return letter &- UInt8(ascii: "a") < 6 ? UInt64(letter - UInt8(ascii: "a") + 10) : nil
}

/// `0x` and two digits.
package func hexadecimal(_ byte: UInt8) -> String { "0x" + hexadecimal(byte, digits: 2) }

/// A number in lower-case hexadecimal digits, with zeros in front up to a width.
package func hexadecimal(_ value: some BinaryInteger, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
