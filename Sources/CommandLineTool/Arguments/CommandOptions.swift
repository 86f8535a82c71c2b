internal import KubeChainsJSON
internal import KubeProxy

/// What a command takes from its command line. A value is made from the arguments once, before the command runs.
protocol CommandOptions: Sendable {
    /// The command's name.
    static var command: String { get }
    /// The command's options, in the order of help: its own first, shared ones after them.
    static var groups: [OptionGroup<Self>] { get }
    /// The modes that the command serves; none if it reads no snapshot.
    static var modes: [ProxyMode] { get }

    /// The arguments that are not options.
    var operands: [String] { get set }
    /// The paths of everything that is read, of which `-` is standard input.
    var inputs: [String] { get }
    /// What is to be said about the options before the command runs.
    var warnings: [Diagnostic] { get }

    /// The options without any argument.
    init()
}

extension CommandOptions {
    static var modes: [ProxyMode] { [] }
    var inputs: [String] { operands }
    var warnings: [Diagnostic] { [] }

    /// An error of the command line, which points to the command's help.
    static func usage(_ message: String) -> CommandFailure { .usage(message, see: command) }
}
