internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import NetAddress

/// The programs of iptables for one family and backend.
struct IptablesPrograms: Sendable {
    let family: AddressFamily
    let backend: Generator.Backend
    private let savePath: String
    private let restorePath: String
    /// The numbers of the version, such as 1, 8, 9.
    private let version: [Int]

    /// The name for messages.
    var name: String { "\(family == .ipv4 ? "IPv4" : "IPv6"), \(backend.rawValue)" }

    /// Whether `MASQUERADE --random-fully` is supported; kube-proxy checks for 1.6.2 as well.
    var hasRandomFully: Bool { !version.lexicographicallyPrecedes([1, 6, 2]) }

    /// Finds the programs of a backend: those named after it, or the plain ones if they use this backend; nil if
    /// they are not installed.
    static func find(_ family: AddressFamily, _ backend: Generator.Backend) throws(CommandFailure) -> IptablesPrograms?
    {
        let plain = family == .ipv4 ? "iptables" : "ip6tables"
        for name in ["\(plain)-\(backend.rawValue)", plain] {
            guard let save = System.findProgram(name + "-save"), let restore = System.findProgram(name + "-restore"),
                let program = System.findProgram(name)
            else { continue }
            let words = try output(of: program, ["--version"]).split { $0 == " " || $0 == "\n" }
            // `iptables v1.8.9 (nf_tables)`; before 1.8 there was only the legacy backend, not named.
            guard words.count >= 2, (words.contains("(nf_tables)") ? .nft : .legacy) == backend else { continue }
            return IptablesPrograms(
                family: family, backend: backend, savePath: save, restorePath: restore,
                version: words[1].dropFirst().split(separator: ".").map { Int($0) ?? 0 })
        }
        return nil
    }

    /// The backend of the plain program; nil if it is not installed.
    static func defaultBackend(_ family: AddressFamily) throws(CommandFailure) -> Generator.Backend? {
        guard let program = System.findProgram(family == .ipv4 ? "iptables" : "ip6tables") else { return nil }
        return try output(of: program, ["--version"]).contains(text: "(nf_tables)") ? .nft : .legacy
    }

    /// Runs iptables-save, with counters, and reads what it prints.
    func save() throws(CommandFailure) -> Ruleset {
        let result = try IptablesPrograms.run(savePath, ["-c"])
        guard result.isSuccess else {
            throw .input("error: \(savePath) failed: \(IptablesPrograms.firstLine(result.errors))")
        }
        do {
            return try Ruleset(parsing: result.output, family: family)
        } catch {
            throw .input("\(savePath):\(error.line):\(error.column): error: \(error.message)")
        }
    }

    /// Passes a text to iptables-restore, which keeps all chains that the text does not name.
    ///
    /// - Parameters:
    ///   - isTest: whether it only checks the text (`--test`), which does not find everything.
    ///   - wait: how many seconds to wait for the lock that other programs may hold (legacy backend).
    func restore(
        _ text: [UInt8], isTest: Bool = false, wait: Int, whileWaiting: (Double) -> Void = { _ in }
    ) throws(CommandFailure) {
        let arguments = ["--noflush", "--counters", "-w", "\(wait)"] + (isTest ? ["--test"] : [])
        let result = try IptablesPrograms.run(restorePath, arguments, input: text, whileWaiting: whileWaiting)
        guard !result.isSuccess else { return }
        throw .input(explanation(of: result, text, wait: wait))
    }

    /// The command line that ``restore(_:isTest:wait:whileWaiting:)`` runs, for messages.
    func restoreCommand(wait: Int) -> String { "\(restorePath) --noflush --counters -w \(wait)" }

    private func explanation(of result: ProcessResult, _ text: [UInt8], wait: Int) -> String {
        if result.errors.contains(text: "xtables lock") {
            return "error: \(restorePath) waited \(wait) seconds for the xtables lock, which another program holds; "
                + "try again, or give --wait more seconds"
        }
        let what = result.errors.isEmpty ? "it says nothing of why" : IptablesPrograms.firstLine(result.errors)
        guard let number = IptablesPrograms.lineNumber(in: result.errors) else {
            return "error: \(restorePath) refused the rules: \(what)"
        }
        let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
        let line = number <= lines.count ? String(decoding: lines[number - 1], as: UTF8.self) : ""
        return "error: \(restorePath) refused the rules: \(what)\n    line \(number): \(line)"
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

    private static func output(of program: String, _ arguments: [String]) throws(CommandFailure) -> String {
        String(decoding: try run(program, arguments).output, as: UTF8.self)
    }

    private static func run(
        _ program: String, _ arguments: [String], input: [UInt8] = [], whileWaiting: (Double) -> Void = { _ in }
    ) throws(CommandFailure) -> ProcessResult {
        do {
            return try System.run(program, arguments, input: input, whileWaiting: whileWaiting)
        } catch {
            throw .input("error: \(program) can not be run: \(error)")
        }
    }
}
