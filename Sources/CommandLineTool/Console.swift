internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// Messages to the person at the terminal: standard error.
struct Console {
    private let isTerminal = System.isTerminal(2)
    private let style = Terminal.style(of: 2)

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

    /// Writes messages, with the words `error:` and `warning:` coloured on a terminal, and with what input has of invisible
    /// characters escaped. They are not wrapped, since programs read them too.
    func say(lines: [String]) {
        var text = ""
        for line in lines {
            for part in line.split(separator: "\n", omittingEmptySubsequences: false) {
                text += colored(String(part).escapingInvisible()) + "\n"
            }
        }
        // Standard error may be closed.
        try? System.write(text, to: 2)
    }

    private func colored(_ line: String) -> String {
        guard style.isColored else { return line }
        for (word, paint) in [("error:", TextPaint.error), ("warning:", .warning), ("notice:", .information)] {
            if line.hasPrefix(word) { return style.painted(word, paint) + line.dropFirst(word.count) }
            if let parts = line.parts(around: ": \(word)") {
                return "\(parts.before): \(style.painted(word, paint))\(parts.after)"
            }
        }
        return line
    }
}
