extension CompletionScript {
    var fishScript: String {
        var text = "# \(remark)\n\n"
        func add(_ condition: String, _ rest: String) {
            text += "complete -c kubechains -n '\(condition)' \(rest)\n"
        }
        text += "complete -c kubechains -f\ncomplete -c kubectl-chains -w kubechains\n"
        for (name, help) in CompletionScript.generalOptions {
            let shells = CompletionScript.allCases.map(\.rawValue).joined(separator: " ")
            let value = name == "--generate-completion-script" ? " -x -a '\(shells)'" : ""
            add("__fish_use_subcommand", "-l \(name.dropFirst(2))\(value) -d '\(fishText(help))'")
        }
        for command in Command.all {
            add("__fish_use_subcommand", "-a \(command.name) -d '\(fishText(command.summary))'")
        }
        for command in Command.all {
            let condition = "__fish_seen_subcommand_from \(command.name)"
            for option in command.allOptions {
                let short = option.short.map { " -s \($0)" } ?? ""
                let value = option.choice.map { " " + fishArguments($0, isValue: true) } ?? ""
                add(condition, "-l \(option.name)\(short)\(value) -d '\(fishText(option.help))'")
            }
            add(condition, "-l help -s h -d 'show help'")
            add(condition, "-l help-all -d 'show help with all options in full'")
            if !command.operandChoice.isEmpty { add(condition, fishArguments(command.operandChoice, isValue: false)) }
        }
        return text
    }

    private func fishArguments(_ choice: CompletionChoice, isValue: Bool) -> String {
        var parts: [String] = []
        if isValue { parts.append(choice.isFile ? "-r" : "-x") }
        if choice.isFile { parts.append("-F") }
        if !choice.words.isEmpty { parts.append("-a '\(choice.words.joined(separator: " "))'") }
        return parts.joined(separator: " ")
    }

    /// Text for single quotes.
    private func fishText(_ text: String) -> String {
        var escaped = ""
        for character in text {
            if character == "'" || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }
}
