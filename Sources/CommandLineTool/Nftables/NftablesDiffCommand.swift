internal import KubeChains
internal import KubeChainsJSON
internal import KubeProxy

extension DiffOptions {
    /// Compares tables of nftables mode.
    func compareNftables(
        _ sources: [SnapshotSource], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        guard output.form == .text || output.form == .json else {
            throw DiffOptions.usage("-o \(output.form) is not for nftables mode")
        }
        guard !isNarrowed, !isStatistics else {
            throw DiffOptions.usage(
                "--namespace, --selector, --service, --ignore and --stat are not for nftables mode")
        }
        let (expected, actual) = try NftablesInput.readPair(sources, self)
        console.say(expected.diagnostics + actual.diagnostics)
        let comparison = NftablesComparison(expected: expected.table, actual: actual.table, isStrict: isStrict)
        let versions = ComparedVersions(expected: expected.version, actual: actual.version)
        let text =
            isQuiet
            ? ""
            : output.form == .json
                ? NftablesDiffReport.json(comparison, versions).text
                : NftablesDiffReport.text(comparison, versions, isBrief: isBrief, output.style)
        try OutputFile.write(text, to: output.file)
        return comparison.isSame ? .success : .findings
    }
}
