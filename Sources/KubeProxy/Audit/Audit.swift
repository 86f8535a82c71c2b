public import Iptables

/// Compares a node's rules with what the API says they should be.
public struct Audit: Sendable {
    /// Most severe first, then by Service port and line.
    public private(set) var findings: [AuditFinding] = []

    /// Audits a node.
    ///
    /// - Parameters:
    ///   - iptables: what should be.
    ///   - expected: the plan's rules; comments on Services are not needed.
    ///   - dumps: what iptables-save printed on the node, one dump for each backend. The one that contains kube-proxy's
    ///     chains is audited.
    public init(_ iptables: IptablesPlan, _ expected: Ruleset, _ dumps: [Ruleset]) {
        guard let live = dumps.first(where: \.holdsProxyChains) ?? dumps.first else { return }
        let subject = AuditSubject(iptables, expected, live, dumps)
        var found = AuditFindings()
        for check in Audit.checks { check.check(subject, &found) }
        findings = found.all.sorted(by: Audit.precedes)
    }

    /// All checks, in the order of the identifiers.
    static let checks: [any AuditCheck.Type] = [
        MissingJump.self, MissingChain.self, MissingService.self, ExtraService.self, StaleEndpoint.self,
        MissingEndpoint.self, WrongWeight.self, WrongPolicy.self, WrongMasquerade.self, WrongSourceRange.self,
        WrongAffinity.self, WrongAddress.self, WrongVerdict.self, WrongOrder.self, OrphanedChain.self,
        MissingTargetChain.self, BothBackends.self, ForeignRule.self, WrongMark.self, SettingsDiffer.self,
        UnexpectedRule.self, MissingRule.self,
    ]

    /// The identifiers that are looked for.
    package static var identifiers: [AuditFinding.Identifier] { checks.map { $0.id } }

    private static func precedes(_ left: AuditFinding, _ right: AuditFinding) -> Bool {
        if left.severity != right.severity { return left.severity > right.severity }
        if left.label != right.label {
            guard let one = left.label else { return true }
            guard let other = right.label else { return false }
            return one < other
        }
        if left.line != right.line { return left.line < right.line }
        if left.id != right.id { return left.id.rawValue < right.id.rawValue }
        return left.effect < right.effect
    }
}

extension Ruleset {
    /// Whether kube-proxy's chains are among the rules; those of kubelet and canaries do not count.
    public var holdsProxyChains: Bool {
        self[table: "nat"]?[chain: "KUBE-SERVICES"] != nil || self[table: "filter"]?[chain: "KUBE-SERVICES"] != nil
    }
}
