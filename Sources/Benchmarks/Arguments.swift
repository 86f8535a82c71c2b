/// What is wrong with a command line.
struct UsageError: Error, CustomStringConvertible {
    let description: String
}

/// Options by name, `--name VALUE`, and the other arguments; `--` ends options.
struct Arguments {
    private var values: [String: String] = [:]
    private(set) var others: [String] = []

    /// - Parameter names: the options that there are.
    init(_ arguments: [String], names: Set<String>) throws {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--" {
                others += rest
                return
            }
            guard argument.hasPrefix("--") else {
                others.append(argument)
                continue
            }
            let name = String(argument.dropFirst(2))
            guard names.contains(name) else { throw UsageError(description: "unknown option \(argument)") }
            guard let value = rest.popFirst() else { throw UsageError(description: "\(argument) needs a value") }
            values[name] = value
        }
    }

    /// The value of an option that must be given.
    func text(_ name: String) throws -> String {
        guard let value = values[name] else { throw UsageError(description: "--\(name) is missing") }
        return value
    }

    /// The value of an option that must be given, as a number above 0.
    func number(_ name: String) throws -> Int {
        let text = try text(name)
        guard let number = Int(text), number > 0 else {
            throw UsageError(description: "invalid value '\(text)' for --\(name): expected a number above 0")
        }
        return number
    }

    /// The value of an option as a number above 0; nil if it is not given.
    func optionalNumber(_ name: String) throws -> Int? { values[name] == nil ? nil : try number(name) }

    /// The value of an option, which is one of some words; the first one if it is not given.
    func word(_ name: String, of words: [String]) throws -> String {
        guard let value = values[name] else { return words[0] }
        guard words.contains(value) else {
            throw UsageError(
                description: "invalid value '\(value)' for --\(name): expected \(words.joined(separator: " or "))")
        }
        return value
    }

    /// The only argument that is no option.
    func file() throws -> String {
        guard others.count == 1 else { throw UsageError(description: "expected one FILE, found \(others.count)") }
        return others[0]
    }
}
