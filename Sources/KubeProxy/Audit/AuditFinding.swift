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
        case olderVersion = "older-version"
        case leftOver = "left-over"
        case kubeletMark = "kubelet-mark"
        case foreignMark = "foreign-mark"
        /// Not looked for in rules: there is nothing that rules could be compared with.
        case nothingToCompare = "nothing-to-compare"
    }

    /// What was found, as values: one of the types of `Audit/Findings`.
    public let evidence: any AuditEvidence
    /// The affected Service port; nil: all, or none.
    public let label: ServicePortLabel?
    /// The line of the rule in its dump; 0 where there is no rule.
    public let line: Int
    /// The rule as iptables-save prints it, where there is one.
    public let rule: String?

    public var id: Identifier { type(of: evidence).id }
    public var severity: FindingSeverity { evidence.severity }
    /// The effect for clients.
    public var effect: String { evidence.effect }
    /// What to do.
    public var remedy: String { evidence.remedy }
}

/// What a finding of one identifier holds, and its words.
public protocol AuditEvidence: Sendable, Hashable {
    static var id: AuditFinding.Identifier { get }
    var severity: FindingSeverity { get }
    /// The effect for clients.
    var effect: String { get }
    /// What to do.
    var remedy: String { get }
}

/// Evidence that is looked for on a node. Each identifier has a file of its own in `Audit/Findings`.
protocol AuditCheck: AuditEvidence {
    /// Adds all findings of the identifier.
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings)
}

/// What to do about a difference that rules and a snapshot of different age would have too.
let remedyForAge =
    "take the dump and the snapshot again, together: one may be older than the other. If this stays, look for errors in "
    + "kube-proxy's log, and restart it on this node"

/// What to do about rules that kube-proxy would not have written in any state of the cluster.
let remedyForDamage = "let kube-proxy sync: restart it on this node, and look at its log if this comes back"

extension AuditEvidence {
    public var remedy: String { remedyForDamage }
}

/// Collects findings.
struct AuditFindings {
    private(set) var all: [AuditFinding] = []

    mutating func add(
        _ evidence: any AuditEvidence, _ label: ServicePortLabel? = nil, line: Int = 0, rule: String? = nil
    ) {
        all.append(AuditFinding(evidence: evidence, label: label, line: line, rule: rule))
    }

    /// Adds a finding about a rule.
    mutating func add(_ evidence: any AuditEvidence, _ label: ServicePortLabel? = nil, at placed: PlacedRule?) {
        add(evidence, label, line: placed?.line ?? 0, rule: placed?.text)
    }

    /// Adds a finding about a detail of a Service port.
    mutating func add(_ evidence: any AuditEvidence, _ found: AuditSubject.ChangedDetail) {
        add(evidence, found.label, at: found.detail.actualRule)
    }
}
