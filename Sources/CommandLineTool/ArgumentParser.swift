/// Parses a command's arguments by its options.
struct ArgumentParser {
    let command: Command

    /// Reads the arguments after the command's name.
    ///
    /// Options may stand anywhere; `--` ends them; of an option given twice the last value counts, unless it collects.
    func parse(_ arguments: [String]) throws(CommandFailure) -> Invocation {
        var invocation = Invocation()
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                invocation.operands += arguments[index...]
                break
            }
            guard argument.hasPrefix("-"), argument != "-" else {
                invocation.operands.append(argument)
                continue
            }
            let (spelling, attached) = argument.hasPrefix("--") ? splitLong(argument) : splitShort(argument)
            if spelling == "--help" || spelling == "-h" {
                invocation.wantsHelp = true
                continue
            }
            let option = try find(spelling)
            let value: String
            switch option.value {
            case .boolean:
                value = attached ?? "true"
            case .text(let placeholder):
                if let attached {
                    value = attached
                } else if index < arguments.count {
                    value = arguments[index]
                    index += 1
                } else {
                    throw .usage("the option \(spelling) needs a value: \(placeholder)", see: command.name)
                }
            }
            do {
                try option.apply(&invocation, value)
            } catch {
                throw .usage("\(spelling): \(error.message)", see: command.name)
            }
            invocation.given.append((option, value))
        }
        return invocation
    }

    /// `--name=value` in two.
    private func splitLong(_ argument: String) -> (String, String?) {
        guard let equals = argument.firstIndex(of: "=") else { return (argument, nil) }
        return (String(argument[..<equals]), String(argument[argument.index(after: equals)...]))
    }

    /// `-ovalue` or `-o=value` in two.
    private func splitShort(_ argument: String) -> (String, String?) {
        var rest = argument.dropFirst(2)
        if rest.isEmpty { return (argument, nil) }
        if rest.hasPrefix("=") { rest = rest.dropFirst() }
        return (String(argument.prefix(2)), String(rest))
    }

    private func find(_ spelling: String) throws(CommandFailure) -> OptionSpec {
        for option in command.allOptions {
            if spelling == "--" + option.name { return option }
            if let short = option.short, spelling == "-\(short)" { return option }
        }
        let known = command.allOptions.map { "--" + $0.name } + ["--help"]
        throw .usage(
            "unknown option '\(spelling)'" + Suggestion.text(for: spelling, among: known), see: command.name)
    }
}

/// Guesses what was meant.
enum Suggestion {
    /// `; did you mean 'X'?`, or nothing if no known word is similar.
    static func text(for word: String, among known: [String]) -> String {
        let letters = Array(word)
        let ranked = known.map { (distance(letters, Array($0)), $0) }.min { $0.0 < $1.0 }
        if let (distance, nearest) = ranked, distance <= max(2, letters.count / 4) {
            return "; did you mean '\(nearest)'?"
        }
        let longer = known.filter { $0.hasPrefix(word) }
        return longer.count == 1 ? "; did you mean '\(longer[0])'?" : ""
    }

    /// The edit distance: letters added, left out, replaced or swapped with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                var cost = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
