internal import KubeChains
internal import KubeChainsHost
internal import KubeProxy

struct HelpOptions: CommandOptions {
    static let command = "help"

    var operands: [String] = []
    /// Show all options in full.
    var isComplete = false

    static var groups: [OptionGroup<HelpOptions>] {
        [
            OptionGroup(
                title: "Options",
                options: [.boolean("all", "describe the options that commands share too") { $0.isComplete = $1 }])
        ]
    }
}

extension Command {
    static let help = Command(
        operands: "[COMMAND|versions]",
        summary: "show what the tool or a command does"
    ) { (options: HelpOptions, _) throws(CommandFailure) in
        guard options.operands.count <= 1 else { throw HelpOptions.usage("help takes one command") }
        guard let name = options.operands.first else {
            try HelpText.print(HelpText.overview(Terminal.style(of: 1)))
            return .success
        }
        let style = Terminal.style(of: 1)
        if name == "versions" {
            try HelpText.print(HelpText.versions(style))
            return .success
        }
        try HelpText.print(HelpText.page(for: try Command.named(name), isComplete: options.isComplete, style))
        return .success
    }
}

/// Help, written from the table of commands.
enum HelpText {
    /// The options in place of a command.
    static let generalOptions = [
        ("-h, --help", "show help"), ("--version", "show the version"),
        ("--generate-completion-script SHELL", "write completions for bash, zsh or fish"),
        ("--generate-manual", "write the manual page, in roff"),
    ]

    static func overview(_ style: TextStyle) -> String {
        let commands = Command.all.map { ($0.name, $0.summary) }
        return """
            kubechains: the rules that kube-proxy would program, from a JSON snapshot

            Usage: kubechains COMMAND [OPTION...] [ARGUMENT...]

            Commands:
            \(table(commands, style))
            Options:
            \(table(generalOptions, style))
            'kubechains help COMMAND' shows a command's options.
            For example:
              kubectl get services,endpointslices,nodes -A -o json |
                kubechains render --node worker-1 -

            """
    }

    /// What kube-proxy's versions do differently.
    static func versions(_ style: TextStyle) -> String {
        let known = ProxyVersion.knownMinors
        let introduction =
            "kubechains writes the rules of kube-proxy 1.\(known.lowerBound) to 1.\(known.upperBound). The version is that "
            + "of --kube-proxy-version, else of the Node's kubeProxyVersion or kubeletVersion, else "
            + "\(ProxyVersion.default). Where versions differ:"
        return TextLayout.wrapped(introduction, indent: 0, width: style.width) + "\n\n"
            + table(VersionsReport.rows.map { ($0.versions, $0.text) }, style)
            + "\nNumbers are pull requests of github.com/kubernetes/kubernetes.\n"
    }

    /// A command's help: its own options first, then those that it shares with others; these in short unless `isComplete`.
    static func page(for command: Command, isComplete: Bool, _ style: TextStyle) -> String {
        let sections = command.sections
        let options = sections.isEmpty ? "" : " [OPTION...]"
        let title = "kubechains \(command.name): \(command.summary)"
        var text = TextLayout.wrapped(title, indent: 0, width: style.width) + "\n\n"
        let operands = command.operands.isEmpty ? "" : " " + command.operands
        text += "Usage: kubechains \(command.name)\(options)\(operands)\n"
        for paragraph in command.discussion {
            text += "\n" + TextLayout.wrapped(paragraph, indent: 0, width: style.width) + "\n"
        }
        for section in sections { text += "\n" + part(section, isComplete: isComplete || !section.isShared, style) }
        if !isComplete, sections.contains(where: \.isShared) {
            text += "\n'kubechains help \(command.name) --all' describes all options.\n"
        }
        return text
    }

    /// A section; in short it describes only the options that are used every day, and names the others.
    private static func part(_ section: OptionSection, isComplete: Bool, _ style: TextStyle) -> String {
        let described = section.options.filter { isComplete || $0.isCommon }
        let named = section.options.filter { !isComplete && !$0.isCommon }.map { "--" + $0.name }.joined(
            separator: ", ")
        let rows = described.map { option in
            (option.usage, option.help + (option.defaultText.map { " (default: \($0))" } ?? ""))
        }
        let others = named.isEmpty ? "" : "  " + TextLayout.wrapped(named, indent: 2, width: style.width) + "\n"
        return "\(style.painted(section.title + ":", .heading))\n\(table(rows, style))\(others)"
    }

    static func print(_ text: String) throws(CommandFailure) {
        do {
            try System.write(text, to: 1)
        } catch {
            if error.isBrokenPipe { throw CommandFailure(exitCode: .brokenPipe, message: nil) }
            throw .input("standard output: error: cannot be written: \(error)")
        }
    }

    /// Two columns; a left cell that is too wide gets its own line.
    private static func table(_ rows: [(String, String)], _ style: TextStyle) -> String {
        let column = 2 + min(style.width / 3, rows.map(\.0.count).max() ?? 0) + 2
        var text = ""
        for (left, right) in rows {
            let lead = "  " + left
            let body = TextLayout.wrapped(right, indent: column, width: style.width)
            if lead.count + 2 > column {
                text += "\(lead)\n\(String(repeating: " ", count: column))\(body)\n"
            } else {
                text += TextLayout.padded(lead, column) + body + "\n"
            }
        }
        return text
    }
}
