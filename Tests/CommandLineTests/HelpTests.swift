import Testing

@testable import CommandLineTool

/// Help pages and the version.
@Suite struct HelpTests {
    /// The options of DESIGN's table, with how help shows that they take a value.
    private static let renderOptions = [
        "--node NAME", "--family ipv4|ipv6", "--config FILE", "--cluster-cidr CIDR[,CIDR]", "--detect-local-mode MODE",
        "--pod-bridge-interface NAME", "--pod-interface-name-prefix P", "--masquerade-all",
        "--iptables-masquerade-bit N",
        "--iptables-localhost-nodeports", "--nodeport-addresses CIDR[,CIDR]", "--node-address IP[/LEN]",
        "--bind-address IP", "--feature-gates K=BOOL[,", "--conntrack-tcp-be-liberal", "--nfacct", "--no-random-fully",
        "-o, --output restore|save", "--output-file FILE",
    ]

    private func page(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws -> String {
        let result = try Tool.run(arguments)
        expect(result, 0, errors: [], sourceLocation: sourceLocation)
        return result.outputText
    }

    @Test func overview() throws {
        let overview = try page(["help"])
        #expect(overview.contains("Usage: kubechains COMMAND"))
        for command in Command.all { #expect(overview.contains("\n  \(command.name) ")) }
        #expect(overview.contains("kubechains help COMMAND"))
        #expect(try page(["--help"]) == overview)
        #expect(try page(["-h"]) == overview)
    }

    @Test(arguments: Command.all.map(\.name))
    func pageOfCommand(_ name: String) throws {
        let text = try page(["help", name])
        #expect(text.contains("Usage: kubechains \(name)"))
        #expect(try page([name, "--help"]) == text)
        #expect(try page([name, "-h"]) == text)
        #expect(try page([name, "no.json", "--help"]) == text)
    }

    /// Help names the schedulers that are taken, which are those that an error names.
    @Test func schedulers() throws {
        let error = try Tool.run(["render", "--ipvs-scheduler", "?", "no.json"]).errorText
        let end = try #require(error.split(separator: "expected one of ").last)
        let names = try #require(end.split(separator: " (see").first)
        let help = try page(["help", "render", "--all"]).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(help.contains("how virtual servers choose: \(names) (default"), "\(names)")
    }

    @Test func helpDoesNotReadAnything() throws {
        #expect(try page(["render", "--family", "ipv6", "no.json", "-h"]) == page(["help", "render"]))
    }

    /// Every option that is parsed stands in full help, at the beginning of a line, and the other way round.
    @Test(arguments: Command.all.map(\.name))
    func everyOptionIsListed(_ name: String) throws {
        let command = try Command.named(name)
        // Options begin in the third column; further lines of help may begin with one too.
        let lines = try page(["help", name, "--all"]).split(separator: "\n").filter { $0.hasPrefix("  -") }
            .map { $0.dropFirst(2) }
        for option in command.allOptions {
            let short = option.short.map { "-\($0), " } ?? ""
            #expect(lines.contains { ($0 + " ").hasPrefix("\(short)--\(option.name) ") }, "--\(option.name)")
        }
        let listed = lines.compactMap { line in
            line.split(separator: " ").prefix(2).first { $0.hasPrefix("--") && line.hasPrefix("-") }
        }
        for option in listed where option != "--help" {
            #expect(command.allOptions.contains { "--\($0.name)" == option }, "\(option)")
        }
    }

    @Test(arguments: renderOptions)
    func renderListsOption(_ option: String) throws {
        #expect(try page(["render", "--help-all"]).contains("\n  \(option)"))
    }

    /// Short help names every option too, and describes the command's own before shared ones.
    @Test(arguments: Command.all.map(\.name))
    func shortHelp(_ name: String) throws {
        let command = try Command.named(name)
        let text = try page(["help", name])
        for option in command.allOptions { #expect(text.contains("--\(option.name)"), "--\(option.name)") }
        let shared = command.sections.map(\.isShared)
        #expect(shared == shared.sorted { !$0 && $1 }, "own options come first")
        for option in command.sections.filter({ !$0.isShared }).flatMap(\.options) {
            #expect(text.contains("\n  \(option.usage)"), "\(option.usage)")
        }
        let full = try page(["help", name, "--all"])
        #expect(shared.contains(true) == (full != text))
        #expect(try page([name, "--help-all"]) == full)
    }

    /// A default is the command's own, and a mode that a command refuses is not offered.
    @Test(arguments: [
        ("lint", "--family ipv4|ipv6", "both"), ("lint", "--node NAME", "all Nodes of the snapshot"),
        ("render", "--family ipv4|ipv6", "ipv4"), ("apply", "--family ipv4|ipv6", "those that the host has"),
        ("cleanup", "--family ipv4|ipv6", "that of the rules; with --apply both"),
        ("trace", "--family ipv4|ipv6", "that of --to"), ("apply", "--node NAME", "the host's name"),
        ("diff", "--proxy-mode iptables|nftables", "iptables"),
        ("audit", "--proxy-mode iptables|nftables|ipvs", "iptables"),
        ("trace", "--proxy-mode iptables|nftables", "iptables"),
        ("explain", "--proxy-mode iptables|nftables|ipvs", "iptables"),
    ])
    func defaultsAreTheCommands(_ name: String, _ option: String, _ expected: String) throws {
        let found = try #require(try Command.named(name).allOptions.first { $0.usage == option })
        #expect(found.defaultText == expected)
        #expect(
            try page(["help", name]).split(whereSeparator: \.isWhitespace).joined(separator: " ")
                .contains("\(option) \(found.help) (default: \(expected))"))
    }

    @Test(arguments: [["help"]] + Command.all.flatMap { [["help", $0.name], ["help", $0.name, "--all"]] })
    func linesAreShort(_ arguments: [String]) throws {
        for line in try page(arguments).split(separator: "\n") {
            #expect(line.count <= 80, "\(line)")
            #expect(!line.hasSuffix(" "), "\(line)")
        }
    }

    @Test func version() throws {
        let text = try page(["--version"])
        #expect(text.hasPrefix("kubechains "))
        #expect(text.hasSuffix("\n"))
        #expect(text.split(separator: "\n").count == 1)
    }
}
