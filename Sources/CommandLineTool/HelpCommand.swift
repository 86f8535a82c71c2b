internal import KubeChains
internal import KubeChainsHost

extension Command {
    static let help = Command(
        name: "help",
        operands: "[COMMAND]",
        summary: "show what the tool or a command does",
        discussion: [],
        options: []
    ) { invocation, _ throws(CommandFailure) in
        guard invocation.operands.count <= 1 else {
            throw .usage("help takes one command", see: "help")
        }
        guard let name = invocation.operands.first else {
            try HelpText.print(HelpText.overview)
            return .success
        }
        try HelpText.print(HelpText.page(for: try Command.named(name)))
        return .success
    }

    /// The command with this name.
    static func named(_ name: String) throws(CommandFailure) -> Command {
        if let command = find(name) { return command }
        throw .usage("unknown command '\(name)'" + Suggestion.text(for: name, among: all.map(\.name)))
    }
}

/// Help, written from the table of commands.
enum HelpText {
    private static let width = 100

    /// The options in place of a command.
    static let generalOptions = [
        ("-h, --help", "show help"), ("--version", "show the version"),
        ("--generate-completion-script SHELL", "write completions for bash, zsh or fish"),
        ("--generate-manual", "write the manual page, in roff"),
    ]

    static var overview: String {
        let commands = Command.all.map { ($0.name, $0.summary) }
        return """
            kubechains: the iptables rules that kube-proxy would program, from a JSON snapshot of a cluster.

            Usage: kubechains COMMAND [OPTION...] [ARGUMENT...]

            Commands:
            \(table(commands))
            Options:
            \(table(generalOptions))
            'kubechains help COMMAND' shows a command's options.
            For example:
              kubectl get services,endpointslices,nodes -A -o json | kubechains render --node worker-1 -

            """
    }

    static func page(for command: Command) -> String {
        let options = command.options.isEmpty ? "" : " [OPTION...]"
        var text = "kubechains \(command.name): \(command.summary)\n\n"
        let operands = command.operands.isEmpty ? "" : " " + command.operands
        text += "Usage: kubechains \(command.name)\(options)\(operands)\n"
        for paragraph in command.discussion {
            text += "\n" + TextLayout.wrapped(paragraph, indent: 0, width: width) + "\n"
        }
        for group in command.options {
            let rows = group.options.map { option in
                (option.usage, option.help + (option.defaultText.map { " (default: \($0))" } ?? ""))
            }
            text += "\n\(group.title):\n\(table(rows))"
        }
        return text
    }

    static func print(_ text: String) throws(CommandFailure) {
        do {
            try System.write(text, to: 1)
        } catch {
            if error.isBrokenPipe { throw CommandFailure(exitCode: .brokenPipe, message: nil) }
            throw .input("standard output: error: can not be written: \(error)")
        }
    }

    /// Two columns; a left cell that is too wide gets its own line.
    private static func table(_ rows: [(String, String)]) -> String {
        let column = 2 + min(32, rows.map(\.0.count).max() ?? 0) + 2
        var text = ""
        for (left, right) in rows {
            let lead = "  " + left
            let body = TextLayout.wrapped(right, indent: column, width: width)
            if lead.count + 2 > column {
                text += "\(lead)\n\(String(repeating: " ", count: column))\(body)\n"
            } else {
                text += lead + String(repeating: " ", count: column - lead.count) + body + "\n"
            }
        }
        return text
    }
}
