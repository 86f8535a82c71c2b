/// An option of a command. One table of them drives parsing, help, completions and the manual.
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
    /// The default, for help.
    var defaultText: String?
    /// The possible values, for completion, if the placeholder does not list them.
    var choices: [String] = []
    let apply: @Sendable (inout Invocation, String) throws(OptionError) -> Void

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

/// A command of the tool.
struct Command: Sendable {
    let name: String
    /// What follows the command's name in its usage line.
    let operands: String
    /// One line.
    let summary: String
    /// Paragraphs for `help COMMAND`.
    let discussion: [String]
    let options: [OptionGroup]
    let run: @Sendable (Invocation, Console) throws(CommandFailure) -> ExitCode

    var allOptions: [OptionSpec] { options.flatMap(\.options) }

    /// The factories of the commands, in the order of help. Only the command that runs is created: the texts
    /// and options of all take longer than rendering a small cluster.
    private static let table: [(name: String, command: @Sendable () -> Command)] = [
        ("render", { .render }), ("apply", { .apply }), ("diff", { .diff }), ("audit", { .audit }),
        ("explain", { .explain }), ("trace", { .trace }), ("lint", { .lint }), ("cleanup", { .cleanup }),
        ("help", { .help }),
    ]

    /// All commands.
    static var all: [Command] { table.map { $0.command() } }

    /// The command with a name; nil if there is none.
    static func find(_ name: String) -> Command? { table.first { $0.name == name }?.command() }
}

struct OptionGroup: Sendable {
    let title: String
    let options: [OptionSpec]
}
