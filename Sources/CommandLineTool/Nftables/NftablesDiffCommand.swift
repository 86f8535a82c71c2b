internal import KubeChains
internal import KubeChainsJSON
internal import KubeProxy

extension DiffOptions {
    /// Compares tables of nftables mode.
    func compareNftables(
        _ sources: [SnapshotSource], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        guard output.form != .unified else { throw DiffOptions.usage("-o unified is not for nftables mode") }
        let (expected, actual) = try NftablesInput.readPair(sources, self)
        console.say(expected.diagnostics + actual.diagnostics)
        let comparison = NftablesComparison(expected: expected.table, actual: actual.table, isStrict: isStrict)
        let versions = ComparedVersions(expected: expected.version, actual: actual.version)
        let text =
            output.form == .json
            ? NftablesDiffReport.json(comparison, versions).text
            : NftablesDiffReport.text(comparison, versions, isBrief: isBrief, output.style)
        try OutputFile.write(text, to: output.file)
        return comparison.isSame ? .success : .findings
    }
}
