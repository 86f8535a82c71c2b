public import KubeChainsJSON
internal import KubeObjects
public import NetAddress

/// One thing in a snapshot that will surprise people.
public struct LintFinding: Sendable {
    /// The name of the rule that found it.
    public let id: String
    /// How much it matters.
    public private(set) var severity: FindingSeverity
    /// The Service port that it is about; nil: an object, or the cluster as a whole.
    public let label: ServicePortLabel?
    /// The object that it is about, such as `EndpointSlice shop/web-x7p2q`; nil: a Service port, or the cluster as a
    /// whole.
    public let object: String?
    /// The family that it is about, if it applies to one of two.
    public internal(set) var family: AddressFamily?
    /// What was found, and what happens because of it.
    public let message: String
    /// What to do.
    public let remedy: String
    /// The location of the Service or the object in the inputs.
    public let location: SourceLocation?
    /// The Service's index among the snapshot's Services, where there is one.
    let serviceIndex: Int?

    /// The same with another severity.
    public func with(_ severity: FindingSeverity) -> LintFinding {
        var finding = self
        finding.severity = severity
        return finding
    }

    /// What identifies it, apart from the family.
    var key: String {
        "\(id) \(severity.rawValue) \(label?.servicePort ?? "")/\(label?.transport ?? "") \(object ?? "") \(message)"
    }

    /// Most severe first, then what is about no Service port, then by Service port, object, rule and message.
    static func precedes(_ left: LintFinding, _ right: LintFinding) -> Bool {
        if left.severity != right.severity { return left.severity > right.severity }
        if left.label != right.label {
            guard let one = left.label else { return true }
            guard let other = right.label else { return false }
            return one < other
        }
        return (left.object ?? "", left.id, left.message, left.family?.rawValue ?? 0)
            < (right.object ?? "", right.id, right.message, right.family?.rawValue ?? 0)
    }
}
