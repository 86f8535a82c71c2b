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
        let moved = subject.movedServicePorts
        for found in subject.details where found.detail.subject.kind == .masquerade {
            if moved.contains(found.label), found.detail.differsInDestination { continue }
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
            "\(detail.masqueradedTraffic) is not masqueraded: answers may come back another way and be dropped"
        case .servicePort(let detail): "masquerade of \(detail.masqueradedTraffic): \(detail.actualInsteadOfExpected)"
        case .markedPackets: "marked packets are not masqueraded as they should be"
        }
    }
}

extension RuleDetail {
    /// What is masqueraded, in words.
    fileprivate var masqueradedTraffic: String {
        switch subject {
        case .hairpin, .sourceMasquerade: "traffic \(subject.text)"
        default: subject.text
        }
    }

    /// Whether both sides masquerade the same clients' packets, to other destinations.
    fileprivate var differsInDestination: Bool {
        guard case .masqueradeIf(let wanted, let isAfter)? = expected, case .masqueradeIf(let found, isAfter)? = actual
        else { return false }
        return wanted.withoutDestination == found.withoutDestination
    }
}

extension AuditSubject {
    /// The Service ports that answer at an address that is not theirs: what differs in the destination alone follows from that.
    fileprivate var movedServicePorts: Set<ServicePortLabel> {
        Set(
            details.lazy.filter { found in
                guard case .frontend = found.detail.subject else { return false }
                return found.detail.expected == nil
            }.map(\.label))
    }
}
