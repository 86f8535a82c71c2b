import Foundation
import Testing

/// The built tool, run as a process of its own as people run it.
enum Tool {
    /// The binary that was built together with these tests: it lies beside the test bundle.
    static let url: URL = {
        let paths = CommandLine.arguments + Bundle.allBundles.map(\.bundlePath)
        let bundle = paths.first { $0.contains(".xctest") } ?? CommandLine.arguments[0]
        var folder = URL(fileURLWithPath: bundle)
        while folder.path.contains(".xctest") { folder.deleteLastPathComponent() }
        return folder.appendingPathComponent("kubechains")
    }()

    static var path: String { url.path }

    /// Runs the tool.
    static func run(
        _ arguments: [String], input: [UInt8] = [], environment: [String: String] = [:], in folder: String? = nil
    ) throws -> Program.Result {
        try Program(
            executable: path, arguments: arguments, input: input, environment: environment, folder: folder
        ).run()
    }

    /// Runs a shell script which finds the tool's path in `$KUBECHAINS` and the arguments in `$1`, `$2` and so on.
    static func shell(
        _ script: String, _ arguments: [String] = [], input: [UInt8] = [], in folder: String? = nil
    ) throws -> Program.Result {
        try Program(
            executable: "/bin/sh", arguments: ["-c", script, "sh"] + arguments, input: input,
            environment: ["KUBECHAINS": path], folder: folder
        ).run()
    }
}

/// Where things lie in the package.
enum Package {
    static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    static let fixtures = "\(root)/Fixtures"
    static let support = "\(root)/Tests/CommandLineTests/Support"

    /// The folders in a folder of the package's fixtures, by name.
    static func folders(in name: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(fixtures)/\(name)")) ?? []
        return names.filter { name in !name.contains(".") }.sorted()
    }

    /// The lines of a fixture's file; nil if there is no such file.
    static func lines(of file: String) -> [String]? {
        let text = try? String(contentsOfFile: "\(fixtures)/\(file)", encoding: .utf8)
        return text.map { $0.split(separator: "\n").map(String.init) }
    }
}

/// A finished run is this exit code, this standard output and these lines of standard error.
func expect(
    _ result: Program.Result, _ code: Int32, output: String? = nil, errors: [String]? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(result.ending == .exit(code), "\(result.errorText)", sourceLocation: sourceLocation)
    if let output { #expect(result.outputText == output, sourceLocation: sourceLocation) }
    if let errors { #expect(result.errorLines == errors, sourceLocation: sourceLocation) }
}
