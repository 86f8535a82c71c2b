internal import Glibc

/// How a program ended, and what it wrote.
package struct ProcessResult {
    package enum Ending: Equatable {
        case exit(Int32)
        case signal(Int32)
    }

    package let ending: Ending
    package let output: [UInt8]
    /// What it wrote to standard error.
    package let errors: String

    package var isSuccess: Bool { ending == .exit(0) }
}

extension ProcessResult.Ending {
    /// What waitpid(2) says.
    fileprivate init(_ status: Int32) {
        self = status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F)
    }
}

extension System {
    /// The path of a program in one of ``programFolders``, ignoring PATH.
    package static func findProgram(_ name: String) -> String? {
        for folder in programFolders {
            let path = "\(folder)/\(name)"
            if unsafe access(path, X_OK) == 0 { return path }
        }
        return nil
    }

    /// Where programs are looked for: in folders that the user names, and where systems have those of root.
    package static var programFolders: [String] {
        unsafe addedProgramFolders + [
            "/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/bin", "/bin",
        ]
    }

    private nonisolated(unsafe) static var addedProgramFolders: [String] = []

    /// Adds folders before all others; to be called before threads are at work.
    package static func addProgramFolders(_ folders: [String]) { unsafe addedProgramFolders += folders }

    /// Runs a program to its end, without a shell and in a clean environment.
    ///
    /// Its input and output are piped concurrently, so neither side ever waits for the other,
    /// whatever their size.
    ///
    /// - Parameters:
    ///   - path: the program.
    ///   - arguments: those after its name.
    ///   - input: what it reads from standard input.
    ///   - isInputWhole: whether standard input is a file, so that the program never reads a part of it alone, even if this process
    ///     is killed; otherwise it is a pipe.
    ///   - whileWaiting: called about once a second with the seconds that have passed.
    package static func run(
        _ path: String, _ arguments: [String] = [], input: [UInt8] = [], isInputWhole: Bool = false,
        whileWaiting: (Double) -> Void = { _ in }
    ) throws(SystemError) -> ProcessResult {
        // A program that ends before it has read everything must not end this process by SIGPIPE.
        signal(SIGPIPE, SIG_IGN)
        var ending: ProcessResult.Ending?
        var toChild = isInputWhole ? Pipe(reading: try Pipe.file(holding: input)) : try Pipe()
        let input = isInputWhole ? [] : input
        var fromChild = try Pipe()
        var errorsOfChild = try Pipe()
        let child = try spawn(path, arguments, toChild, fromChild, errorsOfChild)
        toChild.closeReadingEnd()
        fromChild.closeWritingEnd()
        errorsOfChild.closeWritingEnd()
        var (output, errors): ([UInt8], [UInt8]) = ([], [])
        do {
            ending = try exchange(child, input, &toChild, &output, &fromChild, &errors, &errorsOfChild, whileWaiting)
        } catch {
            kill(child, SIGKILL)
            _ = try? wait(for: child)
            throw error
        }
        if ending == nil { ending = try wait(for: child) }
        return ProcessResult(
            ending: ending ?? .exit(-1), output: output, errors: String(decoding: errors, as: UTF8.self))
    }

    /// Serves a program's pipes until it has closed its ends, or until it has ended: what it started and left behind may hold
    /// them open.
    ///
    /// - Returns: how it ended; nil: it has closed its ends and is still to be waited for.
    private static func exchange(
        _ child: pid_t, _ input: [UInt8], _ toChild: inout Pipe, _ output: inout [UInt8], _ fromChild: inout Pipe,
        _ errors: inout [UInt8], _ errorsOfChild: inout Pipe, _ whileWaiting: (Double) -> Void
    ) throws(SystemError) -> ProcessResult.Ending? {
        let start = seconds
        var nextReport = start + 1
        var sent = 0
        _ = fcntl(toChild.writingEnd, F_SETFL, O_NONBLOCK)
        if input.isEmpty { toChild.closeWritingEnd() }
        while fromChild.readingEnd >= 0 || errorsOfChild.readingEnd >= 0 {
            // poll(2) ignores negative descriptors.
            var polls = [
                pollfd(fd: toChild.writingEnd, events: Int16(POLLOUT), revents: 0),
                pollfd(fd: fromChild.readingEnd, events: Int16(POLLIN), revents: 0),
                pollfd(fd: errorsOfChild.readingEnd, events: Int16(POLLIN), revents: 0),
            ]
            // Looked at first: what it wrote before its end is in the pipes now, no more than one piece in each.
            let ending = try endingIfOver(child)
            _ = try retrying { unsafe poll(&polls, nfds_t(polls.count), ending == nil ? 200 : 0) }
            if seconds >= nextReport {
                whileWaiting(seconds - start)
                nextReport += 1
            }
            if polls[0].revents != 0 {
                sent += try send(input, from: sent, to: toChild.writingEnd)
                if sent >= input.count { toChild.closeWritingEnd() }
            }
            if polls[1].revents != 0, try !receive(&output, from: fromChild.readingEnd) { fromChild.closeReadingEnd() }
            if polls[2].revents != 0, try !receive(&errors, from: errorsOfChild.readingEnd) {
                errorsOfChild.closeReadingEnd()
            }
            if let ending { return ending }
        }
        return nil
    }

