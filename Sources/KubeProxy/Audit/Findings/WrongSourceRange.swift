public import NetAddress

/// Clients of a source range are let in or kept out against the Service.
public struct WrongSourceRange: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongSourceRange
    /// The range of clients.
    public let range: IPPrefix
    /// Whether the rules let it in.
    public let isAllowed: Bool
}

extension WrongSourceRange: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details {
            guard case .sourceRange(let range) = found.detail.subject else { continue }
            findings.add(WrongSourceRange(range: range, isAllowed: found.detail.actual != nil), found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var remedy: String { remedyForAge }
    public var effect: String { "clients in \(range) are \(isAllowed ? "let in" : "shut out")" }
}
