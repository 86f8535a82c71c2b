import Foundation
import Testing

@testable import CommandLineTool

/// Completions in the real shells, and the manual in the real formatters.
@Suite struct CompletionTests {
    /// Says once of each program that is missing what is not tested for it.
    private static func has(_ program: String, _ untested: String) -> Bool {
        if Program.installed(program) != nil { return true }
        print("Skipped: \(untested), for \(program) is not installed.")
        return false
    }
    private static let hasBash = has("bash", "bash's completions are not tried")
    private static let hasZsh =
        has("zsh", "zsh's completions are not tried") && has("python3", "zsh's completions are not tried")
    private static let hasFish = has("fish", "fish's completions are not tried")
    private static let hasMandoc = has("mandoc", "the manual is not read by mandoc")
    private static let hasGroff = has("groff", "the manual is not read by groff")

    /// A folder with a file `snap.json`, another `notes`, and the shell's script.
    private func folder(_ shell: String) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let script = try Tool.run(["--generate-completion-script", shell])
        expect(script, 0, errors: [])
        try folder.write("script", script.output)
        try folder.write("snap.json", "")
        try folder.write("notes", "")
        return folder
    }

    private func run(_ program: String, _ arguments: [String], in folder: TemporaryFolder) throws -> [String] {
        let result = try Program(
            executable: try #require(Program.installed(program)), arguments: arguments,
            environment: ["HOME": folder.path], folder: folder.path
        ).run()
        expect(result, 0, errors: [])
        return result.outputText.split(separator: "\n").map(String.init)
    }

    // MARK: bash

    private static let commands = Command.all.map(\.name)
    private static let general = ["--help", "--version", "--generate-completion-script", "--generate-manual"]

    @Test(
        .enabled(if: hasBash, "Needs bash."),
        arguments: [
            ([""], commands + general), (["ren"], ["render"]), (["render", "sn"], ["snap.json"]),
            (["render", ""], ["notes", "script", "snap.json"]), (["render", "--fam"], ["--family"]),
            (["render", "--family", ""], ["ipv4", "ipv6"]), (["render", "--family", "=", ""], ["ipv4", "ipv6"]),
            (["render", "--family", "="], ["ipv4", "ipv6"]), (["render", "-o", "s"], ["save"]),
            (["render", "--node", ""], []), (["render", "--config", "no"], ["notes"]),
            (["render", "--masquerade-all", "no"], ["notes"]), (["render", "snap.json", "--nfa"], ["--nfacct"]),
            (["render", "--detect-local-mode", "N"], ["NodeCIDR"]), (["help", "aud"], ["audit"]),
            (["audit", "--live", ""], ["host", "notes", "script", "snap.json"]),
            (["lint", "-o", ""], ["text", "json", "junit", "sarif", "github"]),
            (["lint", "--severity", "w"], ["warning"]),
            (["lint", "--disable", "rule-b"], ["rule-budget"]),
            (
                ["lint", "--disable", "rule-budget,slice-w"],
                ["rule-budget,slice-without-ports", "rule-budget,slice-without-service"]
            ),
            (["--generate-completion-script", ""], ["bash", "zsh", "fish"]), (["nonsense", ""], []),
        ])
    func bash(_ words: [String], _ expected: [String]) throws {
        let folder = try folder("bash")
        let found = try run("bash", ["\(Package.support)/complete.bash", "./script", "kubechains"] + words, in: folder)
        #expect(found.sorted() == expected.sorted())
    }

    /// Every option of every command is offered.
    @Test(.enabled(if: hasBash, "Needs bash."), arguments: commands)
    func bashOptions(_ command: String) throws {
        let arguments = ["\(Package.support)/complete.bash", "./script", "kubechains", command, "--"]
        let found = try run("bash", arguments, in: folder("bash"))
        #expect(found == (try Command.named(command)).allOptions.map { "--\($0.name)" } + ["--help", "--help-all"])
    }

    // MARK: zsh

    @Test(
        .enabled(if: hasZsh, "Needs zsh and python3."),
        arguments: [
            ("kubechains ren", "kubechains render "), ("kubechains render sn", "kubechains render snap.json "),
            ("kubechains render --family ipv", "kubechains render --family ipv"),
            ("kubechains render --masq", "kubechains render --masquerade-all "),
            ("kubechains render --output=sa", "kubechains render --output=save "),
            ("kubechains lint -o js", "kubechains lint -o json "), ("kubechains help au", "kubechains help audit "),
            ("kubechains audit --live ho", "kubechains audit --live host "),
            ("kubechains audit --live no", "kubechains audit --live notes "),
            ("kubechains lint --disable rule-b", "kubechains lint --disable rule-budget,"),
            ("kubechains --generate-completion-script z", "kubechains --generate-completion-script zsh "),
        ])
    func zsh(_ line: String, _ expected: String) throws {
        let folder = try folder("zsh")
        let found = try run("python3", ["\(Package.support)/complete_zsh.py", "./script", line], in: folder)
        // A blank after a word that is whole, or a comma of a list that may go on, is zsh's to add.
        #expect(found.joined().trimmingCharacters(in: [" ", ","]) == expected.trimmingCharacters(in: [" ", ","]))
    }

    // MARK: fish

    @Test(
        .enabled(if: hasFish, "Needs fish."),
        arguments: [
            ("ren", ["render"]), ("render sn", ["snap.json"]), ("render --family ", ["ipv4", "ipv6"]),
            ("render --family=", ["--family=ipv4", "--family=ipv6"]), ("render -o ", ["restore", "save"]),
            ("render --node ", []), ("render --nfa", ["--nfacct"]), ("help au", ["audit"]),
            ("audit --live ho", ["host"]), ("audit --live no", ["notes"]), ("lint --severity w", ["warning"]),
            ("lint --disable rule-", ["rule-budget"]), ("--generate-man", ["--generate-manual"]),
            ("--generate-completion-script ", ["bash", "fish", "zsh"]), ("", commands.sorted()),
        ])
    func fish(_ line: String, _ expected: [String]) throws {
        let script = "source ./script; complete -C \"kubechains \(line)\""
        let found = try run("fish", ["--no-config", "-c", script], in: folder("fish"))
        #expect(found.map { String($0.split(separator: "\t")[0]) }.sorted() == expected.sorted())
    }

    @Test func shells() throws {
        let message = "--generate-completion-script needs a shell: bash, zsh or fish"
        expect(
            try Tool.run(["--generate-completion-script", "tcsh"]), 64, output: "",
            errors: ["error: \(message); found 'tcsh' (see 'kubechains help')"])
        expect(
            try Tool.run(["--generate-completion-script"]), 64, output: "",
            errors: ["error: \(message); found nothing (see 'kubechains help')"])
    }

    // MARK: The manual

    private func manual() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let page = try Tool.run(["--generate-manual"])
        expect(page, 0, errors: [])
        try folder.write("kubechains.1", page.output)
        return folder
    }

    @Test(.enabled(if: hasMandoc, "Needs mandoc."))
    func mandoc() throws {
        let folder = try manual()
        #expect(try run("mandoc", ["-Tlint", "-Wwarning", "kubechains.1"], in: folder) == [])
        let text = try run("mandoc", ["-Tutf8", "-Owidth=100", "kubechains.1"], in: folder).joined(separator: "\n")
            .replacing(/.\u{8}/, with: "")
        for command in Command.all {
            #expect(text.contains("\n   \(command.name)"))
            for option in command.allOptions {
                // Shared options are described once; which modes there are differs by command.
                let usage = option.usage.hasPrefix("--proxy-mode ") ? "--proxy-mode " : option.usage
                #expect(text.contains(usage), "\(usage)")
            }
        }
    }

    @Test(.enabled(if: hasGroff, "Needs groff."))
    func groff() throws {
        let folder = try manual()
        #expect(try run("groff", ["-ww", "-man", "-Tutf8", "kubechains.1"], in: folder).count > 100)
    }
}
