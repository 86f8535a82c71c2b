internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// Messages to the person at the terminal: standard error.
struct Console {
    private let isTerminal: Bool
    private let hasColor: Bool

    init() {
        let noColor = System.environment("NO_COLOR") ?? ""
        isTerminal = System.isTerminal(2)
        hasColor = isTerminal && noColor.isEmpty && System.environment("TERM") != "dumb"
    }

    /// Shows progress on a terminal, in a line that the next call or ``clearProgress()`` replaces.
    func showProgress(_ text: String) {
        if isTerminal { try? System.write("\r\u{1B}[K\(text)", to: 2) }
    }

    func clearProgress() {
        if isTerminal { try? System.write("\r\u{1B}[K", to: 2) }
    }

    func say(_ diagnostics: [Diagnostic]) {
        guard !diagnostics.isEmpty else { return }
        say(lines: diagnostics.map(\.description))
    }

    /// Writes lines, with the words `error:` and `warning:` coloured on a terminal.
    func say(lines: [String]) {
        var text = ""
        for line in lines { text += (hasColor ? colored(line) : line) + "\n" }
        // Standard error may be closed.
        try? System.write(text, to: 2)
    }

    private func colored(_ line: String) -> String {
        for (word, color) in [("error:", "31"), ("warning:", "33"), ("notice:", "36")] {
            if line.hasPrefix(word) { return "\u{1B}[1;\(color)m\(word)\u{1B}[0m" + line.dropFirst(word.count) }
            if let parts = line.parts(around: ": \(word)") {
                return "\(parts.before): \u{1B}[1;\(color)m\(word)\u{1B}[0m\(parts.after)"
            }
        }
        return line
    }
}
