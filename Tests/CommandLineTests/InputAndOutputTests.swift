import Foundation
import Testing

/// Bad inputs that need no fixture: what cannot be read or written, and who is told.
@Suite struct InputAndOutputTests {
    private let demo = "\(Package.fixtures)/demo/cluster.json"
    private let demoOptions = Package.lines(of: "demo/options") ?? []
    private let badPort = #"""
        {"kind": "Service", "metadata": {"name": "web", "namespace": "shop"},
         "spec": {"clusterIP": "10.96.0.10", "ports": [{"port": 0}]}}
        """#
    private let badPortMessage = "spec.ports[0].port: port is 0; expected an integer from 1 to 65535"

    @Test func missingFile() throws {
        let result = try Tool.run(["render", "no/such.json"])
        expect(
            result, 2, output: "", errors: ["no/such.json: error: cannot be read: no such file or directory"])
    }

    @Test func missingFileAmongOthers() throws {
        let result = try Tool.run(["render"] + demoOptions + [demo, "no/such.json"])
        expect(
            result, 2, output: "", errors: ["no/such.json: error: cannot be read: no such file or directory"])
    }

    @Test func missingConfiguration() throws {
        let result = try Tool.run(["render", "--config", "no/such.json"] + demoOptions + [demo])
        expect(
            result, 2, output: "", errors: ["no/such.json: error: cannot be read: no such file or directory"])
    }

    @Test func directory() throws {
        let result = try Tool.run(["render", "/"])
        expect(result, 2, output: "", errors: ["/: error: cannot be read: is a directory"])
    }

    @Test(.enabled(if: getuid() != 0, "Root may read every file."))
    func unreadableFile() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("secret.json", "{}")
        try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: file)
        let result = try Tool.run(["render", "secret.json"], in: folder.path)
        expect(result, 2, output: "", errors: ["secret.json: error: cannot be read: permission denied"])
    }

    @Test func standardInputTwice() throws {
        let result = try Tool.run(["render", "-", "-"])
        expect(
            result, 64, output: "",
            errors: [
                "error: standard input can be read only once, but '-' is given several times (see 'kubechains help render')"
            ])
        let mixed = try Tool.run(["render", "--config", "-", "-"])
        #expect(mixed.errorLines == result.errorLines)
        #expect(mixed.ending == .exit(64))
    }

    @Test func standardInputIsNamed() throws {
        let expected = ["<stdin>:2:57: error: \(badPortMessage)"]
        expect(try Tool.run(["render", "-"], input: Array(badPort.utf8)), 2, output: "", errors: expected)
        let piped = try Tool.shell("cat | $KUBECHAINS render -", input: Array(badPort.utf8))
        expect(piped, 2, output: "", errors: expected)
    }

    @Test func emptyStandardInput() throws {
        let expected = ["<stdin>:1:1: error: the input is empty; expected the output of 'kubectl get … -o json'"]
        expect(try Tool.run(["render", "-"]), 2, output: "", errors: expected)
        expect(try Tool.shell(": | $KUBECHAINS render -"), 2, output: "", errors: expected)
    }

    @Test func closedStandardInput() throws {
        let result = try Tool.shell("$KUBECHAINS render - <&-")
        expect(result, 2, output: "", errors: ["<stdin>: error: cannot be read: bad file descriptor"])
    }

    /// The place is told also where the input is a pipe, which cannot be read twice.
    @Test func fifo() throws {
        let folder = try TemporaryFolder()
        try folder.write("bad.json", badPort)
        let bad = try Tool.shell("mkfifo pipe; cat bad.json > pipe & $KUBECHAINS render pipe", in: folder.path)
        expect(bad, 2, output: "", errors: ["pipe:2:57: error: \(badPortMessage)"])

        let script = #"rm -f pipe; mkfifo pipe; cat "$1" > pipe & shift; $KUBECHAINS render "$@" pipe"#
        let good = try Tool.shell(script, [demo] + demoOptions, in: folder.path)
        expect(good, 0, output: try Tool.run(["render"] + demoOptions + [demo]).outputText, errors: [])
    }

    /// Standard input that is not at its beginning is read from where it stands.
    @Test func standardInputFromWhereItStands() throws {
        let script = #"{ read -r line; shift; $KUBECHAINS render "$@" -; }"#
        let snapshot = Array("this line is for the shell\n".utf8) + (try Data(contentsOf: URL(fileURLWithPath: demo)))
        let result = try Tool.shell(script, [demo] + demoOptions, input: snapshot)
        expect(result, 0, output: try Tool.run(["render"] + demoOptions + [demo]).outputText, errors: [])
    }

    /// `| head -1` is no fault of anyone. The shell's own `SIGPIPE` may be ignored, as under some supervisors.
    @Test(arguments: ["", "trap '' PIPE; "])
    func closedPipe(_ prelude: String) throws {
        let large = "\(Package.fixtures)/conformance/named-005"
        let options = Package.lines(of: "conformance/named-005/options") ?? []
        let script = prelude + #"$KUBECHAINS render "$@" 2>errors | head -1; test ! -s errors && echo quiet"#
        let folder = try TemporaryFolder()
        let result = try Tool.shell(script, options + ["\(large)/snapshot.json"], in: folder.path)
        expect(result, 0, output: "*filter\nquiet\n", errors: [])
    }

    @Test func closedPipeOfHelp() throws {
        let result = try Tool.shell("{ sleep 0.1; $KUBECHAINS help render; } | true")
        expect(result, 0, output: "", errors: [])
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "There is no /dev/full here."))
    func fullDevice() throws {
        let script = #"$KUBECHAINS render "$@" > /dev/full"#
        let message = "standard output: error: cannot be written: no space left on device"
        expect(try Tool.shell(script, demoOptions + [demo]), 2, errors: [message])
        expect(try Tool.shell("$KUBECHAINS help render > /dev/full"), 2, errors: [message])
        expect(try Tool.shell("$KUBECHAINS --version > /dev/full"), 2, errors: [message])
        let file = try Tool.run(["render", "--output-file", "/dev/full"] + demoOptions + [demo])
        expect(file, 2, output: "", errors: ["/dev/full: error: cannot be written: no space left on device"])
    }

    @Test func closedStandardOutput() throws {
        let result = try Tool.shell(#"$KUBECHAINS render "$@" >&-"#, demoOptions + [demo])
        expect(result, 2, errors: ["standard output: error: cannot be written: bad file descriptor"])
    }

    /// What a message quotes of the input cannot steer the terminal that shows it.
    @Test(arguments: ["\u{9B}31m", "\u{85}", "\u{7F}", "\u{2028}", "\u{202E}"])
    func messagesHoldNoControlCharacters(_ text: String) throws {
        let snapshot = badPort.replacingOccurrences(of: "web", with: "we\(text)b")
            .replacingOccurrences(of: #""port": 0"#, with: #""port": 80"#)
        let result = try Tool.run(["render", "-"], input: Array(snapshot.utf8))
        #expect(result.ending == .exit(2))
        #expect(result.errorLines.count == 1)
        #expect(!result.errorText.contains(text))
        #expect(result.errorText.contains("metadata.name"))
    }
}
