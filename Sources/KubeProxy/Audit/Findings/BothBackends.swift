internal import Iptables

/// Rules are in both the nft and the legacy backend.
public struct BothBackends: AuditEvidence {
    public static let id = AuditFinding.Identifier.bothBackends

    /// What the backends hold.
    public enum Cause: Sendable, Hashable {
        /// kube-proxy's chains are in both dumps; the name of the one that fits the snapshot better, if one does.
        case proxyChainsInBoth(current: String?)
        /// The only dump says that the legacy backend has rules too.
        case legacyRulesNotShown
    }

    /// What the backends hold.
    public let cause: Cause
}

extension BothBackends: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        let dumps = subject.dumps
        if dumps.all.count(where: \.holdsProxyChains) > 1 {
            let backend = dumps.all[dumps.audited].generator?.backend
            let place = dumps.audited == 0 ? "first" : "second"
            let name = "the \(place) dump" + (backend.map { " (\($0.rawValue))" } ?? "")
            findings.add(BothBackends(cause: .proxyChainsInBoth(current: dumps.isBest ? name : nil)))
        } else if dumps.all.count == 1, dumps.all[0].warnsOfLegacyTables {
            findings.add(BothBackends(cause: .legacyRulesNotShown))
        }
    }

    public var severity: FindingSeverity { cause == .legacyRulesNotShown ? .info : .error }

    public var effect: String {
        switch cause {
        case .proxyChainsInBoth(let current?):
            "kube-proxy's chains are in both the nft and the legacy backend, and packets meet both: \(current) fits the "
                + "snapshot; the other's rules are left over, and nobody updates them"
        case .proxyChainsInBoth(nil):
            "kube-proxy's chains are in both the nft and the legacy backend; packets meet both, the older ones with "
                + "rules that nobody updates. Both fit the snapshot equally well"
        case .legacyRulesNotShown:
            "the dump says that there are rules in the legacy backend too, which it does not show"
        }
    }

    public var remedy: String {
        switch cause {
        case .proxyChainsInBoth(let current?):
            "keep the rules of \(current), and remove the KUBE-* chains of the other backend "
                + "('kubechains cleanup --backend')"
        case .proxyChainsInBoth(nil):
            "find out which backend kube-proxy uses, and remove the KUBE-* chains of the other"
        case .legacyRulesNotShown: "give that backend's dump as a second --live (iptables-legacy-save)"
        }
    }
}
