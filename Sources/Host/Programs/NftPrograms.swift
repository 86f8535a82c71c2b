internal import KubeChainsBytes
package import KubeProxy
package import NetAddress
internal import Nftables

/// The program nft, which shows and changes the tables of nftables mode on this host.
package struct NftPrograms: HostAccess {
    /// The tables that are worked on.
    package let families: [AddressFamily]
    private let nft: String
    /// As nft prints it, such as `1.0.6`.
    private let version: String
    /// The names of the sysctls that are read.
    package var sysctls: [String] = []
    /// Called about once a second while nft runs.
    package var whileWaiting: (Double) -> Void = { _ in }

    /// The oldest nft that kube-proxy works with (kube-proxy 1.36: `getNFTablesInterface`).
    private static let oldestVersion = [1, 0, 1]
    /// The oldest kernel that kube-proxy works with.
    private static let oldestKernel = [5, 13]

    /// - Throws: ``HostError`` if nft is missing or too old.
    package init(_ families: [AddressFamily]) throws(HostError) {
        nft = try HostProgram.find("nft", package: "nftables")
        self.families = families
        let answer = try HostProgram.run(nft, ["--version"])
        // `nftables v1.0.6 (Lester Gooch #5)`.
        let words = String(decoding: answer.output, as: UTF8.self).split { $0 == " " || $0 == "\n" }
        guard answer.isSuccess, words.count >= 2, words[1].hasPrefix("v") else {
            throw HostError("error: \(nft) --version says nothing of a version: \(HostProgram.reason(answer))")
        }
        version = String(words[1].dropFirst())
        if NftPrograms.isOlder(version, than: NftPrograms.oldestVersion) {
            throw HostError(
                "error: \(nft) is version \(version), but kube-proxy's tables need 1.0.1 or later; install a newer "
                    + "package nftables, or name the folder of a newer nft with --program-path")
        }
    }

    /// Why kube-proxy would not start in nftables mode on a kernel; nil: it would.
    ///
    /// - Parameter release: the kernel's release, such as `5.10.0-28-amd64`.
    package static func refusal(ofKernel release: String) -> String? {
        guard isOlder(release, than: oldestKernel) else { return nil }
        return "the kernel is \(release), but kube-proxy in nftables mode needs 5.13 or later"
    }

    /// Whether a version comes before another one; one without numbers does not.
    private static func isOlder(_ version: String, than oldest: [Int]) -> Bool {
        var numbers: [Int] = []
        for part in version.split(separator: ".") {
            guard let number = Int(part.prefix { $0.isNumber }) else { break }
            numbers.append(number)
        }
        guard !numbers.isEmpty else { return false }
        return numbers.lexicographicallyPrecedes(oldest)
    }

    // MARK: Reading

    package func read() throws(HostError) -> NftablesHostState {
        // Listing a table that is not there fails; an empty answer is no table.
        let names = try output(["list", "tables"]).split(separator: "\n")
        var parts: [NftablesHostState.Part] = []
        for family in families {
            let keyword = family.keyword
            let isThere = names.contains { $0 == "table \(keyword) \(NftablesHostState.tableName)" }
            parts.append(.init(family, isThere ? try table(keyword) : nil))
        }
        return NftablesHostState(
            parts: parts,
            sysctls: sysctls.compactMap { name in
                System.text(of: "/proc/sys/\(name)").map { HostStep.Sysctl(name: name, value: $0) }
            })
    }

    private func table(_ keyword: String) throws(HostError) -> NftTable {
        let arguments = ["list", "table", keyword, NftablesHostState.tableName]
        let text = try output(arguments)
        do throws(NftError) {
            if let table = try NftTable.tables(fromListing: Array(text.utf8)).first { return table }
        } catch {
            throw HostError("\(command(arguments)):\(error.line): error: \(error.message)")
        }
        throw HostError("error: \(command(arguments)) lists no table, though there is one")
    }

    private func output(_ arguments: [String]) throws(HostError) -> String {
        let result = try HostProgram.run(nft, arguments)
        guard result.isSuccess else {
            var hint = ""
            if case .signal = result.ending {
                hint =
                    "\na table that a newer nft has made can crash nft \(version); install the one of kube-proxy's image, or "
                    + "name its folder with --program-path"
            }
            throw HostError("error: \(command(arguments)) failed: \(HostProgram.reason(result))\(hint)")
        }
        return String(decoding: result.output, as: UTF8.self)
    }

    private func command(_ arguments: [String]) -> String { ([nft] + arguments).joined(separator: " ") }

    // MARK: Changing

    package func check(_ step: HostStep) throws(HostError) {
        if case .write(let sysctl) = step.work { try sysctl.checkWritable() }
    }

    /// Does one step. nft gets the transaction as a file that is complete: what breaks off while it is written to a pipe would
    /// be a transaction too.
    package func run(_ step: HostStep) throws(HostError) {
        switch step.work {
        case .write(let sysctl): try sysctl.write()
        case .run(_, let arguments, let input):
            let result: ProcessResult
            do throws(SystemError) {
                result = try System.run(
                    nft, arguments, input: Array(input.utf8), isInputWhole: true, whileWaiting: whileWaiting)
            } catch {
                throw HostError("error: \(nft) cannot be run: \(error)")
            }
            if !result.isSuccess { throw HostError(explanation(of: result, input)) }
        }
    }

    /// Such as `/dev/stdin:12:1-40: Error: Could not process rule: File exists`.
    private func explanation(of result: ProcessResult, _ input: String) -> String {
        var text = "error: \(nft) refused the transaction, so nothing was changed: \(HostProgram.reason(result))"
        let numbers = HostProgram.firstLine(result.errors).split(separator: ":").dropFirst().first.flatMap { Int($0) }
        if let number = numbers, number > 0 {
            let lines = input.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
            if number <= lines.count { text += "\n    line \(number): \(lines[number - 1])" }
        }
        if result.errors.contains(text: "Operation not permitted") {
            text += "\nroot needs the capability CAP_NET_ADMIN for this, which containers often lack"
        }
        if result.errors.contains(text: "comment too long") {
            text +=
                "\nkube-proxy before 1.37 fails on this Service port too: shorten the names of the Service and its port"
        }
        if result.errors.contains(text: "No such file or directory") {
            text +=
                "\nthe kernel may lack a module: nf_tables, nft_nat, nft_masq, nft_fib_ipv4, nft_fib_ipv6, nft_numgen, "
                + "nft_ct and nft_reject are needed"
        }
        return text
    }

    package func command(of step: HostStep) -> String {
        switch step.work {
        case .write(let sysctl): "echo \(sysctl.value) > /proc/sys/\(sysctl.name)"
        case .run(_, let arguments, _): command(arguments)
        }
    }

    package func restored(by steps: [HostStep]) -> String { "the tables are as they were" }
}
