internal import KubeChainsHost

@main
enum Tool {
    static let number = "0.1.0"
    /// The date of this version, for the manual.
    static let date = "2026-11-25"
    static let version = "kubechains \(number) (kube-proxy 1.36.2, iptables mode)"
    /// The start time, for the summary.
    static let start = System.seconds

    static func main() {
        _ = start
        System.prepareProcess()
        System.explainBusErrors()
        System.exit(run(Array(CommandLine.arguments.dropFirst()), Console()).rawValue)
    }

    /// Runs the command that the arguments name.
    private static func run(_ arguments: [String], _ console: Console) -> ExitCode {
        do throws(CommandFailure) {
            guard !CommandLine.arguments.isEmpty else {
                throw .input("error: the arguments cannot be read: /proc/self/cmdline cannot be opened")
            }
            guard let name = arguments.first else {
                throw .usage("no command is given; expected one such as 'render'")
            }
            switch name {
            case "--version":
                try HelpText.print(version + "\n")
                return .success
            case "-h", "--help":
                try HelpText.print(HelpText.overview(Terminal.style(of: 1)))
                return .success
            case "--generate-completion-script":
                guard arguments.count == 2, let shell = CompletionScript(rawValue: arguments[1]) else {
                    let found = arguments.count > 1 ? "found '\(arguments[1])'" : "found nothing"
                    throw .usage("--generate-completion-script needs a shell: bash, zsh or fish; \(found)")
                }
                try HelpText.print(shell.text)
                return .success
            case "--generate-manual":
                try HelpText.print(ManualPage.text)
                return .success
            default:
                break
            }
            guard !name.hasPrefix("-") else {
                throw .usage("the command comes first, before the option '\(name)'")
            }
            return try Command.named(name).run(Array(arguments.dropFirst()), console)
        } catch {
            if let message = error.message { console.say(lines: [message]) }
            return error.exitCode
        }
    }
}
