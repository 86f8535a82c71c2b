extension CompletionScript {
    var bashScript: String {
        var values = ""
        var options = ""
        var operands = ""
        for command in Command.all {
            for option in command.allOptions {
                guard let choice = option.choice else { continue }
                let patterns = option.spellings.map { "\(command.name):\($0)" }.joined(separator: "|")
                values += "        \(patterns)) \(bashCall(choice)) ;;\n"
            }
            let names = command.allOptions.flatMap(\.spellings) + ["--help", "--help-all"]
            options += "        \(command.name)) words='\(names.joined(separator: " "))' ;;\n"
            operands += "        \(command.name)) \(bashCall(command.operandChoice)) ;;\n"
        }
        let first = (Command.all.map(\.name) + CompletionScript.generalOptions.map(\.name)).joined(separator: " ")
        return """
            # \(remark)

            # Offers words; of a list with commas those for its last part.
            _kubechains_words() {
                local prefix=
                if [[ $1 == list && $cur == *,* ]]; then prefix=${cur%,*},; fi
                COMPREPLY+=($(compgen -P "$prefix" -W "$2" -- "${cur#"$prefix"}"))
            }

            _kubechains_files() {
                compopt -o filenames 2>/dev/null
                local IFS=$'\\n'
                COMPREPLY+=($(compgen -f -- "$cur"))
            }

            _kubechains() {
                local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} option= words=
                COMPREPLY=()
                if ((COMP_CWORD == 1)); then
                    _kubechains_words one '\(first)'
                    return
                fi
                if [[ $command == --generate-completion-script ]]; then
                    _kubechains_words one '\(CompletionScript.allCases.map(\.rawValue).joined(separator: " "))'
                    return
                fi
                # Readline makes three words of --option=value.
                if [[ $cur == = ]]; then
                    option=${COMP_WORDS[COMP_CWORD - 1]} cur=
                elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
                    option=${COMP_WORDS[COMP_CWORD - 2]}
                else
                    option=${COMP_WORDS[COMP_CWORD - 1]}
                fi
                case $command:$option in
            \(values)        *) option= ;;
                esac
                if [[ -n $option ]]; then return; fi
                case $cur in
                -*)
                    case $command in
            \(options)        esac
                    _kubechains_words one "$words"
                    ;;
                *)
                    case $command in
            \(operands)        esac
                    ;;
                esac
            }

            complete -F _kubechains kubechains kubectl-chains

            """
    }

    private func bashCall(_ choice: CompletionChoice) -> String {
        var calls: [String] = []
        if !choice.words.isEmpty {
            calls.append(
                "_kubechains_words \(choice.isList ? "list" : "one") '\(choice.words.joined(separator: " "))'")
        }
        if choice.isFile { calls.append("_kubechains_files") }
        return calls.isEmpty ? ":" : calls.joined(separator: "; ")
    }
}
