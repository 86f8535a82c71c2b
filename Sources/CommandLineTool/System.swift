#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

// Every system call of the tool stands in this file and those beside it with names that begin so.

/// A system call's failure.
struct SystemError: Error, CustomStringConvertible {
    let code: Int32

    init(_ code: Int32) { self.code = code }

    /// The failure of the call made last.
    static var last: SystemError { SystemError(errno) }

    /// What strerror(3) says, with a small first letter.
    var description: String {
        let text = unsafe String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    static let isDirectory = SystemError(EISDIR)
    static let isNotEmpty = SystemError(ENOTEMPTY)
    static let tooLarge = SystemError(EFBIG)

    var isBrokenPipe: Bool { code == EPIPE }
    var isMissing: Bool { code == ENOENT }
    var isExisting: Bool { code == EEXIST }
}

/// What kind of thing a path or descriptor names.
enum FileKind {
    case regular(size: Int)
    case directory
    case other
}

enum System {
    /// Calls again as long as a signal interrupts.
    static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(SystemError) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { throw .last }
        }
    }

    static func openForReading(_ path: String) throws(SystemError) -> Int32 {
        try retrying { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    }

    static func openForWriting(_ path: String) throws(SystemError) -> Int32 {
        try retrying { unsafe open(path, O_WRONLY | O_CLOEXEC) }
    }

    /// Makes a file that must not exist yet.
    static func create(_ path: String) throws(SystemError) -> Int32 {
        try retrying { unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    }

    static func close(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #elseif canImport(Musl)
            _ = Musl.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }

    static func kind(of descriptor: Int32) throws(SystemError) -> FileKind {
        var status = stat()
        _ = try retrying { unsafe fstat(descriptor, &status) }
        return kind(status)
    }

    /// The kind of what a path leads to, and its permissions.
    static func kind(ofPath path: String) throws(SystemError) -> (kind: FileKind, mode: UInt32) {
        var status = stat()
        _ = try retrying { unsafe stat(path, &status) }
        return (kind(status), UInt32(status.st_mode) & 0o7777)
    }

    private static func kind(_ status: stat) -> FileKind {
        switch UInt32(status.st_mode) & UInt32(S_IFMT) {
        case UInt32(S_IFREG): .regular(size: Int(status.st_size))
        case UInt32(S_IFDIR): .directory
        default: .other
        }
    }

    /// Where the next read of a descriptor begins; nil where it can not be told, as with a pipe.
    static func offset(of descriptor: Int32) -> Int? {
        let offset = lseek(descriptor, 0, SEEK_CUR)
        return offset >= 0 ? Int(offset) : nil
    }

    /// What a symbolic link holds; nil if the path is none.
    static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlink(path, &buffer, buffer.count - 1)
        guard count >= 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func setMode(_ descriptor: Int32, _ mode: UInt32) throws(SystemError) {
        _ = try retrying { fchmod(descriptor, mode_t(mode)) }
    }

    static func synchronize(_ descriptor: Int32) throws(SystemError) {
        // Not every file can be synchronised; those that can not need no synchronising.
        if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS { throw .last }
    }

    static func rename(_ path: String, to target: String) throws(SystemError) {
        #if canImport(Glibc)
            _ = try retrying { unsafe Glibc.rename(path, target) }
        #elseif canImport(Musl)
            _ = try retrying { unsafe Musl.rename(path, target) }
        #else
            _ = try retrying { unsafe Darwin.rename(path, target) }
        #endif
    }

    static func remove(_ path: String) {
        _ = unsafe unlink(path)
    }

    /// Writes all bytes.
    static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) throws(SystemError) {
        var rest = unsafe UnsafeRawBufferPointer(bytes)[...]
        while unsafe !rest.isEmpty {
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest)
            let count: Int
            #if canImport(Glibc)
                count = try retrying { unsafe Glibc.write(descriptor, piece.baseAddress, piece.count) }
            #elseif canImport(Musl)
                count = try retrying { unsafe Musl.write(descriptor, piece.baseAddress, piece.count) }
            #else
                count = try retrying { unsafe Darwin.write(descriptor, piece.baseAddress, piece.count) }
            #endif
            unsafe rest = rest.dropFirst(count)
        }
    }

    static func write(_ text: String, to descriptor: Int32) throws(SystemError) {
        let bytes = Array(text.utf8)
        var result = Result<Void, SystemError>.success(())
        unsafe bytes.withUnsafeBufferPointer { buffer in
            result = Result { () throws(SystemError) in try unsafe write(buffer, to: descriptor) }
        }
        try result.get()
    }

    /// Maps a file's bytes into memory, read only.
    static func map(_ descriptor: Int32, size: Int) throws(SystemError) -> UnsafeRawBufferPointer {
        let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .last }
        return unsafe UnsafeRawBufferPointer(start: address, count: size)
    }

    static func unmap(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    /// Gives the memory under some bytes of a mapped file back; what is asked for again comes from the file.
    static func giveBack(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        // From the page that holds the first byte, which the range before may have begun.
        let page = Int(getpagesize())
        let start = range.lowerBound / page * page
        guard start < range.upperBound, let base = bytes.baseAddress else { return }
        _ = unsafe madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, MADV_DONTNEED)
    }

    /// Reads a descriptor to its end. The buffer grows with realloc(3), which moves pages instead of bytes.
    ///
    /// - Returns: the bytes, to be freed with ``free(_:)``; nil if there are more than `limit`.
    static func readAll(_ descriptor: Int32, limit: Int) throws(SystemError) -> UnsafeRawBufferPointer? {
        var capacity = 1 << 16
        var count = 0
        var buffer = unsafe malloc(capacity)
        while true {
            guard let base = unsafe buffer else { throw SystemError(ENOMEM) }
            let received: Int
            do {
                received = try retrying { unsafe read(descriptor, base + count, capacity - count) }
            } catch {
                unsafe free(base)
                throw error
            }
            if received == 0 { return unsafe UnsafeRawBufferPointer(start: base, count: count) }
            count += received
            guard count <= limit else {
                unsafe free(base)
                return nil
            }
            if count == capacity {
                capacity *= 2
                unsafe buffer = realloc(base, capacity)
            }
        }
    }

    static func release(_ bytes: UnsafeRawBufferPointer) {
        unsafe free(UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Seconds of a clock that only goes forward.
    static var seconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// If a mapped file is cut short while it is read, the kernel sends SIGBUS: say so instead of dying without a word.
    static func explainBusErrors() {
        signal(SIGBUS) { _ in
            let message: StaticString = "error: an input file was cut short while it was read\n"
            #if canImport(Glibc)
                _ = unsafe Glibc.write(2, message.utf8Start, message.utf8CodeUnitCount)
            #elseif canImport(Musl)
                _ = unsafe Musl.write(2, message.utf8Start, message.utf8CodeUnitCount)
            #else
                _ = unsafe Darwin.write(2, message.utf8Start, message.utf8CodeUnitCount)
            #endif
            _exit(ExitCode.input.rawValue)
        }
    }

    /// Keeps a value to the end of the process. Ending takes its memory back at once; taking a large cluster's objects apart
    /// one by one before that would take a twentieth of the time of rendering it, taking 217,000 rules apart a tenth of that
    /// of comparing them.
    static func keep<Value>(_ value: Value) {
        _ = unsafe Unmanaged.passRetained(Kept(value))
    }

    private final class Kept<Value> {
        private let value: Value

        init(_ value: Value) { self.value = value }
    }

    static func exit(_ code: ExitCode) -> Never { _exit(code.rawValue) }
}
