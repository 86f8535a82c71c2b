/// A window on bytes which are owned elsewhere and outlive it.
///
/// Every access is checked here, so that no parser bug reads beyond the text: past the end, bytes read as zero, which no
/// token holds.
@safe struct ByteView: Sendable {
    private nonisolated(unsafe) let base: UnsafePointer<UInt8>?
    /// The number of bytes.
    let count: Int

    /// - Safety: the buffer must stay valid and unchanged as long as this view and its copies are used.
    @unsafe init(_ buffer: UnsafeBufferPointer<UInt8>) {
        unsafe base = buffer.baseAddress
        count = buffer.count
    }

    /// A view of no bytes.
    static var empty: ByteView { unsafe ByteView(UnsafeBufferPointer(start: nil, count: 0)) }

    var isEmpty: Bool { count == 0 }

    /// The byte at an offset, zero beyond the end.
    @inline(__always)
    subscript(offset: Int) -> UInt8 {
        guard UInt(bitPattern: offset) < UInt(bitPattern: count), let base = unsafe base else { return 0 }
        return unsafe base[offset]
    }

    /// Eight bytes from an offset, the first in the lowest bits; nil where fewer are left.
    @inline(__always)
    func word(at offset: Int) -> UInt64? {
        guard offset >= 0, count - offset >= 8, let base = unsafe base else { return nil }
        return unsafe UInt64(
            littleEndian: UnsafeRawPointer(base).loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// The window on a range of these bytes, which must lie within them.
    @inline(__always)
    subscript(range: Range<Int>) -> ByteView {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range beyond the text")
        return unsafe ByteView(
            UnsafeBufferPointer(start: base.map { unsafe $0 + range.lowerBound }, count: range.count))
    }

    /// Whether these bytes stand within others.
    func lies(in other: ByteView) -> Bool {
        guard let base = unsafe base, let otherBase = unsafe other.base else { return isEmpty }
        let offset = Int(bitPattern: base) - Int(bitPattern: otherBase)
        return offset >= 0 && offset + count <= other.count
    }

    /// The bytes from an offset on.
    @inline(__always)
    func dropFirst(_ offset: Int) -> ByteView { self[min(offset, count)..<count] }

    /// Where the byte first occurs at or after an offset; nil if nowhere.
    @inline(__always)
    func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        var index = start
        while index < count {
            if self[index] == byte { return index }
            index += 1
        }
        return nil
    }

    /// Where a byte below a limit first occurs at or after an offset; the end if nowhere. The limit is at most 0x80.
    @inline(__always)
    func firstIndex(ofByteBelow limit: UInt8, from start: Int) -> Int {
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
    @inline(__always)
    func firstIndex(of first: UInt8, _ second: UInt8, _ third: UInt8, from start: Int) -> Int {
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

    /// Calls `body` with the bytes.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        unsafe body(UnsafeBufferPointer(start: base, count: count))
    }

    /// The bytes as text.
    var string: String { unsafe withBytes { unsafe String(decoding: $0, as: UTF8.self) } }

    @inline(__always)
    static func == (view: ByteView, literal: StaticString) -> Bool {
        view.count == literal.utf8CodeUnitCount && view.hasPrefix(literal)
    }

    static func == (left: ByteView, right: ByteView) -> Bool {
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

    /// Whether the bytes begin with those of a literal.
    @inline(__always)
    func hasPrefix(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard count >= length else { return false }
        let text = unsafe literal.utf8Start
        for index in 0..<length where unsafe self[index] != text[index] { return false }
        return true
    }

    /// Whether the bytes are the beginning of a literal, or all of it, whatever the case of letters: how iptables reads the
    /// names of states, types and the like (`strncasecmp` with the length of the argument).
    func abbreviates(_ literal: StaticString) -> Bool {
        guard count <= literal.utf8CodeUnitCount else { return false }
        let text = unsafe literal.utf8Start
        for index in 0..<count where unsafe lowercase(self[index]) != lowercase(text[index]) { return false }
        return true
    }

    /// Whether the bytes are those of a literal, whatever the case of letters.
    func equalsIgnoringCase(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount && abbreviates(literal)
    }

    /// Calls `body` with each of the parts between separators.
    func forEachPart<Failure: Error>(
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

@inline(__always)
func lowercase(_ byte: UInt8) -> UInt8 { byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte }

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
