/// One thing that is wrong on a node, and what to do about it.
public struct AuditFinding: Sendable {
    /// What is wrong. The identifiers never change their meaning.
    public enum Identifier: String, Sendable, Hashable, CaseIterable {
        case missingJump = "missing-jump"
        case missingChain = "missing-chain"
        case missingService = "missing-service"
        case extraService = "extra-service"
        case staleEndpoint = "stale-endpoint"
        case missingEndpoint = "missing-endpoint"
        case wrongWeight = "wrong-weight"
        case wrongPolicy = "wrong-policy"
        case wrongMasquerade = "wrong-masquerade"
        case wrongSourceRange = "wrong-source-range"
        case wrongAffinity = "wrong-affinity"
        case wrongAddress = "wrong-address"
        case wrongVerdict = "wrong-verdict"
        case wrongOrder = "wrong-order"
        case orphanedChain = "orphaned-chain"
        case missingTargetChain = "missing-target-chain"
        case bothBackends = "both-backends"
        case foreignRule = "foreign-rule"
        case wrongMark = "wrong-mark"
        case settingsDiffer = "settings-differ"
        case unexpectedRule = "unexpected-rule"
        case missingRule = "missing-rule"
    }

    public let id: Identifier
    public let severity: FindingSeverity
    /// The affected Service port; nil: all, or none.
    public let label: ServicePortLabel?
    /// The line of the rule in its dump; 0 where there is no rule.
    public let line: Int
    /// The rule as iptables-save prints it, where there is one.
    public let rule: String?
    /// The effect for clients.
    public let effect: String
    /// What to do.
    public let remedy: String

    init(
        _ id: Identifier, _ severity: FindingSeverity, _ label: ServicePortLabel? = nil, line: Int = 0,
        rule: String? = nil,
        effect: String, remedy: String
    ) {
        self.id = id
        self.severity = severity
        self.label = label
        self.line = line
        self.rule = rule
        self.effect = effect
        self.remedy = remedy
    }
}
