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

    private func writeRestore(_ rules: ServiceRules, _ text: consuming TextWriter) -> TextSummary {
        var summary = TextSummary()
        var output = RestoreText(text)
        output.text.append("*filter\n")
        for chain in rules.filterChains { output.text.declare(chain, &summary) }
        rules.addFilterRules(to: &output)
        output.beginTable("nat")
        rules.eachNatChain { output.text.declare($0, &summary) }
        rules.addNatRules(to: &output)
        output.text.append("COMMIT\n")
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

extension TextWriter {
    fileprivate mutating func declare(_ chain: ChainName, _ summary: inout TextSummary) {
        append(UInt8(ascii: ":"))
        append(chain)
        append(" - [0:0]\n")
        summary.chains += 1
    }
}
