/// A fixed chain that kube-proxy fills is not there.
public struct MissingChain: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingChain
    /// The table's name.
    public let table: String
    /// The chain's name.
    public let chain: String
}

extension MissingChain: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for entry in subject.comparison.other where entry.change == .missingChain {
            findings.add(MissingChain(table: entry.table, chain: entry.chain), rule: ":\(entry.chain)")
        }
    }

    public var severity: FindingSeverity { .error }
    public var effect: String { "the chain \(chain) of the \(table) table is missing" }
}
