/// The tool's exit codes, as kubectl diff and sysexits(3) have them.
enum ExitCode: Int32 {
    case success = 0
    /// There are differences or findings.
    case findings = 1
    /// The input or the host is at fault.
    case input = 2
    /// The command line is at fault.
    case usage = 64
    /// The reader of the output went away; what a shell reports of a process that SIGPIPE ended.
    case brokenPipe = 141
}

/// Why a command ends without success.
struct CommandFailure: Error {
    let exitCode: ExitCode
    /// What to say; nothing where the output's reader is gone.
    let message: String?

    /// The command line is at fault.
    static func usage(_ message: String, see command: String? = nil) -> CommandFailure {
        let help = command.map { "kubechains help \($0)" } ?? "kubechains help"
        return CommandFailure(exitCode: .usage, message: "error: \(message) (see '\(help)')")
    }

    /// The input or the host is at fault; the message is a whole diagnostic.
    static func input(_ diagnostic: String) -> CommandFailure {
        CommandFailure(exitCode: .input, message: diagnostic)
    }
}
