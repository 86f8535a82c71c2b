/// A window on the bytes of one input, which are owned elsewhere and outlive it.
///
/// Every access is checked here, so that no parser bug reads beyond the input: past the end, bytes read as zero, which no
/// JSON token begins with. That sentinel spares the parser a test for the end at every byte.
@safe struct ByteView: Sendable {
    private nonisolated(unsafe) let base: UnsafeRawPointer?
    /// The number of bytes.
    let count: Int

    /// - Safety: the buffer must stay valid and unchanged as long as this view and its copies are used.
    @unsafe init(_ buffer: UnsafeRawBufferPointer) {
        unsafe base = buffer.baseAddress
        count = buffer.count
    }

    /// The byte at an offset, zero beyond the end.
    @inline(__always)
    subscript(offset: Int) -> UInt8 {
        guard UInt(bitPattern: offset) < UInt(bitPattern: count), let base = unsafe base else { return 0 }
        return unsafe base.load(fromByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes from an offset, the first in the lowest bits, zeros beyond the end.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        guard offset >= 0, count - offset >= 8, let base = unsafe base else { return lastWord(at: offset) }
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
        guard range.count == literal.utf8CodeUnitCount else { return false }
        let text = unsafe literal.utf8Start
        for index in 0..<range.count where unsafe self[range.lowerBound + index] != text[index] {
            return false
        }
        return true
    }

    /// Whether two ranges hold the same bytes.
    func equal(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count where self[left.lowerBound + index] != self[right.lowerBound + index] {
            return false
        }
        return true
    }
}