    /// How a program ended; nil: it runs.
    private static func endingIfOver(_ child: pid_t) throws(SystemError) -> ProcessResult.Ending? {
        var status: Int32 = 0
        let found = try retrying { unsafe waitpid(child, &status, WNOHANG) }
        return found == 0 ? nil : ProcessResult.Ending(status)
    }

    /// Writes as much as a pipe accepts.
    ///
    /// - Returns: how much was written; everything if the reader is gone.
    private static func send(_ bytes: [UInt8], from start: Int, to descriptor: Int32) throws(SystemError) -> Int {
        let count = unsafe bytes.withUnsafeBytes { buffer in
            unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + start }, buffer.count - start)
        }
        if count >= 0 { return count }
        switch errno {
        case EAGAIN, EINTR: return 0
        case EPIPE: return bytes.count - start
        default: throw .last
        }
    }

    /// Reads what a pipe contains; false at its end.
    private static func receive(_ bytes: inout [UInt8], from descriptor: Int32) throws(SystemError) -> Bool {
        try unsafe withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer throws(SystemError) in
            let count = try retrying { unsafe read(descriptor, buffer.baseAddress, buffer.count) }
            unsafe bytes.append(contentsOf: buffer[..<count])
            return count > 0
        }
    }

    private static func spawn(
        _ path: String, _ arguments: [String], _ input: borrowing Pipe, _ output: borrowing Pipe,
        _ errors: borrowing Pipe
    ) throws(SystemError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input.readingEnd, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writingEnd, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors.writingEnd, 2)
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // The program gets the default handling of signals that are ignored here.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe sigaddset(&signals, SIGXFSZ)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))

        var argumentPointers = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        let environment = ["PATH=" + programFolders.joined(separator: ":"), "LC_ALL=C"]
        var environmentPointers = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            for index in unsafe argumentPointers.indices { unsafe free(argumentPointers[index]) }
            for index in unsafe environmentPointers.indices { unsafe free(environmentPointers[index]) }
        }
        var child: pid_t = 0
        let code = unsafe posix_spawn(
            &child, path, &actions, &attributes, &argumentPointers, &environmentPointers)
        guard code == 0 else { throw SystemError(code) }
        return child
    }

    private static func wait(for child: pid_t) throws(SystemError) -> ProcessResult.Ending {
        var status: Int32 = 0
        _ = try retrying { unsafe waitpid(child, &status, 0) }
        return ProcessResult.Ending(status)
    }
}

/// The two ends of a pipe, closed on exec and at deinitialisation.
private struct Pipe: ~Copyable {
    private(set) var readingEnd: Int32
    private(set) var writingEnd: Int32

    init() throws(SystemError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw .last }
        (readingEnd, writingEnd) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }

    /// A file in place of a pipe: its reading end gives all that was written before.
    init(reading descriptor: Int32) {
        readingEnd = descriptor
        writingEnd = -1
    }

    /// A file that nobody else can open, and that holds bytes to read.
    static func file(holding bytes: [UInt8]) throws(SystemError) -> Int32 {
        var descriptor: Int32 = -1
        for folder in ["/run", "/dev/shm", "/tmp"] where descriptor < 0 {
            var name = Array("\(folder)/kubechains-XXXXXX".utf8CString)
            descriptor = unsafe mkstemp(&name)
            if descriptor >= 0 { _ = unsafe unlink(&name) }
        }
        guard descriptor >= 0 else { throw .last }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, buffer.count - written)
            }
            guard count > 0 || errno == EINTR else {
                let error = SystemError.last
                System.close(descriptor)
                throw error
            }
            written += max(count, 0)
        }
        _ = lseek(descriptor, 0, SEEK_SET)
        return descriptor
    }

    mutating func closeReadingEnd() {
        if readingEnd >= 0 { System.close(readingEnd) }
        readingEnd = -1
    }

    mutating func closeWritingEnd() {
        if writingEnd >= 0 { System.close(writingEnd) }
        writingEnd = -1
    }

    deinit {
        if readingEnd >= 0 { System.close(readingEnd) }
        if writingEnd >= 0 { System.close(writingEnd) }
    }
}
