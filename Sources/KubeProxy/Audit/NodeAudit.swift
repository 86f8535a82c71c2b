/// What an audit of a node's rules says, in any mode.
public protocol NodeAudit: Sendable {
    /// The cause of others first, then most severe first, then by Service port and line.
    var findings: [AuditFinding] { get }
    /// What was not given and is read off the rules, in the order of ``AuditSetting``.
    var inferred: [InferredSetting] { get }
    /// The version of kube-proxy whose rules were expected, and what says it; nil: nothing was compared.
    var version: VersionChoice? { get }
}
