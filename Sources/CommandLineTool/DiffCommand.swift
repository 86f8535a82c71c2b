internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension Command {
    static let diff = Command(
        name: "diff",
        operands: "EXPECTED ACTUAL",
        summary: "say by Service what two sets of rules do differently",
        discussion: [
            "EXPECTED and ACTUAL are each a snapshot (JSON), or rules: the text of iptables-save or one for iptables-restore. "
                + "They are told apart by their content; '-' is standard input.",
            "Two sets of rules are the same if they treat every packet the same, as far as kube-proxy's structure goes: "
                + "the order of rules that exclude each other, counters, spelling and comments do not count.",
            "Beside a snapshot only the chains that kube-proxy writes are compared; two sets of rules are compared whole.",
            "Exit code 0: the same; 1: different; 2: an input is at fault.",
        ],
        options: [
            .shaping,
            OptionGroup(
                title: "Output",
                options: [
                    .report([.text, .json, .unified]),
                    .boolean("brief", "say only which Service ports differ", "false") { $0.isBrief = $1 },
                    .boolean("strict", "compare the text of the rules in normal form, comments too", "false") {
                        $0.isStrict = $1
                    },
                    .outputFile,
                ]),
        ]
    ) { invocation, console throws(CommandFailure) in
        guard invocation.operands.count == 2 else {
            throw .usage("diff needs two inputs, EXPECTED and ACTUAL: snapshots or rules", see: "diff")
        }
        guard invocation.operands != ["-", "-"] else {
            throw .usage("standard input can be read only once, but '-' is given twice", see: "diff")
        }
        let (expected, actual) = try RulesInput.readPair(invocation.operands, invocation)
        let (left, right) = (expected.side, actual.side)
        System.keep((left, right))
        guard left.family == right.family else {
            throw .input(
                "error: EXPECTED has rules of the family \(left.family.name), ACTUAL of \(right.family.name); "
                    + "a family is compared with itself: give --family, or the other file")
        }
        console.say(expected.diagnostics + actual.diagnostics)
        let comparison = RuleComparison(expected: left, actual: right, isStrict: invocation.isStrict)
        let text: String
        switch invocation.report {
        case .json: text = DiffReport.json(comparison).text
        case .unified:
            text = DiffReport.unified(
                comparison, left, right, invocation.operands[0], invocation.operands[1],
                isStrict: invocation.isStrict)
        default: text = DiffReport.text(comparison, isBrief: invocation.isBrief)
        }
        try OutputFile.write(text, to: invocation.outputFile)
        return comparison.isSame ? .success : .findings
    }
}

extension OptionSpec {
    /// `-o, --output` for a report.
    static func report(_ forms: [ReportForm]) -> OptionSpec {
        let words = forms.map(\.rawValue)
        return OptionSpec(
            name: "output", short: "o", value: .text(words.joined(separator: "|")), help: "the form of the report",
            defaultText: "text"
        ) { invocation, text throws(OptionError) in
            guard let form = ReportForm(rawValue: text), words.contains(text) else {
                throw OptionError(message: "'\(text)' is no form: expected \(words.joined(separator: ", "))")
            }
            invocation.report = form
        }
    }

    /// `--output-file`.
    static let outputFile = OptionSpec(
        name: "output-file", value: .text("FILE"), help: "write to FILE, whole or not at all",
        defaultText: "standard output"
    ) { invocation, text throws(OptionError) in invocation.outputFile = text }
}
