internal import KubeChainsBytes
internal import NetAddress

/// The possible words in one place of the command line.
struct CompletionChoice {
    var words: [String] = []
    var isFile = false
    /// Whether several of the words may be given, separated by commas.
    var isList = false

    var isEmpty: Bool { words.isEmpty && !isFile }
}

extension OptionSpec {
    /// The possible values of the option; nil if it takes none. In a placeholder lower-case words are literal, and
    /// `FILE` and `SAVE` for files.
    var choice: CompletionChoice? {
        guard case .text(let placeholder) = value else { return nil }
        let parts = placeholder.split(separator: "|").map(String.init)
        var choice = CompletionChoice()
        choice.words = choices.isEmpty ? parts.filter { $0.allSatisfy { $0.isLowercase || $0.isNumber } } : choices
        choice.isFile = parts.contains("FILE") || parts.contains("SAVE")
        choice.isList = placeholder.contains(text: "[,")
        return choice
    }

    /// `--output`, and `-o` where there is a short form.
    var spellings: [String] { ["--" + name] + (short.map { ["-\($0)"] } ?? []) }
}

extension Command {
    /// The possible values of an argument that is not an option.
    var operandChoice: CompletionChoice {
        self.name == Command.help.name
            ? CompletionChoice(words: Command.all.map(\.name)) : CompletionChoice(isFile: !operands.isEmpty)
    }
}

/// The shells that completions are written for, from the table of commands.
enum CompletionScript: String, CaseIterable {
    case bash, zsh, fish

    var text: String {
        switch self {
        case .bash: bashScript
        case .zsh: zshScript
        case .fish: fishScript
        }
    }

    /// The first line's comment, which every script has.
    var remark: String { "completions of kubechains, as 'kubechains --generate-completion-script \(self)' writes them" }

    /// The options in place of a command.
    static var generalOptions: [(name: String, help: String)] {
        HelpText.generalOptions.map { usage, help in
            (String(usage.split(separator: " ").first { $0.hasPrefix("--") } ?? ""), help)
        }
    }
}
