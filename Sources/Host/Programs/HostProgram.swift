/// A program of the host, and how its messages are read.
enum HostProgram {
    /// Finds a program that is needed.
    static func find(_ name: String, package: String) throws(HostError) -> String {
        guard let path = System.findProgram(name) else {
            throw HostError("error: \(name) is not installed; install the package \(package)")
        }
        return path
    }

    static func run(
        _ program: String, _ arguments: [String], input: [UInt8] = [], whileWaiting: (Double) -> Void = { _ in }
    ) throws(HostError) -> ProcessResult {
        do {
            return try System.run(program, arguments, input: input, whileWaiting: whileWaiting)
        } catch {
            throw HostError("error: \(program) can not be run: \(error)")
        }
    }

    /// The number of the line at fault: `line 12 failed`, `Error occurred at line: 12`, and ip's `Command failed -:12`.
    static func lineNumber(in errors: String) -> Int? {
        let words = errors.split { " :\n".contains($0) }
        for (index, word) in words.enumerated().dropLast() where word == "line" || word == "-" {
            if let number = Int(words[index + 1]), number > 0 { return number }
        }
        return nil
    }

    /// The first meaningful line of a message.
    static func firstLine(_ text: String) -> Substring {
        let lines = text.split(separator: "\n")
        // iptables-nft ends its first line before the reason.
        guard let first = lines.first else { return "" }
        return first.hasSuffix(": ") || first.hasSuffix(":") ? lines.dropFirst().first ?? first : first
    }
}
