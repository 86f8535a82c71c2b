/// Collects text as bytes and passes it on in chunks, or keeps all of it.
///
/// Rules are written as whole runs of bytes into one buffer, since a `String` for each rule would cost more than all
/// the rest of the work.
@safe public struct TextWriter: ~Copyable {
    @usableFromInline internal var buffer: UnsafeMutablePointer<UInt8>
    @usableFromInline internal var capacity: Int
    @usableFromInline internal var count = 0
    @usableFromInline internal var handedOn = 0
    @usableFromInline internal let sink: ((UnsafeBufferPointer<UInt8>) -> Void)?

    /// A writer that keeps the whole text for ``finish()``.
    public init() {
        unsafe self.init(capacity: 4096, sink: nil)
    }

    /// A writer that calls `sink` with each chunk of text, in order; the buffer is valid during the call only.
    @unsafe public init(chunkSize: Int = 64 << 10, sink: @escaping (UnsafeBufferPointer<UInt8>) -> Void) {
        unsafe self.init(capacity: chunkSize, sink: sink)
    }

    /// A writer that calls `sink` with each chunk of text, in order: `TextWriter.passing { file.write(Data($0)) }`.
    ///
    /// - Parameters:
    ///   - chunkSize: how many bytes are collected before they are passed on.
    ///   - sink: takes a copy of the bytes. A chunk may end within a character that is not ASCII.
    public static func passing(chunkSize: Int = 64 << 10, to sink: @escaping ([UInt8]) -> Void) -> TextWriter {
        unsafe TextWriter(capacity: chunkSize) { chunk in unsafe sink(Array(chunk)) }
    }

    private init(capacity: Int, sink: ((UnsafeBufferPointer<UInt8>) -> Void)?) {
        self.capacity = max(capacity, 64)
        unsafe buffer = .allocate(capacity: self.capacity)
        unsafe self.sink = sink
    }

    deinit { unsafe buffer.deallocate() }

    /// The number of bytes written so far.
    public var totalCount: Int { handedOn + count }

    /// Passes on what has been collected.
    public mutating func flush() {
        guard let sink = unsafe sink, count > 0 else { return }
        unsafe sink(UnsafeBufferPointer(start: buffer, count: count))
        handedOn += count
        count = 0
    }

    /// Appends what another writer has collected, which is empty afterwards; a writer with a sink passes it on
    /// directly.
    package mutating func append(contentsOf other: inout TextWriter) {
        if let sink = unsafe sink {
            flush()
            unsafe sink(UnsafeBufferPointer(start: other.buffer, count: other.count))
            handedOn += other.count
        } else {
            unsafe append(UnsafeRawPointer(other.buffer), other.count)
        }
        other.count = 0
    }

    /// Forgets what has been collected and not been passed on.
    package mutating func removeAll() { count = 0 }

    /// Whether what has been collected and not been passed on stands in a text at an offset.
    package func stands(in text: ByteView, at offset: Int) -> Bool {
        guard offset >= 0, text.count - offset >= count else { return false }
        return unsafe text[offset..<offset + count] == ByteView(UnsafeRawBufferPointer(start: buffer, count: count))
    }

    /// What has been collected and not been passed on.
    public consuming func finish() -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: buffer, count: count))
    }

    /// Makes room for that many bytes more.
    @inlinable @inline(__always)
    internal mutating func reserve(_ extra: Int) {
        if capacity - count < extra { makeRoom(extra) }
    }

    @inline(never)
    @usableFromInline internal mutating func makeRoom(_ extra: Int) {
        flush()
        guard capacity - count < extra else { return }
        let grown = max(capacity * 2, count + extra)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: grown)
        unsafe larger.update(from: buffer, count: count)
        unsafe buffer.deallocate()
        unsafe buffer = larger
        capacity = grown
    }

    /// Appends one byte.
    @inlinable @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe buffer[count] = byte
        count += 1
    }

    /// Appends the bytes of a literal.
    @inlinable @inline(__always)
    public mutating func append(_ literal: StaticString) {
        unsafe append(UnsafeRawPointer(literal.utf8Start), literal.utf8CodeUnitCount)
    }

    /// Appends bytes.
    @inlinable @inline(__always)
    public mutating func append(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { source in
            if let base = source.baseAddress { unsafe append(base, source.count) }
        }
    }

    /// Appends bytes, eight at a time, the last eight again where they overlap: rules are made of pieces that are too
    /// short for memcpy(3) to be worth its call (measured: a tenth of the instructions of writing).
    @inlinable internal mutating func append(_ source: UnsafeRawPointer, _ length: Int) {
        reserve(length)
        let target = unsafe UnsafeMutableRawPointer(buffer + count)
        count += length
        guard length >= 8 else {
            for index in 0..<length {
                unsafe target.storeBytes(
                    of: source.load(fromByteOffset: index, as: UInt8.self), toByteOffset: index, as: UInt8.self)
            }
            return
        }
        guard length <= 64 else { return unsafe target.copyMemory(from: source, byteCount: length) }
        func copyWord(at offset: Int) {
            let word = unsafe source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            unsafe target.storeBytes(of: word, toByteOffset: offset, as: UInt64.self)
        }
        for offset in stride(from: 0, to: length - 8, by: 8) { copyWord(at: offset) }
        copyWord(at: length - 8)
    }

    /// Appends some of the bytes.
    public mutating func append(_ bytes: [UInt8], _ range: Range<Int>) {
        unsafe bytes.withUnsafeBytes { source in
            let slice = unsafe UnsafeRawBufferPointer(rebasing: source[range])
            if let base = slice.baseAddress { unsafe append(base, slice.count) }
        }
    }

    /// Appends a string. It has a label, since an unlabelled one would take every literal away from the `StaticString`
    /// overload, which needs no array (measured: a sixth of all instructions of rendering).
    public mutating func append(string: String) {
        append(Array(string.utf8))
    }

    /// Appends the first bytes of six words, the highest byte of each first; eight bytes at a time.
    @inlinable @inline(__always)
    public mutating func append(bigEndian words: InlineArray<6, UInt64>, count length: Int) {
        reserve(48)
        let target = unsafe UnsafeMutableRawPointer(buffer + count)
        for index in 0..<6 {
            unsafe target.storeBytes(of: words[index].bigEndian, toByteOffset: index * 8, as: UInt64.self)
        }
        count += length
    }

    /// Appends the eight bytes of a word, the highest first.
    @inlinable @inline(__always)
    package mutating func append(bigEndian word: UInt64) {
        reserve(8)
        unsafe UnsafeMutableRawPointer(buffer + count).storeBytes(of: word.bigEndian, as: UInt64.self)
        count += 8
    }

    /// Appends a number in decimal digits, with zeros in front up to a width.
    @inlinable
    public mutating func append(decimal value: UInt64, width: Int = 1) {
        var digits = InlineArray<20, UInt8>(repeating: UInt8(ascii: "0"))
        var rest = value
        var start = 20
        while rest > 0 {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        start = min(start, 20 - width)
        reserve(20)
        for index in start..<20 { unsafe buffer[count + index - start] = digits[index] }
        count += 20 - start
    }

    /// Appends a number as `0x` and lower-case hexadecimal digits, with zeros in front up to a width.
    public mutating func append(hexadecimal value: UInt32, width: Int = 1) {
        append("0x")
        let significant = max(width, (32 - value.leadingZeroBitCount + 3) / 4)
        for index in stride(from: significant - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: value >> UInt32(index * 4) & 0xF)
            append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
        }
    }
}
