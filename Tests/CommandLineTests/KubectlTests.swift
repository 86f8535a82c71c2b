import Foundation
import Testing

/// The README's first pipe with a real client: kubectl gets the demo's objects from a small API server.
@Suite struct KubectlTests {
    /// What is not installed; nil if nothing is missing.
    private static let missing: String? = {
        let missing = ["kubectl", "python3"].first { Program.installed($0) == nil }
        if let missing { print("Skipped: kubectl's output is not rendered, for \(missing) is not installed.") }
        return missing
    }()

    @Test(.enabled(if: missing == nil, "Needs kubectl (Debian's kubernetes-client) and python3."))
    func kubectlGet() throws {
        let demo = "\(Package.fixtures)/demo/cluster.json"
        let options = Package.lines(of: "demo/options") ?? []
        let expected = try Tool.run(["render"] + options + [demo])
        expect(expected, 0, errors: [])

        let server = try APIServer(cluster: demo)
        defer { server.stop() }
        let home = try TemporaryFolder()
        let kubectl = try Program(
            executable: "/usr/bin/env",
            arguments: [
                "-i", "PATH=\(Program.searchPath)", "HOME=\(home.path)", "kubectl", "--server", server.url,
                "--kubeconfig", "/dev/null", "get", "services,endpointslices,nodes", "-A", "-o", "json",
            ]
        ).run()
        expect(kubectl, 0, errors: [])
        let result = try Tool.shell(
            #"cat | $KUBECHAINS render "$@" -"#, options, input: kubectl.output)
        expect(result, 0, output: expected.outputText, errors: [])
    }
}

/// The stand-in for an API server in Support, which runs until it is stopped or this process ends.
private final class APIServer {
    /// Where it listens.
    let url: String
    private let process = Process()
    /// The server ends when this pipe is closed.
    private let lifeline = Pipe()

    init(cluster: String) throws {
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "\(Package.support)/api_server.py", cluster]
        process.environment = ["PATH": Program.searchPath, "PYTHONDONTWRITEBYTECODE": "1"]
        process.standardInput = lifeline
        process.standardOutput = output
        try process.run()
        var line = Data()
        while line.last != UInt8(ascii: "\n") {
            guard let byte = try output.fileHandleForReading.read(upToCount: 1), !byte.isEmpty else { break }
            line += byte
        }
        url = String(decoding: line.dropLast(), as: UTF8.self)
        guard url.hasPrefix("http://") else {
            stop()
            throw CocoaError(.fileReadUnknown)
        }
    }

    func stop() {
        try? lifeline.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}
