internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// What has to be written to this host in one family.
struct HostWork {
    let iptables: IptablesPrograms
    /// The rules before anything is written, with counters.
    let before: Ruleset
    let wanted: IptablesPlan
    let changes: HostChanges
    /// The text for iptables-restore.
    let text: [UInt8]
    private let summary: TextSummary

    init(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, _ rules: HostRules, isIncremental: Bool
    ) throws(CommandFailure) {
        var settings = settings
        settings.family = rules.iptables.family
        iptables = rules.iptables
        before = rules.live
        let plan = try input { () throws(SnapshotError) in try NodePlan(snapshot, settings, with: System.workers) }
        wanted = IptablesPlan(plan, with: System.workers)
        changes = HostChanges(wanted, before, isIncremental: isIncremental)
        var bytes: [UInt8] = []
        summary = wanted.write(
            changes, to: unsafe TextWriter(chunkSize: 1 << 20) { unsafe bytes.append(contentsOf: $0) })
        text = bytes
    }

    var plan: NodePlan { wanted.plan }

    /// Prints the text; with a comment that names the program it is for, if there are several texts.
    func printText(isNamed: Bool, _ wait: Int) throws(CommandFailure) {
        let output = try OutputFile(nil)
        let head = isNamed ? Array("# \(iptables.restoreCommand(wait: wait))\n".utf8) : []
        for bytes in [head, text] {
            unsafe bytes.withUnsafeBufferPointer { buffer in unsafe output.write(buffer) }
        }
        try output.finish()
    }

    /// A report of what was written.
    var report: String {
        guard !text.isEmpty else { return "\(iptables.name): nothing to change" }
        func count(_ number: Int, _ what: String) -> String { "\(number) \(what)\(number == 1 ? "" : "s")" }
        var parts = ["\(count(summary.chains, "chain")) and \(count(summary.rules, "rule")) written"]
        if !changes.missingJumps.isEmpty { parts.append("\(count(changes.missingJumps.count, "jump")) added") }
        if !changes.staleChains.isEmpty { parts.append("\(count(changes.staleChains.count, "chain")) deleted") }
        return "\(iptables.name): " + parts.joined(separator: ", ")
    }

    /// Lets iptables-restore check the text (`--test`).
    func test(_ wait: Int, _ whileWaiting: (Double) -> Void) throws(CommandFailure) {
        try iptables.restore(text, isTest: true, wait: wait, whileWaiting: whileWaiting)
    }

    /// Writes the rules. If the nat table is refused after the filter table has been written, the filter table gets its
    /// rules back, so that the host is as it was.
    func write(_ wait: Int, _ whileWaiting: (Double) -> Void) throws(CommandFailure) {
        do {
            try iptables.restore(text, wait: wait, whileWaiting: whileWaiting)
        } catch {
            throw try undo(after: error, wait: wait)
        }
    }

    /// Undoes what was written before a failure.
    ///
    /// - Returns: the failure, with the resulting state of the host.
    private func undo(after failure: CommandFailure, wait: Int) throws(CommandFailure) -> CommandFailure {
        let message = failure.message ?? ""
        let wasWrong = !HostChanges(wanted, before, isIncremental: true).isEmpty(table: "filter")
        let now = try iptables.save()
        guard wasWrong, HostChanges(wanted, now, isIncremental: true).isEmpty(table: "filter") else {
            return .input(message + "\nthe host's rules are as they were")
        }
        do {
            try iptables.restore(wanted.undo(changes, table: "filter", before: before), wait: wait)
        } catch {
            return .input(
                message + "\nthe filter table was written before, and could not be given its rules back:\n"
                    + (error.message ?? ""))
        }
        return .input(message + "\nthe filter table, which was written before, has its rules back")
    }
}
