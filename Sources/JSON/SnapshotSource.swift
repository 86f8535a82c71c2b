package import KubeChainsBytes

/// One input: its name, as messages call it, and its bytes.
public final class SnapshotSource: Sendable {
    /// The input's name in messages: a path, or `<stdin>`.
    public let name: String
    /// The bytes, without a byte-order mark.
    package let bytes: ByteView
    /// The bytes before those: a byte-order mark, or none.
    package let markLength: Int
    private let release: @Sendable () -> Void
    private let releasePages: @Sendable (Range<Int>) -> Void

    /// An input that owns its bytes.
    public convenience init(name: String, bytes: [UInt8]) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe copy.initialize(from: bytes)
        nonisolated(unsafe) let owned = unsafe copy
        unsafe self.init(name: name, adopting: UnsafeRawBufferPointer(copy)) { unsafe owned.deallocate() }
    }

    /// An input whose bytes are owned elsewhere, such as a mapped file.
    ///
    /// - Safety: the buffer must stay valid and unchanged until `release` is called, which happens when the source
    ///   ends.
    ///
    /// - Parameter releasePages: called when bytes in a range of offsets have been read and will hardly be asked for
    ///   again, so that the memory under them can be lent to others; the bytes must stay readable.
    @unsafe public init(
        name: String, adopting buffer: UnsafeRawBufferPointer,
        releasePages: @escaping @Sendable (Range<Int>) -> Void = { _ in },
        release: @escaping @Sendable () -> Void
    ) {
        self.name = name
        let whole = unsafe ByteView(buffer)
        markLength = whole.byteOrderMarkLength
        bytes = whole.dropFirst(markLength)
        self.releasePages = releasePages
        self.release = release
    }

    deinit { release() }

    /// Notifies the owner that bytes have been read.
    package func hasBeenRead(_ range: Range<Int>) {
        releasePages(range.lowerBound + markLength..<range.upperBound + markLength)
    }

    /// Whether the first byte that is no white space begins JSON.
    package var looksLikeJSON: Bool {
        var offset = 0
        while [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
        return bytes[offset] == UInt8(ascii: "{") || bytes[offset] == UInt8(ascii: "[")
    }

    /// Calls `body` with the input's bytes.
    package func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { hasBeenRead(0..<count) }
        return try bytes.withWholeSpan(body)
    }

    /// The number of bytes, without a byte-order mark.
    public var count: Int { bytes.count }
}
