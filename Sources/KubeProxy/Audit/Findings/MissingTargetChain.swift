internal import Iptables

/// A rule of a KUBE-* chain jumps to a chain that its table does not have.
public struct MissingTargetChain: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingTargetChain
    /// The table's name.
    public let table: String
    /// The name of the chain that is not there.
    public let target: String
}

extension MissingTargetChain: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for table in subject.live.ruleset.tables where table.name == "nat" || table.name == "filter" {
            for chain in table.chains where chain.name.hasPrefix("KUBE-") {
                let rules = chain.rules.span
                for index in rules.indices {
                    guard let target = rules[index].target?.chain, !subject.live.hasChain(table.name, target) else {
                        continue
                    }
                    findings.add(
                        MissingTargetChain(table: table.name, target: target), subject.names.label(ofChain: chain.name),
                        at: PlacedRule(table: table.name, chain: chain.name, rule: rules[index]))
                }
            }
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        "the rule jumps to \(target), which is not in the \(table) table: such a text cannot be loaded"
    }

    public var remedy: String { "take a new dump; this one was not written by iptables-save, or was edited" }
}
