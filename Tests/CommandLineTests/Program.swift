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
    /// Standard output and standard error go to files, so however much it writes, it never waits for a reader.
    func run() throws -> Result {
        let scratch = try TemporaryFolder()
        func file(_ name: String, _ bytes: [UInt8]) throws -> FileHandle {
            let url = URL(fileURLWithPath: try scratch.write(name, bytes))
            return try FileHandle(forUpdating: url)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.environment = ["PATH": Program.searchPath].merging(environment) { $1 }
        if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
        process.standardInput = try file("input", input)
        process.standardOutput = try file("output", [])
        process.standardError = try file("errors", [])
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        try process.run()
        if ended.wait(timeout: .now() + secondsAllowed) == .timedOut {
            kill(process.processIdentifier, SIGKILL)
            ended.wait()
        }
        let code = process.terminationStatus
        return Result(
            output: try scratch.read("output"), errors: try scratch.read("errors"),
            ending: process.terminationReason == .exit ? .exit(code) : .signal(code))
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
