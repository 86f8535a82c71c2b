internal import KubeChains
internal import KubeProxy

/// How a report is written.
enum ReportForm: String, CaseIterable {
    case text, json, unified, dot, mermaid, svg, junit, sarif, github, openmetrics, jsonl

    /// The forms of findings that systems for continuous integration read.
    static let ofFindings: [ReportForm] = [.junit, .sarif, .github]
}

/// A report's form, and the file that it is written to.
struct ReportOutput: Sendable {
    var form = ReportForm.text
    /// Nil: standard output.
    var file: String?

    /// How text for people is laid out.
    var style: TextStyle { file == nil ? Terminal.style(of: 1) : .plain }
}

extension FindingsReport {
    /// The findings in a form for programs; nil: it is none of those.
    ///
    /// - Parameter input: the input that they are about.
    func text(_ form: ReportForm, of input: String) -> String? {
        switch form {
        case .junit: junit
        case .sarif: sarif(of: input)
        case .github: github
        default: nil
        }
    }
}

/// The options of a command that writes a report.
protocol WritesReport: CommandOptions {
    var output: ReportOutput { get set }
}

extension OptionGroup where Options: WritesReport {
    /// `--output` and `--output-file`.
    static func output(_ forms: [ReportForm], _ others: [Option<Options>] = []) -> OptionGroup {
        OptionGroup(title: "Output", options: [.report(forms)] + others + [.outputFile])
    }
}

extension Option where Options: WritesReport {
    /// `-o, --output` for a report.
    static func report(_ forms: [ReportForm]) -> Option {
        let words = forms.map(\.rawValue)
        return Option(
            "output", short: "o", words.joined(separator: "|"), "the output format", default: "text"
        ) { options, text throws(OptionError) in
            guard let form = ReportForm(rawValue: text), words.contains(text) else {
                throw OptionError(message: "invalid output format '\(text)': expected \(words.joined(separator: ", "))")
            }
            options.output.form = form
        }
    }

    static var outputFile: Option { .outputFile { $0.output.file = $1 } }
}

extension Option {
    /// `--output-file`.
    static func outputFile(
        short: Character? = nil, _ set: @escaping @Sendable (inout Options, String) -> Void
    ) -> Option {
        Option("output-file", short: short, "FILE", "write to FILE, complete or not at all", default: "standard output")
        {
            options, text throws(OptionError) in set(&options, text)
        }
    }

    /// Which findings are shown.
    static func severity(_ set: @escaping @Sendable (inout Options, FindingSeverity) -> Void) -> Option {
        Option(
            "severity", "error|warning|info", "show findings of this severity and above", default: "info"
        ) { options, text throws(OptionError) in
            guard let severity = FindingSeverity(rawValue: text) else {
                throw OptionError(message: "invalid severity '\(text)': expected error, warning or info")
            }
            set(&options, severity)
        }
    }
}
