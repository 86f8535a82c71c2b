internal import Glibc

// Every system call of the tool is in this file and its extensions.

/// A system call's failure.
package struct SystemError: Error, CustomStringConvertible {
    package let code: Int32

    package init(_ code: Int32) { self.code = code }

    /// The failure of the call made last.
    package static var last: SystemError { SystemError(errno) }

    /// What strerror(3) says, with a small first letter.
    package var description: String {
        if code == SystemError.notRegularCode { return "it is no regular file" }
        let text = unsafe String(cString: strerror(code))
        return text.prefix(1).lowercased() + text.dropFirst()
    }

    package static let isDirectory = SystemError(EISDIR)
    package static let isNotEmpty = SystemError(ENOTEMPTY)
    package static let tooLarge = SystemError(EFBIG)
    package static let isNotRegular = SystemError(notRegularCode)
    /// No error number of the system's.
    private static let notRegularCode: Int32 = -1

    package var isBrokenPipe: Bool { code == EPIPE }
    package var isMissing: Bool { code == ENOENT }
    package var isNotFolder: Bool { code == ENOTDIR }
    package var isExisting: Bool { code == EEXIST }
}

/// What kind of thing a path or descriptor names.
package enum FileKind {
    case regular(size: Int)
    case directory
    case other
}

package enum System {
    /// Repeats a call while signals interrupt it.
    package static func retrying<Result: SignedInteger>(_ call: () -> Result) throws(SystemError) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            if errno != EINTR { throw .last }
        }
    }

    package static func openForReading(_ path: String) throws(SystemError) -> Int32 {
        try retrying { unsafe open(path, O_RDONLY | O_CLOEXEC) }
    }

    package static func openForWriting(_ path: String) throws(SystemError) -> Int32 {
        try retrying { unsafe open(path, O_WRONLY | O_CLOEXEC) }
    }

    /// Makes a file that must not exist yet.
    package static func create(_ path: String) throws(SystemError) -> Int32 {
        try retrying { unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666) }
    }

    package static func close(_ descriptor: Int32) {
        _ = Glibc.close(descriptor)
    }

    package static func kind(of descriptor: Int32) throws(SystemError) -> FileKind {
        var status = stat()
        _ = try retrying { unsafe fstat(descriptor, &status) }
        return kind(status)
    }

    /// The kind of what a path leads to, and its permissions.
    package static func kind(ofPath path: String) throws(SystemError) -> (kind: FileKind, mode: UInt32) {
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

    /// The offset of the next read from a descriptor; nil if there is none, as with a pipe.
    package static func offset(of descriptor: Int32) -> Int? {
        let offset = lseek(descriptor, 0, SEEK_CUR)
        return offset >= 0 ? Int(offset) : nil
    }

    /// The target of a symbolic link; nil if the path is not one.
    package static func linkTarget(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = unsafe readlink(path, &buffer, buffer.count - 1)
        guard count >= 0 else { return nil }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    package static func setMode(_ descriptor: Int32, _ mode: UInt32) throws(SystemError) {
        _ = try retrying { fchmod(descriptor, mode_t(mode)) }
    }

    package static func synchronize(_ descriptor: Int32) throws(SystemError) {
        // Files that cannot be synchronised do not need it.
        if fsync(descriptor) != 0, errno != EINVAL, errno != EROFS { throw .last }
    }

    package static func rename(_ path: String, to target: String) throws(SystemError) {
        _ = try retrying { unsafe Glibc.rename(path, target) }
    }

    package static func remove(_ path: String) {
        _ = unsafe unlink(path)
    }

    /// Writes all bytes.
    package static func write(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) throws(SystemError) {
        var rest = unsafe UnsafeRawBufferPointer(bytes)[...]
        while unsafe !rest.isEmpty {
            let piece = unsafe UnsafeRawBufferPointer(rebasing: rest)
            let count: Int
            count = try retrying { unsafe Glibc.write(descriptor, piece.baseAddress, piece.count) }
            unsafe rest = rest.dropFirst(count)
        }
    }

    package static func write(_ text: String, to descriptor: Int32) throws(SystemError) {
        let bytes = Array(text.utf8)
        var result = Result<Void, SystemError>.success(())
        unsafe bytes.withUnsafeBufferPointer { buffer in
            result = Result { () throws(SystemError) in try unsafe write(buffer, to: descriptor) }
        }
        try result.get()
    }

    /// Maps a file's bytes into memory, read only.
    package static func map(_ descriptor: Int32, size: Int) throws(SystemError) -> UnsafeRawBufferPointer {
        let address = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw .last }
        return unsafe UnsafeRawBufferPointer(start: address, count: size)
    }

    package static func unmap(_ bytes: UnsafeRawBufferPointer) {
        _ = unsafe munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count)
    }

    /// Releases the memory of some bytes of a mapped file; they are read from the file again if needed.
    package static func giveBack(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        // From the page of the first byte, which the previous range may have begun.
        let page = Int(getpagesize())
        let start = range.lowerBound / page * page
        guard start < range.upperBound, let base = bytes.baseAddress else { return }
        _ = unsafe madvise(UnsafeMutableRawPointer(mutating: base + start), range.upperBound - start, MADV_DONTNEED)
    }

    /// Reads a descriptor to its end. The buffer grows with realloc(3), which moves pages instead of bytes.
    ///
    /// - Returns: the bytes, to be freed with ``free(_:)``; nil if there are more than `limit`.
    package static func readAll(_ descriptor: Int32, limit: Int) throws(SystemError) -> UnsafeRawBufferPointer? {
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

    package static func release(_ bytes: UnsafeRawBufferPointer) {
        unsafe free(UnsafeMutableRawPointer(mutating: bytes.baseAddress))
    }

    package static func isTerminal(_ descriptor: Int32) -> Bool { isatty(descriptor) == 1 }

    package static func environment(_ name: String) -> String? {
        unsafe getenv(name).map { unsafe String(cString: $0) }
    }

    /// Seconds of a clock that only goes forward.
    package static var seconds: Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// If a mapped file is truncated while it is read, the kernel sends SIGBUS: report that.
    package static func explainBusErrors() {
        signal(SIGBUS) { _ in
            let message: StaticString = "error: an input file was cut short while it was read\n"
            _ = unsafe Glibc.write(2, message.utf8Start, message.utf8CodeUnitCount)
            // The exit code for an input at fault; the handler can capture nothing.
            _exit(2)
        }
    }

    /// Keeps a value to the end of the process, which frees its memory at once; freeing a large cluster's objects
    /// one by one would take a twentieth of the time of rendering it, freeing 217,000 rules a tenth of that
    /// of comparing them.
    package static func keep<Value>(_ value: Value) {
        _ = unsafe Unmanaged.passRetained(Kept(value))
    }

    private final class Kept<Value> {
        private let value: Value

        init(_ value: Value) { self.value = value }
    }

    package static func exit(_ code: Int32) -> Never { _exit(code) }
}
