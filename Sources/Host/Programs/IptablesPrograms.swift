package import Iptables
internal import KubeChainsBytes
internal import KubeProxy
package import NetAddress

/// The programs of iptables for one family and backend.
package struct IptablesPrograms: Sendable {
    package let family: AddressFamily
    package let backend: Generator.Backend
    let savePath: String
    private let restorePath: String
    /// The numbers of the version, such as 1, 8, 9.
    private let version: [Int]

    /// The name for messages.
    package var name: String { "\(family == .ipv4 ? "IPv4" : "IPv6"), \(backend.rawValue)" }

    /// Whether `MASQUERADE --random-fully` is supported; kube-proxy checks for 1.6.2 as well.
    package var hasRandomFully: Bool { !version.lexicographicallyPrecedes([1, 6, 2]) }

    /// Finds the programs of a backend: those named after it, or the plain ones if they use this backend; nil if
    /// they are not installed.
    package static func find(_ family: AddressFamily, _ backend: Generator.Backend) throws(HostError)
        -> IptablesPrograms?
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
    package static func defaultBackend(_ family: AddressFamily) throws(HostError) -> Generator.Backend? {
        guard let program = System.findProgram(family == .ipv4 ? "iptables" : "ip6tables") else { return nil }
        return try output(of: program, ["--version"]).contains(text: "(nf_tables)") ? .nft : .legacy
    }

    /// Runs iptables-save and gives what it prints.
    func dump(_ arguments: [String] = []) throws(HostError) -> [UInt8] {
        let result = try HostProgram.run(savePath, arguments)
        guard result.isSuccess else {
            throw HostError("error: \(savePath) failed: \(HostProgram.reason(result))" + hint(result.errors))
        }
        return result.output
    }

    /// Runs iptables-save, with counters, and reads what it prints.
    package func save() throws(HostError) -> Ruleset {
        let text = try dump(["-c"])
        let rules: Ruleset
        do {
            rules = try Ruleset(parsing: text, family: family)
        } catch {
            throw HostError("\(savePath):\(error.line):\(error.column): error: \(error.message)")
        }
        if let hidden = rules.hiddenTable() {
            throw HostError("\(savePath):\(hidden.line):1: error: \(rules.refusal(of: hidden)); nothing was changed")
        }
        return rules
    }

    /// Passes a text to iptables-restore, which keeps all chains that the text does not name.
    ///
    /// - Parameters:
    ///   - isTest: whether it only checks the text (`--test`), which does not find everything.
    ///   - wait: how many seconds to wait for the lock that other programs may hold (legacy backend).
    package func restore(
        _ text: [UInt8], isTest: Bool = false, wait: Int, whileWaiting: (Double) -> Void = { _ in }
    ) throws(HostError) {
        let arguments = ["--noflush", "--counters", "-w", "\(wait)"] + (isTest ? ["--test"] : [])
        let result = try HostProgram.run(restorePath, arguments, input: text, whileWaiting: whileWaiting)
        guard !result.isSuccess else { return }
        throw HostError(explanation(of: result, text, wait: wait))
    }

    /// The command line that ``restore(_:isTest:wait:whileWaiting:)`` runs, for messages.
    package func restoreCommand(wait: Int) -> String { "\(restorePath) --noflush --counters -w \(wait)" }

    private func explanation(of result: ProcessResult, _ text: [UInt8], wait: Int) -> String {
        if result.errors.contains(text: "xtables lock") {
            return "error: \(restorePath) waited \(wait) seconds for the xtables lock, which another program holds; "
                + "try again, or give --wait more seconds"
        }
        let what = HostProgram.reason(result)
        let hint = hint(result.errors)
        guard let number = HostProgram.lineNumber(in: result.errors) else {
            return "error: \(restorePath) refused the rules: \(what)\(hint)"
        }
        let lines = text.split(separator: UInt8(ascii: "\n"), maxSplits: number, omittingEmptySubsequences: false)
        let line = number <= lines.count ? String(decoding: lines[number - 1], as: UTF8.self) : ""
        let table = lines.prefix(number).last { $0.first == UInt8(ascii: "*") }
        let place = table.map { "\n    table \(String(decoding: $0.dropFirst(), as: UTF8.self)), line" } ?? "\n    line"
        // The legacy backend's kernel refuses a table as a whole.
        let faulty =
            line == "COMMIT"
            ? Array(lines.prefix(number).reversed().prefix { $0.first != UInt8(ascii: "*") })
            : number <= lines.count ? [lines[number - 1]] : []
        return "error: \(restorePath) refused the rules: \(what)\(place) \(number): \(line)" + missingParts(of: faulty)
            + hint
    }

    /// What to do about a failure of the programs.
    private func hint(_ errors: String) -> String {
        if errors.contains(text: "Permission denied") || errors.contains(text: "Operation not permitted") {
            return "\nroot needs the capability CAP_NET_ADMIN for this, which containers often lack"
        }
        if family == .ipv6,
            errors.contains(text: "Address family not supported") || errors.contains(text: "can't initialize")
        {
            return "\nif this host has no IPv6, give --family ipv4"
        }
        return ""
    }

    /// What refused rules need that the kernel may not have: counters, and matches that the legacy backend has modules for.
    private func missingParts(of rules: [ArraySlice<UInt8>]) -> String {
        let matches = System.text(of: "/proc/net/\(family.keyword)_tables_matches")
        let known = backend == .legacy ? matches.map { Set($0.split(separator: "\n")) } : nil
        var missing: Set<Substring> = []
        var counters: Set<Substring> = []
        for rule in rules {
            let words = String(decoding: rule, as: UTF8.self).split(separator: " ")
            for (word, next) in zip(words, words.dropFirst()) {
                if word == "-m", let known, !known.contains(next) { missing.insert(next) }
                if word == "--nfacct-name" { counters.insert(next) }
            }
        }
        if let first = missing.sorted().first {
            return
                "\nthe kernel does not have the matches \(missing.sorted().joined(separator: ", ")); load their modules, such as "
                + "with 'modprobe xt_\(first)'"
        }
        guard !counters.isEmpty else { return "" }
        return
            "\nthe rules use nfacct counters: \(counters.sorted().joined(separator: ", ")); if they are missing, make them with "
            + "'nfacct add', or leave --nfacct out"
    }

    private static func output(of program: String, _ arguments: [String]) throws(HostError) -> String {
        String(decoding: try HostProgram.run(program, arguments).output, as: UTF8.self)
    }
}
