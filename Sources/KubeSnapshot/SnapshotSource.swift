/// One input: its name, as messages call it, and its bytes.
public final class SnapshotSource: Sendable {
    /// The input's name in messages: a path, or `<stdin>`.
    public let name: String
    let bytes: ByteView
    private let release: @Sendable () -> Void

    /// An input whose bytes are held here.
    public convenience init(name: String, bytes: [UInt8]) {
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe copy.initialize(from: bytes)
        nonisolated(unsafe) let owned = unsafe copy
        unsafe self.init(name: name, adopting: UnsafeRawBufferPointer(copy)) { unsafe owned.deallocate() }
    }

    /// An input whose bytes are held elsewhere, such as a mapped file.
    ///
    /// - Safety: the buffer must stay valid and unchanged until `release` is called, which happens when the source ends.
    @unsafe public init(name: String, adopting buffer: UnsafeRawBufferPointer, release: @escaping @Sendable () -> Void)
    {
        self.name = name
        unsafe bytes = ByteView(buffer)
        self.release = release
    }

    deinit { release() }

    /// The number of bytes.
    public var count: Int { bytes.count }
}
