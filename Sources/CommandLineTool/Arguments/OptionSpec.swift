internal import KubeProxy

/// What help, completions, the manual and the parser know of an option.
struct OptionSpec: Sendable {
    enum Value: Sendable {
        /// Takes a value only as `--option=BOOL`.
        case boolean
        /// Takes a value, called so in help.
        case text(String)
    }

    let name: String
    var short: Character?
    let value: Value
    let help: String
    /// The command's default, for help.
    var defaultText: String?
    /// The possible values, for completion, if the placeholder does not list them.
    var choices: [String] = []
    /// Whether short help describes it too, where its section is in short.
    var isCommon = false

    /// `-o, --output FORM`.
    var usage: String {
        let short = self.short.map { "-\($0), " } ?? ""
        switch value {
        case .boolean: return "\(short)--\(name)"
        case .text(let placeholder): return "\(short)--\(name) \(placeholder)"
        }
    }
}

/// What is wrong with an option's value.
struct OptionError: Error {
    let message: String
}

/// An option of a command, and what it changes in the command's options.
struct Option<Options>: Sendable {
    let spec: OptionSpec
    let apply: @Sendable (inout Options, String) throws(OptionError) -> Void

    init(_ spec: OptionSpec, _ apply: @escaping @Sendable (inout Options, String) throws(OptionError) -> Void) {
        self.spec = spec
        self.apply = apply
    }

    /// An option that takes a value.
    init(
        _ name: String, short: Character? = nil, _ placeholder: String, _ help: String,
        default defaultText: String? = nil,
        choices: [String] = [], _ apply: @escaping @Sendable (inout Options, String) throws(OptionError) -> Void
    ) {
        spec = OptionSpec(
            name: name, short: short, value: .text(placeholder), help: help, defaultText: defaultText, choices: choices)
        self.apply = apply
    }

    /// An option that is off unless it is given.
    static func boolean(
        _ name: String, short: Character? = nil, _ help: String,
        _ set: @escaping @Sendable (inout Options, Bool) -> Void
    ) -> Option {
        Option(OptionSpec(name: name, short: short, value: .boolean, help: help, defaultText: "false")) {
            options, text throws(OptionError) in
            do throws(SettingError) {
                set(&options, try ProxyFlag.boolean(text))
            } catch {
                throw OptionError(message: error.description)
            }
        }
    }
}

/// Options with a title in help.
struct OptionGroup<Options>: Sendable {
    let title: String
    /// Whether the group is one of those that every command with a snapshot has.
    var isShared = false
    let options: [Option<Options>]
}

/// A group as help, completions and the manual see it.
struct OptionSection: Sendable {
    let title: String
    let isShared: Bool
    let options: [OptionSpec]
}
