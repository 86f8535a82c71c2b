internal import Iptables

/// Rules are in both the nft and the legacy backend.
public struct BothBackends: AuditEvidence {
    public static let id = AuditFinding.Identifier.bothBackends

    public enum Cause: Sendable, Hashable {
        /// kube-proxy's chains are in both dumps.
        case proxyChainsInBoth
        /// The only dump says that the legacy backend has rules too.
        case legacyRulesNotShown
    }

    public let cause: Cause
}

extension BothBackends: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        if subject.dumps.count(where: \.holdsProxyChains) > 1 {
            findings.add(BothBackends(cause: .proxyChainsInBoth))
        } else if subject.dumps.count == 1, subject.dumps[0].warnsOfLegacyTables {
            findings.add(BothBackends(cause: .legacyRulesNotShown))
        }
    }

    public var severity: FindingSeverity { cause == .proxyChainsInBoth ? .error : .info }

    public var effect: String {
        switch cause {
        case .proxyChainsInBoth:
            "kube-proxy's chains are in both the nft and the legacy backend; packets meet both, the older ones with "
                + "rules that nobody updates"
        case .legacyRulesNotShown:
            "the dump says that there are rules in the legacy backend too, which it does not show"
        }
    }

    public var remedy: String {
        switch cause {
        case .proxyChainsInBoth: "find out which backend kube-proxy uses, and remove the KUBE-* chains of the other"
        case .legacyRulesNotShown: "give that backend's dump as a second --live (iptables-legacy-save)"
        }
    }
}
