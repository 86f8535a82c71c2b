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
        var comparison = NftablesComparison(
            expected: expected.table, actual: actual.table, isStrict: isStrict, ignoresEndpoints: ignoresEndpoints)
        let scope = try scope(
            [expected.snapshot, actual.snapshot], others: comparison.servicePorts.map(\.label.service))
        comparison = narrowed(comparison, scope)
        let versions = ComparedVersions(expected: expected.version, actual: actual.version)
        let text =
            switch output.form {
            case _ where isQuiet: ""
            case _ where isStatistics: NftablesDiffReport.statistics(comparison, output.style)
            case .json: NftablesDiffReport.json(comparison, versions).text
            case .junit, .sarif, .github:
                FindingsReport(
                    diff: comparison,
                    actual: ComparedInput(
                        sources[1].name, actual.snapshot, places: comparison.servicePorts.map(\.label.service)),
                    version: Tool.number
                ).text(output.form, of: sources[1].name) ?? ""
            default: NftablesDiffReport.text(comparison, versions, isBrief: isBrief, output.style)
            }
        try OutputFile.write(text, to: output.file)
        return comparison.isSame ? .success : .findings
    }

    /// What of a comparison is wanted.
    func narrowed(_ comparison: NftablesComparison, _ scope: ServiceScope) -> NftablesComparison {
        scope.isEverything ? comparison : comparison.limited { scope.contains($0.service) }
    }
}
