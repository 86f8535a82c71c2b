internal import Iptables

/// The source address of packets is rewritten where it should not be, or is not where it should.
public struct WrongMasquerade: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongMasquerade

    /// What is masqueraded, or is not.
    public enum Cause: Sendable, Hashable {
        /// The packets of a Service port.
        case servicePort(RuleDetail)
        /// The rule that masquerades marked packets.
        case markedPackets
    }

    /// What is masqueraded, or is not.
    public let cause: Cause
}

extension WrongMasquerade: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details where found.detail.subject.kind == .masquerade {
            findings.add(WrongMasquerade(cause: .servicePort(found.detail)), found)
        }
        for difference in subject.baseDifferences {
            guard case .masquerade(_)? = difference.missing?.target else { continue }
            findings.add(WrongMasquerade(cause: .markedPackets), at: difference.shown)
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        switch cause {
        case .servicePort(let detail) where detail.actual == nil:
            "\(detail.subject.text) is not masqueraded: answers may come back another way and be dropped"
        case .servicePort(let detail): "masquerade of \(detail.subject.text): \(detail.actualInsteadOfExpected)"
        case .markedPackets: "marked packets are not masqueraded as they should be"
        }
    }
}
