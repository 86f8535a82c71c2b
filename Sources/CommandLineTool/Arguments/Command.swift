internal import KubeProxy

/// A command of the tool.
struct Command: Sendable {
    private enum Outcome {
        case ended(ExitCode)
        case wantsHelp(isComplete: Bool)
    }

    let name: String
    /// What follows the command's name in its usage line.
    let operands: String
    /// One line.
    let summary: String
    /// Paragraphs for `help COMMAND`.
    let discussion: [String]
    /// The modes that the command serves; none if it reads no snapshot.
    let modes: [ProxyMode]
    private let makeSections: @Sendable () -> [OptionSection]
    private let body: @Sendable ([String], Console) throws(CommandFailure) -> Outcome

    /// A command whose arguments are parsed into `Options`.
    init<Options: CommandOptions>(
        operands: String, summary: String, discussion: [String] = [],
        run: @escaping @Sendable (Options, Console) throws(CommandFailure) -> ExitCode
    ) {
        name = Options.command
        self.operands = operands
        self.summary = summary
        self.discussion = discussion
        modes = Options.modes
        makeSections = {
            Options.groups.map { group in
                OptionSection(title: group.title, isShared: group.isShared, options: group.options.map(\.spec))
            }
        }
        body = { arguments, console throws(CommandFailure) in
            switch try ArgumentParser<Options>().parse(arguments) {
            case .help(let isComplete): return .wantsHelp(isComplete: isComplete)
            case .options(let options):
                console.say(options.warnings)
                return .ended(try run(options, console))
            }
        }
    }

    var sections: [OptionSection] { makeSections() }
    var allOptions: [OptionSpec] { sections.flatMap(\.options) }

    /// Runs the command, or shows its help.
    func run(_ arguments: [String], _ console: Console) throws(CommandFailure) -> ExitCode {
        switch try body(arguments, console) {
        case .ended(let code): return code
        case .wantsHelp(let isComplete):
            try HelpText.print(HelpText.page(for: self, isComplete: isComplete, Terminal.style(of: 1)))
            return .success
        }
    }

    /// The factories of the commands, in the order of help. Only the command that runs is created: the texts
    /// and options of all take longer than rendering a small cluster.
    private static let table: [(name: String, command: @Sendable () -> Command)] = [
        ("render", { .render }), ("apply", { .apply }), ("diff", { .diff }), ("audit", { .audit }),
        ("explain", { .explain }), ("trace", { .trace }), ("reach", { .reach }), ("check", { .check }),
        ("upgrade", { .upgrade }),
        ("lint", { .lint }), ("report", { .report }), ("cleanup", { .cleanup }),
        ("help", { .help }),
    ]

    /// All commands.
    static var all: [Command] { table.map { $0.command() } }

    /// The command with a name; nil if there is none.
    static func find(_ name: String) -> Command? { table.first { $0.name == name }?.command() }

    /// The command with this name.
    static func named(_ name: String) throws(CommandFailure) -> Command {
        if let command = find(name) { return command }
        throw .usage("unknown command '\(name)'" + Suggestion.text(for: name, among: all.map(\.name)))
    }

    /// Why a command refuses a mode that others serve.
    static func refusal(of mode: ProxyMode) -> String {
        let names = all.filter { $0.modes.contains(mode) }.map(\.name)
        let list =
            names.count == 1
            ? "\(names[0]) serves" : names.dropLast().joined(separator: ", ") + " and \(names.last ?? "") serve"
        return "only \(list) mode \(mode.rawValue); "
            + "give --proxy-mode iptables for the rules of iptables mode"
    }
}
