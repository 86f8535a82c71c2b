import Foundation

/// A program to run in a test, with everything that it is given.
struct Program: Sendable {
    var executable: String
    var arguments: [String] = []
    /// What it reads from standard input, which is a regular file.
    var input: [UInt8] = []
    /// Environment variables beside `PATH`.
    var environment: [String: String] = [:]
    /// The working directory; nil: that of the tests.
    var folder: String?
    /// After this many seconds it is ended, so that a hanging program fails one test and does not stop all of them.
    var secondsAllowed = 60.0

    /// What is left when a program has ended.
    struct Result: Sendable {
        var output: [UInt8]
        var errors: [UInt8]
        var ending: Ending

        var outputText: String { String(decoding: output, as: UTF8.self) }
        var errorText: String { String(decoding: errors, as: UTF8.self) }
        /// The lines of standard error.
        var errorLines: [String] {
            errorText.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        }
    }

    /// How a program ended.
    enum Ending: Sendable, Hashable, CustomStringConvertible {
        case exit(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .exit(let code): "exit code \(code)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    /// Runs the program to its end.
    ///
    /// Standard output and standard error go to files, so however much it writes, it never waits for a reader. A shell
    /// opens the files and becomes the program; Foundation's `Process` now and then crashes where tests run side by side.
    func run() throws -> Result {
        let scratch = try TemporaryFolder()
        try scratch.write("input", input)
        let script = #"cd -- "$1" && exec 0< "$2/input" 1> "$2/output" 2> "$2/errors" && shift 2 && exec "$@""#
        let start = ["/bin/sh", "-c", script, "sh", folder ?? ".", scratch.path, executable]
        let status = try Program.spawn(
            start + arguments, environment.merging(["PATH": Program.searchPath]) { given, _ in given }, secondsAllowed)
        return Result(
            output: try scratch.read("output"), errors: try scratch.read("errors"),
            ending: status & 0x7F == 0 ? .exit(status >> 8 & 0xFF) : .signal(status & 0x7F))
    }

    /// Starts a program, waits for its end and gives its status as waitpid(2) has it.
    private static func spawn(
        _ arguments: [String], _ environment: [String: String], _ secondsAllowed: Double
    ) throws -> Int32 {
        var argumentPointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var environmentPointers = unsafe environment.map { unsafe strdup("\($0)=\($1)") } + [nil]
        defer {
            while let pointer = unsafe argumentPointers.popLast() { unsafe free(pointer) }
            while let pointer = unsafe environmentPointers.popLast() { unsafe free(pointer) }
        }
        var process: pid_t = 0
        let code = unsafe posix_spawn(&process, arguments[0], nil, nil, &argumentPointers, &environmentPointers)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        let started = process
        let watchdog = DispatchWorkItem { kill(started, SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + secondsAllowed, execute: watchdog)
        defer { watchdog.cancel() }
        var status: Int32 = 0
        while unsafe waitpid(process, &status, 0) < 0 {
            guard errno == EINTR else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        }
        return status
    }

    /// The folders of programs, those of the administrator among them: iptables is there.
    static let searchPath = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"

    /// The path of an installed program; nil if it is not installed.
    static func installed(_ name: String) -> String? {
        searchPath.split(separator: ":").map { "\($0)/\(name)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
    }
}

/// A folder that lasts as long as this object.
final class TemporaryFolder: Sendable {
    /// The folder's path.
    let path: String

    init() throws {
        let name = "kubechains-tests-\(UUID().uuidString)"
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = "\(path)/\(name)"
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return file
    }

    /// Writes a file and returns its path.
    @discardableResult
    func write(_ name: String, _ text: String) throws -> String { try write(name, Array(text.utf8)) }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(path)/\(name)")))
    }

    /// The names of all files in the folder, sorted.
    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}
