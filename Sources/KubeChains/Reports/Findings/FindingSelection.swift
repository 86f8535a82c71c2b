internal import KubeChainsBytes
public import KubeObjects
public import KubeProxy

/// A finding that can be ignored or given another severity.
public protocol SelectableFinding {
    /// The identifier of its rule.
    var ruleID: String { get }
    /// How much it matters.
    var severity: FindingSeverity { get }
    /// The Service port that it is about.
    var label: ServicePortLabel? { get }
    /// The object that it is about, such as `Service shop/web`.
    var object: String? { get }

    /// The same with another severity.
    func with(_ severity: FindingSeverity) -> Self
}

extension LintFinding: SelectableFinding {
    /// The identifier of its rule.
    public var ruleID: String { id }
}

/// The findings that are reported, and the number of those that are ignored.
public struct FindingSelection<Finding: SelectableFinding> {
    /// The findings to report.
    public private(set) var shown: [Finding] = []
    /// The number of findings that rules or annotations ignore.
    public private(set) var ignoredCount = 0

    /// The annotation of a Service that ignores rules for it: `RULE[,RULE]`.
    public static var annotation: String { "kubechains.io/ignore" }

    /// No findings.
    public init() {}

    /// Adds what was selected elsewhere, such as on another node.
    public mutating func append(_ other: FindingSelection) {
        shown += other.shown
        ignoredCount += other.ignoredCount
    }

    /// Selects findings.
    ///
    /// - Parameters:
    ///   - all: the findings to select from.
    ///   - severity: the lowest severity that is reported.
    ///   - scope: the Services that the report is limited to.
    ///   - rules: what a team has decided; nil: nothing.
    ///   - snapshot: where the Services with their annotations are.
    public init(
        _ all: [Finding], from severity: FindingSeverity, _ scope: ServiceScope, _ rules: FindingRules?,
        in snapshot: ClusterSnapshot
    ) {
        // Most reports have few findings, if any.
        lazy var services = Dictionary(
            snapshot.services.enumerated().map { ($1.qualifiedName, $0) }, uniquingKeysWith: { first, _ in first })
        var annotations: [String: [String]] = [:]
        func ignoredRules(of service: String) -> [String] {
            if let known = annotations[service] { return known }
            let object = services[service].map { snapshot.services[$0] }
            let text = object.flatMap { snapshot.labels(of: $0).annotations[Self.annotation] } ?? ""
            let words = text.split { $0 == "," || $0 == " " }.map(String.init)
            annotations[service] = words
            return words
        }
        for finding in all {
            guard scope.contains(finding.label, object: finding.object) else { continue }
            let service =
                finding.label?.service
                ?? finding.object.flatMap { $0.hasPrefix("Service ") ? String($0.dropFirst(8)) : nil }
            let given = rules.map { $0.severity(finding.ruleID, of: service, finding.severity) } ?? finding.severity
            guard let given, !(service.map { ignoredRules(of: $0).contains(finding.ruleID) } ?? false) else {
                ignoredCount += 1
                continue
            }
            guard given >= severity else { continue }
            shown.append(given == finding.severity ? finding : finding.with(given))
        }
    }

    /// `27 Services checked on 3 nodes: 2 errors, 4 warnings`.
    ///
    /// - Parameters:
    ///   - services: the number of Services that were looked at.
    ///   - nodes: the number of nodes.
    public func closing(services: Int, nodes: Int) -> String {
        let counts = [FindingSeverity.error, .warning, .info].compactMap { severity -> String? in
            let count = shown.count { $0.severity == severity }
            if count == 0 { return nil }
            return severity == .info ? "\(count) for information" : counted(count, severity.rawValue)
        }
        let ignored = ignoredCount == 0 ? [] : ["\(ignoredCount) ignored"]
        let found = counts.isEmpty ? ["no findings"] : counts
        return "\(counted(services, "Service")) checked on \(counted(nodes, "node")): "
            + (found + ignored).joined(separator: ", ")
    }
}

extension AuditFinding: SelectableFinding {
    /// The identifier of its rule.
    public var ruleID: String { id.rawValue }
    /// Nothing: a finding is about a Service port or about the node.
    public var object: String? { nil }
}
