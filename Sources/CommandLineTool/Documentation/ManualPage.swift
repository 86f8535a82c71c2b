internal import KubeChainsBytes

/// The manual page kubechains(1) in roff, written from the table of commands.
enum ManualPage {
    static var text: String {
        var page = """
            .TH KUBECHAINS 1 "\(Tool.date)" "kubechains \(Tool.number)" "User Commands"
            .SH NAME
            kubechains \\- the iptables rules that kube\\-proxy would program
            .SH SYNOPSIS
            .B kubechains
            .I COMMAND
            .RI [ OPTION ...]
            .RI [ ARGUMENT ...]
            .SH DESCRIPTION
            .B kubechains
            takes a JSON snapshot of a Kubernetes cluster and gives, offline and deterministically, the exact iptables rules
            that kube\\-proxy in iptables mode would program on one of its nodes. Its other commands compare such rules,
            check a node, and say what a snapshot holds in store.
            .PP
            Options may stand anywhere after the command, as
            .BI \\-\\-option " value"
            or
            .BI \\-\\-option= value\\fR;
            booleans take a value only as
            .BR \\-\\-option=false ;
            .B \\-\\-
            ends options. Of an option given twice the last value counts, unless it collects.
            .SH OPTIONS

            """
        for (usage, help) in HelpText.generalOptions { page += item(usage, help) }
        page += ".SH COMMANDS\n"
        for command in Command.all { page += section(of: command) }
        for section in shared {
            page += ".SH \(section.title.uppercased())\nEvery command that serves the mode takes these.\n"
            page += items(section)
        }
        page += """
            .SH INPUT
            A
            .I SNAPSHOT
            is a file, or
            .B \\-
            for standard input, with JSON as
            .B kubectl get services,endpointslices,nodes \\-A \\-o json
            prints it. Several are read as one; their order, and that of the objects, never changes the output.
            .PP
            A file holds one or more JSON documents: a List (or ServiceList and the like), or single objects. These kinds are
            used, others are ignored:
            .IP \\(bu 2
            Service, Node and Endpoints of v1; Endpoints only if there is no EndpointSlice at all;
            .IP \\(bu 2
            EndpointSlice of discovery.k8s.io/v1;
            .IP \\(bu 2
            KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1, as JSON; its settings are used with a notice.
            .PP
            Settings come from flags, which win over
            .BR \\-\\-config ,
            which wins over a KubeProxyConfiguration in the snapshot.
            .PP
            .I SAVE
            is what
            .BR iptables\\-save (8)
            or
            .BR ip6tables\\-save (8)
            printed, or a text for
            .BR iptables\\-restore (8).
            Commands that take either look at the content: JSON begins with a brace.
            .PP
            Refused, with the place and what was expected: JSON that is not valid, a list that kubectl did not finish, names,
            ports, protocols and addresses that the API server would not accept, and the same object twice with differences.
            Skipped with a warning: external and load\\-balancer IPs, source ranges, Node addresses and pod CIDRs that are not
            valid. Whatever input holds is printed with control characters and direction marks escaped.
            .SH EXIT STATUS
            .TP
            .B 0
            Done; the same; nothing is wrong, or there is only information.
            .TP
            .B 1
            There are differences or findings.
            .TP
            .B 2
            The input or the host is at fault. Standard error says where and what, and nothing was written.
            .TP
            .B 64
            The command line is at fault.
            .SH ENVIRONMENT
            .TP
            .B NO_COLOR
            If it is set and not empty, nothing is coloured. Colours are for terminals only, and not for TERM=dumb.
            .TP
            .B COLUMNS
            The width of text on a terminal, instead of the terminal's own. Text in files and pipes is 80 columns wide;
            findings are one line each there.
            .SH EXAMPLES
            .EX
            kubectl get services,endpointslices,nodes \\-A \\-o json > cluster.json
            kubechains render \\-\\-node worker\\-1 \\-\\-cluster\\-cidr 10.244.0.0/16 cluster.json
            .EE
            .PP
            As
            .B kubectl\\-chains
            the program is a plugin of kubectl:
            .PP
            .EX
            kubectl chains lint cluster.json
            .EE
            .SH SEE ALSO
            .BR kubectl (1),
            .BR iptables\\-restore (8),
            .BR iptables\\-save (8),
            .BR iptables\\-extensions (8)

            """
        return page
    }

    /// The options that commands share, with the usual defaults, which are those of `render`.
    private static var shared: [OptionSection] { Command.render.sections.filter(\.isShared) }

    private static func section(of command: Command) -> String {
        let usage = [command.name, command.sections.isEmpty ? "" : "[OPTION...]", command.operands]
        var text = ".SS \"\(escaped(usage.filter { !$0.isEmpty }.joined(separator: " ")))\"\n"
        text += escaped(command.summary) + "\n"
        for paragraph in command.discussion {
            text += ".PP\n"
            for line in paragraph.split(separator: "\n") {
                // Indented lines are literal.
                text +=
                    line.hasPrefix(" ")
                    ? ".PP\n.EX\n\(escaped(String(line)))\n.EE\n" : escaped(String(line)) + "\n"
            }
        }
        for section in command.sections where !section.isShared { text += items(section) }
        return text + sharedOptions(of: command.sections.filter(\.isShared))
    }

    /// Which shared options a command has, and which of their defaults are its own.
    private static func sharedOptions(of sections: [OptionSection]) -> String {
        guard !sections.isEmpty else { return "" }
        let titles = sections.map { $0.title.prefix(1).lowercased() + $0.title.dropFirst() }.joined(
            separator: " and the ")
        var text = ".PP\nIt also takes the \(titles), below.\n"
        let usual = shared.flatMap(\.options)
        for option in sections.flatMap(\.options) {
            guard let defaultText = option.defaultText,
                usual.contains(where: { $0.name == option.name && $0.defaultText != defaultText })
            else { continue }
            text += "The default of\n.B \(escaped("--" + option.name))\nis here: \(escaped(defaultText)).\n"
        }
        return text
    }

    private static func items(_ section: OptionSection) -> String {
        section.options.map { option in
            item(option.usage, option.help + (option.defaultText.map { " (default: \($0))" } ?? ""))
        }.joined()
    }

    /// An option in bold with its value in italics, and what it does.
    private static func item(_ usage: String, _ help: String) -> String {
        let words = usage.split(separator: " ").map { word in
            word.hasPrefix("-") ? "\\fB\(escaped(String(word)))\\fR" : "\\fI\(escaped(String(word)))\\fR"
        }
        return ".TP\n\(words.joined(separator: " "))\n\(escaped(help))\n"
    }

    /// The text with roff's special characters escaped.
    private static func escaped(_ text: String) -> String {
        var escaped = text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" : ""
        for character in text {
            switch character {
            case "\\": escaped += "\\e"
            case "-": escaped += "\\-"
            case "\"": escaped += "\\(dq"
            case "'": escaped += "\\(aq"
            case _ where !character.isASCII:
                // Not every roff reads UTF-8.
                for scalar in character.unicodeScalars {
                    escaped += "\\[u" + hexadecimal(scalar.value, digits: 4).uppercased() + "]"
                }
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
