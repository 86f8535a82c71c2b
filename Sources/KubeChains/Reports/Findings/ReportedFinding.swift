public import KubeProxy

/// A finding of any command, as the formats for programs write it.
public struct ReportedFinding: Sendable {
    /// What is looked for.
    public struct Rule: Sendable, Hashable {
        /// The identifier, in lower case with hyphens; of a test its name.
        public let id: String
        /// The usual severity of its findings.
        public let severity: FindingSeverity
        /// What it finds.
        public let explanation: String
        /// What to do about a finding; empty where that depends on the finding.
        public let remedy: String

        /// A rule.
        public init(id: String, severity: FindingSeverity, explanation: String, remedy: String = "") {
            self.id = id
            self.severity = severity
            self.explanation = explanation
            self.remedy = remedy
        }
    }

    /// The identifier of the rule that found it.
    public let id: String
    /// How much it matters.
    public let severity: FindingSeverity
    /// What it is about, such as `shop/web:http/tcp` or `Node worker-1`; nil: everything.
    public let subject: String?
    /// What was found, and its effect.
    public let message: String
    /// Lines that show it, such as the rules that a packet meets.
    public let details: [String]
    /// What to do; empty: nothing is known.
    public let remedy: String
    /// The input where it is; nil: in none.
    public let file: String?
    /// The line in the input, from 1; nil: it is not known.
    public let line: Int?

    /// A finding.
    public init(
        id: String, severity: FindingSeverity, subject: String?, message: String, details: [String] = [],
        remedy: String, file: String? = nil, line: Int? = nil
    ) {
        self.id = id
        self.severity = severity
        self.subject = subject
        self.message = message
        self.details = details
        self.remedy = remedy
        self.file = file
        self.line = line
    }

    /// What it is about and what was found, in one line.
    var sentence: String { (subject.map { $0 + ": " } ?? "") + message }

    /// The sentence, with the lines that show it below.
    var body: String { ([sentence] + details).joined(separator: "\n") }
}

/// The findings of a run, for programs: the formats that systems for continuous integration read.
public struct FindingsReport: Sendable {
    /// The command's name.
    public let command: String
    /// The version of the program.
    public let version: String
    /// All rules that were looked for.
    public let rules: [ReportedFinding.Rule]
    /// What was found, in the order of the command's report.
    public let findings: [ReportedFinding]
    /// Whether each rule is a test by itself, with at most one finding, so that test runners show it under its own name.
    public let rulesAreTests: Bool

    /// The findings of a run of a command.
    ///
    /// - Parameters:
    ///   - command: the command's name.
    ///   - version: the version of the program.
    ///   - rules: all rules that were looked for.
    ///   - findings: what was found, in the order of the command's report.
    ///   - rulesAreTests: whether each rule is a test by itself, with at most one finding.
    public init(
        command: String, version: String, rules: [ReportedFinding.Rule], findings: [ReportedFinding],
        rulesAreTests: Bool = false
    ) {
        self.command = command
        self.version = version
        self.rules = rules
        self.findings = findings
        self.rulesAreTests = rulesAreTests
    }
}
