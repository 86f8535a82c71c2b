internal import Conntrack

/// One thing that is wrong on a node, and what to do about it.
public struct AuditFinding: Sendable {
    /// What is wrong. The identifiers never change their meaning.
    public enum Identifier: String, Sendable, Hashable, CaseIterable {
        /// No jump leads from a built-in chain to one of kube-proxy's.
        case missingJump = "missing-jump"
        /// A chain that kube-proxy always has is not there.
        case missingChain = "missing-chain"
        /// A Service port has no rules.
        case missingService = "missing-service"
        /// Rules of a Service port that the snapshot does not have.
        case extraService = "extra-service"
        /// Connections go to an address that is no endpoint.
        case staleEndpoint = "stale-endpoint"
        /// An endpoint gets no connections.
        case missingEndpoint = "missing-endpoint"
        /// An endpoint gets another share of the connections than it should.
        case wrongWeight = "wrong-weight"
        /// External traffic goes to the endpoints of the wrong policy.
        case wrongPolicy = "wrong-policy"
        /// The source is rewritten where it should stay, or the other way round.
        case wrongMasquerade = "wrong-masquerade"
        /// A client is let in that should not be, or the other way round.
        case wrongSourceRange = "wrong-source-range"
        /// Session affinity is missing, superfluous or of another time.
        case wrongAffinity = "wrong-affinity"
        /// A frontend leads somewhere else, or nowhere.
        case wrongAddress = "wrong-address"
        /// Packets are rejected, dropped or accepted that should not be.
        case wrongVerdict = "wrong-verdict"
        /// A rule stands behind one that must be last.
        case wrongOrder = "wrong-order"
        /// A chain that nothing leads to.
        case orphanedChain = "orphaned-chain"
        /// A rule leads to a chain that is not there.
        case missingTargetChain = "missing-target-chain"
        /// Both backends of iptables hold rules.
        case bothBackends = "both-backends"
        /// A rule of another program takes packets before kube-proxy's rules.
        case foreignRule = "foreign-rule"
        /// The packet mark of masquerading is not the one that is looked for.
        case wrongMark = "wrong-mark"
        /// The node's kube-proxy has other settings than those given.
        case settingsDiffer = "settings-differ"
        /// A rule in one of kube-proxy's chains that is not kube-proxy's.
        case unexpectedRule = "unexpected-rule"
        /// A rule that kube-proxy always has is not there.
        case missingRule = "missing-rule"
        /// Rules of an older version of kube-proxy than the one planned.
        case olderVersion = "older-version"
        /// Rules that another mode or version of kube-proxy left.
        case leftOver = "left-over"
        /// kubelet and kube-proxy masquerade by different marks.
        case kubeletMark = "kubelet-mark"
        /// A rule of another program sets or clears kube-proxy's mark.
        case foreignMark = "foreign-mark"
        /// A base chain of nftables is called at another hook or priority, or has another policy.
        case wrongHook = "wrong-hook"
        /// A set of IPVS mode, or a set or map of nftables, is missing, or of another type.
        case wrongSet = "wrong-set"
        /// A setting of the kernel's is another than kube-proxy makes it.
        case wrongSysctl = "wrong-sysctl"
        /// The kernel does something else with kube-proxy's whole table of nftables.
        case tableFlags = "table-flags"
        /// Connections go on to an address that does not serve their Service port.
        case staleConnection = "stale-connection"
        /// Connections are still translated where no Service answers.
        case orphanedConnection = "orphaned-connection"
        /// Connections go on past a policy of their Service that new ones obey.
        case connectionPastPolicy = "connection-past-policy"
        /// Not looked for in rules: there is nothing that rules could be compared with.
        case nothingToCompare = "nothing-to-compare"
    }

    /// What was found, as values: one of the types of `Audit/Findings`.
    public let evidence: any AuditEvidence
    /// The affected Service port; nil: all, or none.
    public let label: ServicePortLabel?
    /// The line of the rule in its dump, or of the entry in its list; 0 where there is none.
    public let line: Int
    /// The rule as iptables-save prints it, where there is one.
    public let rule: String?
    /// The first of the connections as `conntrack -L` prints it, where it is about connections.
    public let entry: String?
    /// The list of connections that the line is of; nil: it is of the dump.
    public private(set) var file: String?
    /// The severity that it was given; nil: that of the evidence.
    private var givenSeverity: FindingSeverity?

    init(evidence: any AuditEvidence, label: ServicePortLabel?, line: Int, rule: String?, entry: String? = nil) {
        self.evidence = evidence
        self.label = label
        self.line = line
        self.rule = rule
        self.entry = entry
    }

    /// The same about another input than the dump.
    public func of(file: String) -> AuditFinding {
        var finding = self
        finding.file = file
        return finding
    }

    /// The same with another severity.
    public func with(_ severity: FindingSeverity) -> AuditFinding {
        var finding = self
        finding.givenSeverity = severity
        return finding
    }

    /// The kind of finding.
    public var id: Identifier { type(of: evidence).id }
    /// How much it matters.
    public var severity: FindingSeverity { givenSeverity ?? evidence.severity }
    /// The effect for clients.
    public var effect: String { evidence.effect }
    /// What to do.
    public var remedy: String { evidence.remedy }
    /// The commands that do it, where it is a matter of commands.
    public var commands: [String] { evidence.commands }
}

/// What a finding of one identifier holds, and its words.
public protocol AuditEvidence: Sendable, Hashable {
    /// The kind of finding that it is evidence of.
    static var id: AuditFinding.Identifier { get }
    /// How much it matters.
    var severity: FindingSeverity { get }
    /// The effect for clients.
    var effect: String { get }
    /// What to do.
    var remedy: String { get }
    /// The commands that do it, where it is a matter of commands.
    var commands: [String] { get }
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
    public var commands: [String] { [] }
}

/// Collects findings.
struct AuditFindings {
    private(set) var all: [AuditFinding] = []

    mutating func add(
        _ evidence: any AuditEvidence, _ label: ServicePortLabel? = nil, line: Int = 0, rule: String? = nil
    ) {
        all.append(AuditFinding(evidence: evidence, label: label, line: line, rule: rule))
    }

    /// Adds a finding about connections.
    mutating func add(_ evidence: any AuditEvidence, _ label: ServicePortLabel?, entry: ConntrackEntry) {
        all.append(
            AuditFinding(evidence: evidence, label: label, line: entry.line, rule: nil, entry: entry.description))
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
