import Foundation
import Testing

/// Colours and the width of text, on a terminal and elsewhere.
@Suite struct TerminalTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let bad = "Fixtures/invalid/port-zero/snapshot.json"
    private static let explain = ["explain", "shop/web", "--all", "--node", "worker-1", demo]
    private static let hasPython = Program.installed("python3") != nil

    /// Runs the tool with its standard output on a pseudo-terminal, or what `redirection` leaves there, and gives what appears.
    private func terminal(
        _ arguments: [String], _ environment: [String: String] = ["TERM": "xterm"], columns: Int = 0,
        toFile redirection: String = "2> /dev/null"
    ) throws -> String {
        let size = columns > 0 ? "stty columns \(columns); " : ""
        let python = "import pty, sys; pty.spawn(sys.argv[1:])"
        let result = try Program(
            executable: "/usr/bin/env",
            arguments: ["python3", "-c", python, "/bin/sh", "-c", "\(size)$KUBECHAINS \"$@\" \(redirection)", "sh"]
                + arguments,
            environment: environment.merging(["KUBECHAINS": Tool.path]) { $1 }, folder: Package.root
        ).run()
        #expect(result.ending == .exit(0), "\(result.errorText)")
        return result.outputText.replacingOccurrences(of: "\r\n", with: "\n")
    }

    private func words(_ text: String) -> [Substring] { text.split(whereSeparator: \.isWhitespace) }

    private func width(_ text: String) -> Int { text.split(separator: "\n").map(\.count).max() ?? 0 }

    // MARK: Elsewhere

    @Test func noEscapeCodesElsewhere() throws {
        for arguments in [["render", Self.bad], ["render", "no.json"], ["render", "--nope"], Self.explain, ["help"]] {
            let result = try Tool.run(arguments, environment: ["TERM": "xterm"], in: Package.root)
            #expect(!result.errors.contains(0x1B) && !result.output.contains(0x1B))
        }
    }

    /// What is written into a file or a pipe does not depend on where.
    @Test(arguments: [explain, ["lint", "--list-rules"], ["help", "render", "--all"]])
    func elsewhereProseIs80Wide(_ arguments: [String]) throws {
        let text = try Tool.run(arguments).outputText
        #expect(try Tool.run(arguments, environment: ["COLUMNS": "200", "TERM": "xterm"]).outputText == text)
        let prose = text.split(separator: "\n").filter { $0.contains(" ") }
        #expect(prose.contains { $0.count > 70 } && prose.allSatisfy { $0.count <= 80 })
    }

    /// In a pipe each finding is one line, with its remedy in another; on a terminal they are wrapped.
    @Test(.enabled(if: hasPython, "python3, which makes the pseudo-terminal, is not installed."))
    func findingsAreWrappedOnTerminals() throws {
        let lines = try Tool.run(["lint", Self.demo]).outputText.split(separator: "\n")
        #expect(lines.dropLast().allSatisfy { $0.hasPrefix("    remedy: ") || $0.hasSuffix("]") })
        #expect(lines.contains { $0.count > 120 })
        let wrapped = try terminal(["lint", Self.demo], ["TERM": "dumb"], columns: 60)
        #expect(wrapped.split(separator: "\n").allSatisfy { $0.count <= 60 || $0.hasPrefix(Self.demo) })
        #expect(words(wrapped) == words(lines.joined(separator: "\n")))
    }

    // MARK: On a terminal

    @Test(.enabled(if: hasPython, "python3, which makes the pseudo-terminal, is not installed."))
    func diagnosticsAreColoured() throws {
        let error = "\u{1B}[1;31merror:\u{1B}[0m"
        let warning = "\u{1B}[1;33mwarning:\u{1B}[0m"
        func errors(_ arguments: [String], _ environment: [String: String] = ["TERM": "xterm"]) throws -> String {
            try terminal(["render"] + arguments, environment, toFile: "> /dev/null")
        }
        let plain = try Tool.run(["render", Self.bad], in: Package.root).errorText
        let colored = plain.replacingOccurrences(of: "error:", with: error)
        #expect(try errors([Self.bad]) == colored)
        #expect(try errors([Self.bad], ["TERM": "xterm", "NO_COLOR": ""]) == colored)
        #expect(try errors([Self.bad], ["TERM": "xterm", "NO_COLOR": "1"]) == plain)
        #expect(try errors([Self.bad], ["TERM": "dumb"]) == plain)
        #expect(try errors([]).hasPrefix("\(error) render needs a SNAPSHOT"))
        #expect(try errors(["--node", "other", Self.demo]).hasPrefix("\(warning) the snapshot has no Node other;"))
    }

    /// Words of severity and titles of sections; the words are those of a file.
    @Test(
        .enabled(if: hasPython, "python3, which makes the pseudo-terminal, is not installed."),
        arguments: [
            (explain, "├─ \u{1B}[1msettings\u{1B}[0m\n"), (["lint", demo], "\u{1B}[1;33mwarning:\u{1B}[0m "),
            (["lint", demo], "    \u{1B}[1mremedy:\u{1B}[0m "), (["help", "lint"], "\n\u{1B}[1mOutput:\u{1B}[0m\n"),
        ])
    func reportsAreColoured(_ arguments: [String], _ expected: String) throws {
        let plain = try Tool.run(arguments).outputText
        let colored = try terminal(arguments, columns: 80)
        #expect(colored.contains(expected))
        #expect(words(colored.replacing(/\u{1B}\[[0-9;]*m/, with: "")) == words(plain))
        for environment in [["TERM": "xterm", "NO_COLOR": "1"], ["TERM": "dumb"]] {
            #expect(words(try terminal(arguments, environment, columns: 80)) == words(plain))
        }
        guard arguments[0] != "help" else { return }
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/text"
        _ = try terminal(arguments + ["--output-file", file], columns: 50)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == plain)
    }

    /// The terminal's own width; COLUMNS wins over it, as for man(1); 80 where it does not say.
    @Test(.enabled(if: hasPython, "python3, which makes the pseudo-terminal, is not installed."))
    func width() throws {
        let plain = ["TERM": "dumb"]
        func explained(_ environment: [String: String], _ columns: Int) throws -> Int {
            width(try terminal(Self.explain, environment, columns: columns))
        }
        #expect((51...60).contains(try explained(plain, 60)))
        #expect((111...120).contains(try explained(plain, 120)))
        #expect((61...70).contains(try explained(["TERM": "dumb", "COLUMNS": "70"], 120)))
        #expect((71...80).contains(try explained(plain, 0)))
        #expect((71...80).contains(try explained(["TERM": "dumb", "COLUMNS": "x"], 0)))
    }

    // MARK: What input holds

    /// A zone and a file's name with control characters and a right-to-left override.
    @Test func invisibleCharactersAreEscaped() throws {
        let folder = try TemporaryFolder()
        let text = try String(contentsOfFile: Self.demo, encoding: .utf8)
            .replacingOccurrences(of: #""eu-west-1a""#, with: #""a\u202e\u001b[2J\u0000b""#)
        let name = "snap\u{1B}]0;x\u{7}\u{202E}.json"
        try folder.write(name, Array(text.utf8))
        let target = ["shop/web", "--node", "worker-1", name]
        for form in ["text", "json", "dot", "mermaid", "svg"] {
            let output = try Tool.run(["explain", "-o", form] + target, in: folder.path)
            #expect(output.ending == .exit(0), "\(output.errorText)")
            let scalars = output.outputText.unicodeScalars
            #expect(scalars.allSatisfy { $0 == "\n" || ![.control, .format].contains($0.properties.generalCategory) })
        }
        let errors = try Tool.run(["render", "no-" + name], in: folder.path).errorText
        #expect(
            errors == #"no-snap\u{1b}]0;x\u{7}\u{202e}.json: error: cannot be read: no such file or directory"# + "\n")
    }
}
