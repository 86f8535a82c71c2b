internal import KubeChainsBytes
internal import KubeChainsJSON
internal import KubeProxy

extension FindingsReport {
    /// A log in the Static Analysis Results Interchange Format, SARIF 2.1.0.
    ///
    /// Each result has a place, since GitHub's code scanning refuses a whole log of which one result has none (`expected at least
    /// one location`, codeql-action#1738).
    ///
    /// - Parameter input: the name of the input where findings are placed that stand nowhere in it.
    public func sarif(of input: String) -> String {
        let positions = Dictionary(rules.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        let driver = JSONValue.object([
            ("name", .string("kubechains")), ("version", .string(version)),
            ("rules", .array(rules.map { FindingsReport.sarif($0) })),
        ])
        let run = JSONValue.object([
            ("tool", .object([("driver", driver)])),
            ("automationDetails", .object([("id", .string("kubechains/\(command)/"))])),
            ("columnKind", .string("unicodeCodePoints")),
            ("results", .array(findings.map { sarif($0, positions[$0.id], input) })),
        ])
        return JSONValue.object([
            ("$schema", .string("https://json.schemastore.org/sarif-2.1.0.json")), ("version", .string("2.1.0")),
            ("runs", .array([run])),
        ]).text
    }

    private static func sarif(_ rule: ReportedFinding.Rule) -> JSONValue {
        let help = rule.explanation + (rule.remedy.isEmpty ? "" : "\n\nRemedy: \(rule.remedy)")
        return .object([
            ("id", .string(rule.id)), ("shortDescription", message(rule.explanation)), ("help", message(help)),
            ("defaultConfiguration", .object([("level", .string(level(rule.severity)))])),
        ])
    }

    private func sarif(_ finding: ReportedFinding, _ rule: Int?, _ input: String) -> JSONValue {
        let location = JSONValue.object([
            (
                "physicalLocation",
                .object([
                    ("artifactLocation", .object([("uri", .string(FindingsReport.uri(finding.file ?? input)))])),
                    ("region", .object([("startLine", .integer(finding.line ?? 1))])),
                ])
            )
        ])
        let remedy = finding.remedy.isEmpty ? "" : "\nRemedy: \(finding.remedy)"
        return .object([
            ("ruleId", .string(finding.id)), ("ruleIndex", rule.map { .integer($0) }),
            ("level", .string(FindingsReport.level(finding.severity))),
            ("message", FindingsReport.message(finding.body + remedy)),
            ("locations", .array([location])),
            // The same finding in another run, wherever its line is then.
            (
                "partialFingerprints",
                .object([
                    ("findingText/v1", .string(rulesAreTests ? finding.id : "\(finding.id) \(finding.sentence)"))
                ])
            ),
        ])
    }

    private static func message(_ text: String) -> JSONValue { .object([("text", .string(text))]) }

    private static func level(_ severity: FindingSeverity) -> String {
        switch severity {
        case .error: "error"
        case .warning: "warning"
        case .info: "note"
        }
    }

    /// A path as a reference: what a URI cannot have is percent-encoded (RFC 3986).
    private static func uri(_ path: String) -> String {
        if path == "-" || path == "<stdin>" { return "stdin" }
        var uri = path.hasPrefix("/") ? "file://" : ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                uri.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                uri += "%" + hexadecimal(byte, digits: 2).uppercased()
            }
        }
        return uri
    }
}
