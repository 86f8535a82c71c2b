public import Iptables
public import KubeChainsBytes
internal import KubeObjects

/// The size of a plan's text.
public struct TextSummary: Sendable, Hashable {
    /// Chains of both tables.
    public var chains = 0
    /// Rules of both tables.
    public var rules = 0
    /// The length of the text in bytes.
    public var bytes = 0
    /// The rules of the nat table's chain KUBE-SERVICES, which a new connection traverses; of the restore form only.
    public var servicesDepth = 0
}

extension IptablesPlan {
    /// Writes the plan's chains and rules: the `filter` table, then the `nat` table.
    ///
    /// - Parameter workers: threads that may write parts of a long text; the text is the same without them.
    /// - Returns: how much was written.
    @discardableResult
    public func write(
        _ form: TextForm, to text: consuming TextWriter, with workers: Workers? = nil
    ) -> TextSummary {
        let rules = RuleComposer(self)
        switch form {
        case .restore: return writeRestore(rules, text, workers: workers)
        case .save: return writesSpellings ? writeSavedSpellings(text) : writeSave(rules, text)
        }
    }

    /// The plan's chains and rules as a string.
    public func text(_ form: TextForm) -> String {
        var result: [UInt8] = []
        write(form, to: unsafe TextWriter { chunk in unsafe result.append(contentsOf: chunk) })
        return String(decoding: result, as: UTF8.self)
    }

    /// Writes what has to change on a host: the plan's chains to rewrite, the missing jumps, and the
    /// removal of chains that are no longer used. A table in which nothing changes is left out.
    ///
    /// - Returns: how much was written.
    @discardableResult
    public func write(_ changes: HostChanges, to text: consuming TextWriter) -> TextSummary {
        writeRestore(RuleComposer(self), text, changes)
    }

    private func writeRestore(
        _ rules: RuleComposer, _ text: consuming TextWriter, _ changes: HostChanges? = nil, workers: Workers? = nil
    ) -> TextSummary {
        var output = RestoreTextSink(text)
        if changes?.isEmpty(table: "filter") != true {
            output.beginTable("filter", changes?.filterChains)
            for chain in rules.filterChains { output.declare(chain) }
            if let changes { output.text.append(changes, jumpsOf: "filter") }
            rules.addFilterRules(to: &output)
            output.text.append("COMMIT\n")
        }
        if changes?.isEmpty(table: "nat") != true {
            output.beginTable("nat", changes?.natChains)
            for chain in RuleComposer.fixedNATChains { output.declare(chain) }
            eachServicePort(&output, workers) { port, output in eachChain(of: port) { output.declare($0) } }
            for chain in changes?.staleChains ?? [] { output.text.append(":", chain, " - [0:0]\n") }
            if let changes { output.text.append(changes, jumpsOf: "nat") }
            rules.addMasqueradeRules(to: &output)
            eachServicePort(&output, workers) { port, output in rules.addNatRules(of: port, to: &output) }
            for chain in changes?.staleChains ?? [] { output.text.append("-X ", chain, "\n") }
            rules.addNodePortTail(to: &output)
            output.text.append("COMMIT\n")
        }
        output.text.flush()
        return TextSummary(
            chains: output.chainCount, rules: output.ruleCount, bytes: output.text.totalCount,
            servicesDepth: output.servicesDepth)
    }

    /// Writes what `body` writes of each Service port, in order. With workers, every second block of
    /// Service ports is written concurrently with the one before it.
    private func eachServicePort(
        _ output: inout RestoreTextSink, _ workers: Workers?,
        _ body: @escaping @Sendable (ServicePortPlan, inout RestoreTextSink) -> Void
    ) {
        let part = RestoreTextPart()
        var start = 0
        while let block = block(from: start) {
            start = block.upperBound
            var beside: PendingWork<Void>?
            if let workers, let next = self.block(from: start) {
                start = next.upperBound
                let (ports, chains) = (plan.servicePorts, output.chains)
                beside = workers.begin {
                    part.write(chains) { output in
                        for index in next { body(ports[index], &output) }
                    }
                }
            }
            for index in block { body(plan.servicePorts[index], &output) }
            if let beside {
                beside.value()
                output.append(part)
            }
        }
    }

    /// The Service ports from `start` on whose text is worth a thread: about a megabyte.
    private func block(from start: Int) -> Range<Int>? {
        let ports = plan.servicePorts
        guard start < ports.count else { return nil }
        var (end, size) = (start, 0)
        while end < ports.count, size < 4000 {
            size += 1 + ports.endpointCount(of: end)
            end += 1
        }
        return start..<end
    }

    private func writeSave(_ rules: RuleComposer, _ text: consuming TextWriter) -> TextSummary {
        var summary = TextSummary()
        var output = text
        var natChains: [ChainName] = []
        rules.eachNatChain { natChains.append($0) }

        var filter = SaveTextSink()
        rules.addFilterRules(to: &filter)
        summary.rules += filter.ruleCount
        output.append("*filter\n")
        filter.finish(rules.filterChains, to: &output)
        output.append("COMMIT\n*nat\n")

        var nat = SaveTextSink()
        rules.addNatRules(to: &nat)
        summary.rules += nat.ruleCount
        nat.finish(natChains, to: &output)
        output.append("COMMIT\n")
        output.flush()
        summary.chains = rules.filterChains.count + natChains.count
        summary.bytes = output.totalCount
        return summary
    }
}

extension TextWriter {
    /// Appends the commands that put a table's missing jumps at the top of their chains.
    fileprivate mutating func append(_ changes: HostChanges, jumpsOf table: String) {
        for entry in changes.createdChains where entry.table == table { append("-N ", entry.chain.name, "\n") }
        for jump in changes.missingJumps where jump.table == table {
            append("-I ", jump.chain, "")
            jump.rule.write(to: &self)
            append(UInt8(ascii: "\n"))
        }
    }

    /// Appends a line about a chain.
    mutating func append(_ before: StaticString, _ chain: String, _ after: StaticString) {
        append(before)
        append(string: chain)
        append(after)
    }
}
