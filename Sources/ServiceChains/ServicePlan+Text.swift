public import Netfilter

/// How much text a plan gave.
public struct TextSummary: Sendable, Hashable {
    /// Chains of both tables.
    public var chains = 0
    /// Rules of both tables.
    public var rules = 0
    /// The length of the text in bytes.
    public var bytes = 0
    /// The rules of the nat table's chain KUBE-SERVICES, which a new connection walks through; of the restore form only.
    public var servicesDepth = 0
}

extension ServicePlan {
    /// Writes the plan's chains and rules: the `filter` table, then the `nat` table.
    ///
    /// - Returns: how much was written.
    @discardableResult
    public func write(_ form: TextForm, to text: consuming TextWriter) -> TextSummary {
        let rules = ServiceRules(self)
        switch form {
        case .restore: return writeRestore(rules, text)
        case .save: return writeSave(rules, text)
        }
    }

    /// The plan's chains and rules as a string.
    public func text(_ form: TextForm) -> String {
        var result: [UInt8] = []
        write(form, to: unsafe TextWriter { chunk in unsafe result.append(contentsOf: chunk) })
        return String(decoding: result, as: UTF8.self)
    }

    /// Writes what has to be changed on a host: the plan's chains that are to be written anew, the missing jumps, and the
    /// removal of chains that are no longer used. A table in which nothing changes is left out.
    ///
    /// - Returns: how much was written.
    @discardableResult
    public func write(_ changes: HostChanges, to text: consuming TextWriter) -> TextSummary {
        writeRestore(ServiceRules(self), text, changes)
    }

    private func writeRestore(
        _ rules: ServiceRules, _ text: consuming TextWriter, _ changes: HostChanges? = nil
    ) -> TextSummary {
        var summary = TextSummary()
        var output = RestoreText(text)
        if changes?.isEmpty(table: "filter") != true {
            output.beginTable("filter", changes?.filterChains)
            for chain in rules.filterChains { output.declare(chain, &summary) }
            if let changes { output.text.append(changes, jumpsOf: "filter") }
            rules.addFilterRules(to: &output)
            output.text.append("COMMIT\n")
        }
        if changes?.isEmpty(table: "nat") != true {
            output.beginTable("nat", changes?.natChains)
            rules.eachNatChain { output.declare($0, &summary) }
            for chain in changes?.staleChains ?? [] { output.text.append(":", chain, " - [0:0]\n") }
            if let changes { output.text.append(changes, jumpsOf: "nat") }
            rules.addNatServiceRules(to: &output)
            for chain in changes?.staleChains ?? [] { output.text.append("-X ", chain, "\n") }
            rules.addNodePortTail(to: &output)
            output.text.append("COMMIT\n")
        }
        output.text.flush()
        summary.rules = output.ruleCount
        summary.servicesDepth = output.servicesDepth
        summary.bytes = output.text.totalCount
        return summary
    }

    private func writeSave(_ rules: ServiceRules, _ text: consuming TextWriter) -> TextSummary {
        var summary = TextSummary()
        var output = text
        var natChains: [ChainName] = []
        rules.eachNatChain { natChains.append($0) }

        var filter = SaveText()
        rules.addFilterRules(to: &filter)
        summary.rules += filter.ruleCount
        output.append("*filter\n")
        filter.finish(rules.filterChains, to: &output)
        output.append("COMMIT\n*nat\n")

        var nat = SaveText()
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

extension RestoreText {
    fileprivate mutating func declare(_ chain: ChainName, _ summary: inout TextSummary) {
        if let chains, !chains.contains(chain) { return }
        text.append(UInt8(ascii: ":"))
        text.append(chain)
        text.append(" - [0:0]\n")
        summary.chains += 1
    }
}

extension TextWriter {
    /// Appends the commands that put a table's missing jumps at the top of their chains.
    fileprivate mutating func append(_ changes: HostChanges, jumpsOf table: String) {
        if table == "filter", changes.createsFirewallChain {
            append("-N ", ChainName.Kind.firewall.text.description, "\n")
        }
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
