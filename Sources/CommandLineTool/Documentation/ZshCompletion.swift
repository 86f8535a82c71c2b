extension CompletionScript {
    var zshScript: String {
        var commands = ""
        var arguments = ""
        for command in Command.all {
            commands += "            '\(zshText("\(command.name):\(command.summary)"))'\n"
            arguments += "        \(command.name))\n            _arguments \\\n"
            for option in command.allOptions {
                arguments += "                \(zshSpecification(option)) \\\n"
            }
            arguments += "                '(-h --help)'{-h,--help}'[show help]' \\\n"
            arguments += "                '--help-all[show help with all options in full]' \\\n"
            let operand = command.operandChoice
            arguments += "                '*:argument:\(zshAction(operand))'\n            ;;\n"
        }
        let general = CompletionScript.generalOptions.map { name, help in
            let value =
                name == "--generate-completion-script"
                ? ":shell:(\(CompletionScript.allCases.map(\.rawValue).joined(separator: " ")))" : ""
            return "        '(- *)\(name)[\(zshText(help))]\(value)' \\\n"
        }.joined()
        return """
            #compdef kubechains kubectl-chains
            # \(remark)

            _kubechains() {
                local curcontext=$curcontext state line
                typeset -A opt_args
                _arguments -C \\
            \(general)        '1:command:->command' \\
                    '*::argument:->argument'
                case $state in
                command)
                    local -a commands=(
            \(commands)        )
                    _describe command commands
                    ;;
                argument)
                    case $words[1] in
            \(arguments)        esac
                    ;;
                esac
            }

            if [[ $funcstack[1] == _kubechains ]]; then
                _kubechains "$@"
            else
                compdef _kubechains kubechains kubectl-chains
            fi

            """
    }

    private func zshSpecification(_ option: OptionSpec) -> String {
        let help = "[\(zshText(option.help))]"
        guard case .text(let placeholder) = option.value, let choice = option.choice else {
            return "'*--\(option.name)\(help)'"
        }
        let value = ":\(zshText(placeholder)):\(zshAction(choice))"
        guard let short = option.short else { return "'*--\(option.name)=\(help)\(value)'" }
        return "'*'{-\(short)+,--\(option.name)=}'\(help)\(value)'"
    }

    private func zshAction(_ choice: CompletionChoice) -> String {
        let words = choice.words.joined(separator: " ")
        if choice.isList, !words.isEmpty { return "_values -s , value \(words)" }
        if choice.isFile, !words.isEmpty {
            // After a space zsh calls it as it is, without adding arguments.
            return " _alternative \"words\\:word\\:(\(words))\" \"files\\:file\\:_files\""
        }
        return choice.isFile ? "_files" : words.isEmpty ? " " : "(\(words))"
    }

    /// A text in a specification that stands in single quotes.
    private func zshText(_ text: String) -> String {
        var escaped = ""
        for character in text {
            switch character {
            case "'": escaped += #"'\''"#
            case "[", "]": escaped += "\\\(character)"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
