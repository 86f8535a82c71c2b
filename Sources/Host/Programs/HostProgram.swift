/// A program of the host, and how its messages are read.
enum HostProgram {
    /// Finds a program that is needed.
    static func find(_ name: String, package: String) throws(HostError) -> String {
        guard let path = System.findProgram(name) else { throw missing(name, package: package) }
        return path
    }

    /// What is said of a program that is needed and not there.
    static func missing(_ name: String, package: String) -> HostError {
        HostError(
            "error: \(name) is not installed: it is in none of \(System.programFolders.joined(separator: ", ")); install the package "
                + "\(package), or name the folder with --program-path")
    }

    /// Why a program failed, for a message: what it said, or the signal that ended it.
    static func reason(_ result: ProcessResult) -> String {
        if case .signal(let number) = result.ending { return "it was ended by signal \(number)" }
        let line = firstLine(result.errors)
        return line.isEmpty ? "it says nothing of why" : String(line)
    }

    static func run(
        _ program: String, _ arguments: [String], input: [UInt8] = [], whileWaiting: (Double) -> Void = { _ in }
    ) throws(HostError) -> ProcessResult {
        do {
            return try System.run(program, arguments, input: input, whileWaiting: whileWaiting)
        } catch {
            throw HostError("error: \(program) cannot be run: \(error)")
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

    /// The first meaningful line of a message: not a remark (`# Warning: iptables-legacy tables present`), nor what modprobe says
    /// that the program has run, unless there is nothing else.
    static func firstLine(_ text: String) -> Substring {
        let all = text.split(separator: "\n")
        let meaningful = all.filter { !$0.hasPrefix("#") && !$0.hasPrefix("modprobe: ") }
        let lines = meaningful.isEmpty ? all : meaningful
        // iptables-nft ends its first line before the reason.
        guard let first = lines.first else { return "" }
        return first.hasSuffix(": ") || first.hasSuffix(":") ? lines.dropFirst().first ?? first : first
    }
}
