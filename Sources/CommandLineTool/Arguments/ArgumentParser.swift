internal import KubeProxy

/// Parses a command's arguments by its options.
struct ArgumentParser<Options: CommandOptions> {
    enum Result {
        case options(Options)
        /// Help is asked for; with all options in full, or in short.
        case help(isComplete: Bool)
    }

    private let options = Options.groups.flatMap(\.options)

    /// Reads the arguments after the command's name.
    ///
    /// Options may stand anywhere; `--` ends them; of an option given twice the last value counts, unless it collects.
    func parse(_ arguments: [String]) throws(CommandFailure) -> Result {
        var parsed = Options()
        var help: Result?
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                parsed.operands += rest
                break
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                parsed.operands.append(argument)
                continue
            }
            let (spelling, attached) = argument.hasPrefix("--") ? ProxyFlag.split(argument) : splitShort(argument)
            switch spelling {
            case "-h", "--help": help = help ?? .help(isComplete: false)
            case "--help-all": help = .help(isComplete: true)
            default:
                let option = try find(spelling)
                let text = try value(of: option.spec, spelling, attached, &rest)
                do {
                    try option.apply(&parsed, text)
                } catch {
                    throw Options.usage("\(spelling): \(error.message)")
                }
            }
        }
        if let help { return help }
        guard parsed.inputs.count(where: { $0 == "-" }) <= 1 else {
            throw Options.usage("standard input can be read only once, but '-' is given several times")
        }
        return .options(parsed)
    }

    /// The value that is attached to an option, or follows it.
    private func value(
        of spec: OptionSpec, _ spelling: String, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(CommandFailure) -> String {
        if let attached { return attached }
        guard case .text(let placeholder) = spec.value else { return "true" }
        guard let value = rest.popFirst() else {
            throw Options.usage("the option \(spelling) needs a value: \(placeholder)")
        }
        return value
    }

    /// `-ovalue` or `-o=value` in two.
    private func splitShort(_ argument: String) -> (name: String, value: String?) {
        var rest = argument.dropFirst(2)
        if rest.isEmpty { return (argument, nil) }
        if rest.hasPrefix("=") { rest = rest.dropFirst() }
        return (String(argument.prefix(2)), String(rest))
    }

    private func find(_ spelling: String) throws(CommandFailure) -> Option<Options> {
        for option in options {
            if spelling == "--" + option.spec.name { return option }
            if let short = option.spec.short, spelling == "-\(short)" { return option }
        }
        let known = options.map { "--" + $0.spec.name } + ["--help"]
        throw Options.usage("unknown option '\(spelling)'" + Suggestion.text(for: spelling, among: known))
    }
}
