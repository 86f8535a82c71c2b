/// A window on the bytes of one input, which are owned elsewhere and outlive it.
///
/// Every access is checked here, so that no parser bug reads beyond the input: past the end, bytes read as zero, which no
/// JSON token begins with. That sentinel spares the parser a test for the end at every byte.
@safe struct ByteView: Sendable {
    private nonisolated(unsafe) let base: UnsafeRawPointer
    /// The number of bytes.
    let count: Int

    /// - Safety: the buffer must stay valid and unchanged as long as this view and its copies are used.
    @unsafe init(_ buffer: UnsafeRawBufferPointer) {
        // Of an empty buffer nothing is ever loaded.
        unsafe base = buffer.baseAddress ?? UnsafeRawPointer(bitPattern: 8).unsafelyUnwrapped
        count = buffer.count
    }

    /// The byte at an offset, zero beyond the end.
    @inline(__always)
    subscript(offset: Int) -> UInt8 {
        guard UInt(bitPattern: offset) < UInt(bitPattern: count) else { return 0 }
        return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from an offset, the first in the lowest bits, zeros beyond the end.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        guard offset >= 0, count - offset >= 8 else { return lastWord(at: offset) }
        return unsafe UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    @inline(never)
    private func lastWord(at offset: Int) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<8 { word |= UInt64(self[offset + index]) << UInt64(index * 8) }
        return word
    }

    /// Calls `body` with the bytes of a range within the input.
    @inline(__always)
    func withSpan<Result>(_ range: Range<Int>, _ body: (Span<UInt8>) -> Result) -> Result {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a range beyond the input")
        let slice = unsafe UnsafeRawBufferPointer(start: base, count: count)[range]
        return body(unsafe Span(_bytes: UnsafeRawBufferPointer(rebasing: slice).bytes))
    }

    /// Calls `body` with all bytes.
    func withWholeSpan<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_bytes: UnsafeRawBufferPointer(start: base, count: count).bytes))
    }

    /// Whether the bytes of a range are just those of a literal.
    @inline(__always)
    func range(_ range: Range<Int>, equals literal: StaticString) -> Bool {
        // Most keys differ in length from what they are compared with.
        guard range.count == literal.utf8CodeUnitCount else { return false }
        return unsafe equals(range, UnsafeRawPointer(literal.utf8Start))
    }

    /// Eight bytes at a time, the last eight again where they overlap.
    @inline(never)
    private func equals(_ range: Range<Int>, _ text: UnsafeRawPointer) -> Bool {
        let last = range.count - 8
        guard last >= 0 else {
            // All that is left of the word is the literal's.
            let rest = word(at: range.lowerBound) << UInt64(-last * 8)
            var expected: UInt64 = 0
            for index in 0..<range.count {
                expected |=
                    unsafe UInt64(text.load(fromByteOffset: index, as: UInt8.self)) << UInt64((index - last) * 8)
            }
            return rest == expected
        }
        var place = 0
        while place < last {
            guard unsafe word(at: range.lowerBound + place) == ByteView.word(of: text, at: place) else { return false }
            place += 8
        }
        return unsafe word(at: range.lowerBound + last) == ByteView.word(of: text, at: last)
    }

    private static func word(of text: UnsafeRawPointer, at offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: text.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Whether two ranges hold the same bytes.
    func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while index + 8 <= left.count {
            guard word(at: left.lowerBound + index) == word(at: right.lowerBound + index) else { return false }
            index += 8
        }
        while index < left.count {
            guard self[left.lowerBound + index] == self[right.lowerBound + index] else { return false }
            index += 1
        }
        return true
    }
}
