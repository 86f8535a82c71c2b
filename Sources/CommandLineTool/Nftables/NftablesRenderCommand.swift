internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

extension RenderOptions {
    /// Writes the text for nftables mode.
    func renderNftables(
        _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        guard outputFolder == nil else {
            throw RenderOptions.usage("--output-dir is for all Nodes or IPVS mode; give --all-nodes too")
        }
        guard let form = form.nftables else { throw RenderOptions.usage("-o \(form) is not for nftables mode") }
        let snapshot = prepared.snapshot
        let state = try prepared.nftablesPlan()
        console.say(
            prepared.diagnostics + snapshot.diagnostics(.warning, state.plan.warnings)
                + snapshot.diagnostics(.notice, state.notices))
        let output = try OutputFile(outputFile)
        let written = state.write(
            form, listedBy: nftVersion, to: unsafe TextWriter { chunk in unsafe output.write(chunk) })
        try output.finish()
        if wantsSummary {
            let text = "\(written.commands) commands, \(written.bytes) bytes"
            console.say(lines: [Command.summary(of: state.plan, snapshot, text)])
        }
        System.keep((prepared, state))
        return .success
    }
}
