internal import KubeChainsBytes
internal import KubeProxy

extension FindingsReport {
    /// A report as test runners write it: a test case for each finding, and a passed one for each rule without a finding. Errors and
    /// warnings are failures; information is the output of a case that passed.
    public var junit: String {
        let found = Set(findings.map(\.id))
        let clean = rules.filter { !found.contains($0.id) }
        let failures = findings.count { $0.severity > .info }
        let counts = #"tests="\#(findings.count + clean.count)" failures="\#(failures)" errors="0""#
        let name = "kubechains \(command)"
        var text = #"<?xml version="1.0" encoding="UTF-8"?>"# + "\n"
        text += "<testsuites name=\"\(name)\" \(counts)>\n"
        text += "  <testsuite name=\"\(name)\" \(counts) skipped=\"0\">\n"
        for finding in findings {
            let place = finding.file.map { $0 + (finding.line.map { ":\($0)" } ?? "") + ": " } ?? ""
            let remedy = finding.remedy.isEmpty ? "" : "\nremedy: \(finding.remedy)"
            let body = FindingsReport.xml(place + finding.body) + FindingsReport.xml(remedy)
            text += "    <testcase \(identity(finding.id, rulesAreTests ? finding.id : finding.sentence))>\n"
            if finding.severity > .info {
                text += "      <failure type=\"\(finding.severity.rawValue)\""
                text += " message=\"\(FindingsReport.xml(finding.message))\">\(body)</failure>\n"
            } else {
                text += "      <system-out>\(body)</system-out>\n"
            }
            text += "    </testcase>\n"
        }
        for rule in clean {
            text += "    <testcase \(identity(rule.id, rule.id))/>\n"
        }
        return text + "  </testsuite>\n</testsuites>\n"
    }

    /// What tells a test case from others, in every run.
    private func identity(_ rule: String, _ name: String) -> String {
        let group = "kubechains.\(command)" + (rulesAreTests ? "" : "." + FindingsReport.xml(rule))
        return "classname=\"\(group)\" name=\"\(FindingsReport.xml(name))\""
    }

    /// A text for XML. Characters that XML cannot have, and invisible ones, are escaped as in reports for people.
    private static func xml(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map {
            String($0).escapingInvisible()
        }
        return lines.joined(separator: "\n").escapingMarkup
    }
}
