internal import Iptables

/// The mark for masquerading is not set, recognised or let through as kube-proxy does it.
public struct WrongMark: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongMark

    /// The step of masquerading that has another mark.
    public enum Step: Sendable, Hashable {
        /// KUBE-MARK-MASQ sets the mark.
        case setting
        /// KUBE-POSTROUTING recognises the mark and clears it.
        case recognising
        /// KUBE-FORWARD lets marked packets through.
        case forwarding
    }

    /// The step of masquerading that has another mark.
    public let step: Step
}

extension WrongMark: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        let mark = subject.plan.node.masqueradeMark
        for difference in subject.baseDifferences {
            guard let step = Step(chain: difference.chain) else { continue }
            let isCleared = difference.takesAway(mark)
            guard difference.isAboutMark || isCleared else { continue }
            findings.add(WrongMark(step: step), at: difference.shown)
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        switch step {
        case .setting: "packets to be masqueraded are not marked as the settings say"
        case .recognising:
            "packets marked for masquerading are not recognised by the mark that the settings say"
        case .forwarding: "marked packets are not let through as the settings say"
        }
    }
}

extension WrongMark.Step {
    /// What a chain does with the mark; nil: nothing.
    fileprivate init?(chain: String) {
        switch chain {
        case "KUBE-MARK-MASQ": self = .setting
        case "KUBE-POSTROUTING": self = .recognising
        case "KUBE-FORWARD": self = .forwarding
        default: return nil
        }
    }
}
