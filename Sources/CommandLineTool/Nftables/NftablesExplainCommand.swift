internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeProxy

extension ExplainOptions {
    /// Explains a target in nftables mode.
    func explainNftables(
        _ target: ExplainTarget, _ text: String, _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let state = try prepared.nftablesPlan()
        console.say(prepared.diagnostics + prepared.snapshot.diagnostics(.warning, state.plan.warnings))
        let explanation = try found { () throws(ExplainTargetError) in
            try NftablesExplanation(target, state)
        }
        let report =
            switch output.form {
            case .json: NftablesReport.json(text, explanation)
            case .dot: NftablesReport.dot(explanation)
            case .mermaid: NftablesReport.mermaid(explanation)
            case .svg: NftablesReport.svg(explanation)
            default: NftablesReport.text(explanation, output.style)
            }
        try OutputFile.write(report, to: output.file)
        System.keep((prepared, explanation))
        return .success
    }
}
