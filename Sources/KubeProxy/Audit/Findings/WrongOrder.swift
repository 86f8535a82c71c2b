/// Rules stand behind the jump to node ports, which must be last.
public struct WrongOrder: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongOrder
    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: String
}

extension WrongOrder: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for entry in subject.comparison.other {
            guard case .misplacedRule(let rule, isExpected: false) = entry.change else { continue }
            findings.add(
                WrongOrder(table: entry.table, chain: entry.chain),
                at: PlacedRule(table: entry.table, chain: entry.chain, rule: rule))
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        "rules stand behind the one for node ports, which must be last: packets to the node itself never reach them"
    }
}
