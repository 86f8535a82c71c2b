/// The tool's exit codes, as kubectl diff and sysexits(3) have them.
enum ExitCode: Int32 {
    case success = 0
    /// There are differences or findings.
    case findings = 1
    /// Bad input, or a problem on the host.
    case input = 2
    /// Wrong command line.
    case usage = 64
    /// The reader of the output is gone; what a shell reports for a process that SIGPIPE ended.
    case brokenPipe = 141
}

/// Why a command ends without success.
struct CommandFailure: Error {
    let exitCode: ExitCode
    /// The message; nil if the reader of the output is gone.
    let message: String?

    /// Wrong command line.
    static func usage(_ message: String, see command: String? = nil) -> CommandFailure {
        let help = command.map { "kubechains help \($0)" } ?? "kubechains help"
        return CommandFailure(exitCode: .usage, message: "error: \(message) (see '\(help)')")
    }

    /// Bad input or a problem on the host; the message is a complete diagnostic.
    static func input(_ diagnostic: String) -> CommandFailure {
        CommandFailure(exitCode: .input, message: diagnostic)
    }
}
