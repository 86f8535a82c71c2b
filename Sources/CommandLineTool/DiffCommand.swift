internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

struct DiffOptions: ServesAllNodes, WritesReport, ScopesServices {
    static let command = "diff"
    static let modes: [ProxyMode] = [.iptables, .nftables]

    var operands: [String] = []
    var shaping = ShapingOptions()
    var output = ReportOutput()
    /// Name only the Service ports that differ.
    var isBrief = false
    /// Compare the rules' text in normal form, comments included.
    var isStrict = false
    /// Compare what becomes of connections.
    var comparesFlows = false
    /// Options of the second side alone, in one text.
    var rightOptions = ""
    var allNodes = AllNodesOptions()
    var scope = ScopeOptions()
    /// Leave differences of endpoints out.
    var ignoresEndpoints = false
    /// Count the differences of each Service port.
    var isStatistics = false
    /// Write nothing.
    var isQuiet = false

    static var groups: [OptionGroup<DiffOptions>] {
        [
            .output(
                [.text, .json, .unified] + ReportForm.ofFindings + [.jsonl],
                [
                    .boolean("brief", "say only which Service ports differ") { $0.isBrief = $1 },
                    .boolean("strict", "compare the text of the rules in normal form, comments too") {
                        $0.isStrict = $1
                    },
                    .boolean("flows", "compare what becomes of connections, from everybody to everything") {
                        $0.comparesFlows = $1
                    },
                    Option("right", "OPTIONS", "with --flows: options that shape ACTUAL's rules only, as one argument")
                    {
                        options, text throws(OptionError) in options.rightOptions = text
                    },
                    .boolean("stat", "count the differences of each Service port") { $0.isStatistics = $1 },
                    .boolean("quiet", short: "q", "write nothing; the exit code says whether anything differs") {
                        $0.isQuiet = $1
                    },
                ]),
            OptionGroup(
                title: "What is compared",
                options: Option.scope + [ignore]
                    + Option.allNodes("compare every Node of two snapshots, and group differences over Nodes")),
            .shaping, .nftables,
        ]
    }

    static func defaultText(of flag: ProxyFlag) -> String? {
        flag == .family ? "that of the rules, else ipv4" : nil
    }

    private static var ignore: Option<DiffOptions> {
        Option("ignore", "endpoints", "leave endpoints and their shares out, which change whenever a pod does") {
            options, text throws(OptionError) in
            guard text == "endpoints" else {
                throw OptionError(message: "invalid value '\(text)': expected endpoints")
            }
            options.ignoresEndpoints = true
        }
    }

    /// Whether some differences are left out.
    var isNarrowed: Bool { !scope.isEmpty || ignoresEndpoints }

    /// Refuses forms that show whole chains, or nothing, where differences are left out or counted.
    fileprivate func checkForms() throws(CommandFailure) {
        if output.form == .jsonl, !allNodes.isOn {
            throw DiffOptions.usage("-o jsonl is for --all-nodes; give that too")
        }
        if output.form == .unified, isNarrowed || isStatistics {
            throw DiffOptions.usage(
                "-o unified shows whole chains; leave --namespace, --selector, --service, --ignore and --stat out")
        }
        if isStatistics, output.form != .text {
            throw DiffOptions.usage("--stat is text, and not for -o \(output.form)")
        }
    }
}

extension DiffOptions {
    /// The Services that are compared.
    ///
    /// - Parameters:
    ///   - snapshots: those of the sides that are no rules.
    ///   - others: Services of rules, as `namespace/name`.
    func scope(_ snapshots: [ClusterSnapshot?], others: [String]) throws(CommandFailure) -> ServiceScope {
        let snapshots = snapshots.compactMap(\.self)
        guard scope.selector == nil || !snapshots.isEmpty else {
            throw DiffOptions.usage("--selector needs a snapshot, which has the labels; both inputs are rules")
        }
        return try scope.scope(in: snapshots, others: others)
    }

    /// What of a comparison is wanted.
    func narrowed(_ comparison: RuleComparison, _ scope: ServiceScope) -> RuleComparison {
        let limited = scope.isEverything ? comparison : comparison.limited { scope.contains($0.service) }
        return ignoresEndpoints ? limited.withoutEndpoints : limited
    }
}

extension Command {
    static let diff = Command(
        operands: "EXPECTED ACTUAL",
        summary: "say by Service what two sets of rules do differently",
        discussion: [
            "EXPECTED and ACTUAL are each a snapshot (JSON), or rules: the text of iptables-save or one for iptables-restore. "
                + "The content shows which; '-' is standard input.",
            "In nftables mode rules are what 'nft list' prints as text, or with -j, or the commands that 'render' writes; their "
                + "content tells the mode too.",
            "Two sets of rules are the same if they treat every packet the same, as far as kube-proxy's structure goes: "
                + "the order of rules that exclude each other, counters, spelling and comments do not count.",
            "Beside a snapshot only the chains that kube-proxy writes are compared; two sets of rules are compared whole.",
            "With --flows both are compared by what becomes of connections: from whom, to what, before, after, with an "
                + "example. Names of chains do not count there, and rules, which have to be all that iptables-save prints, may "
                + "be those of another program than kube-proxy. --right gives ACTUAL other options, such as --right '--proxy-mode nftables', so that one snapshot "
                + "can be compared with itself.",
            "With --all-nodes two snapshots are compared for each Node that both have. Differences that several Nodes have are "
                + "said once: 'on 212 of 214 nodes', with the odd ones named.",
            "Exit code 0: the same; 1: different; 2: an input is at fault.",
        ]
    ) { (options: DiffOptions, console) throws(CommandFailure) in
        guard options.operands.count == 2 else {
            throw DiffOptions.usage("diff needs two inputs, EXPECTED and ACTUAL: snapshots or rules")
        }
        try options.checkAllNodes()
        try options.checkForms()
        var sources: [SnapshotSource] = []
        for path in options.operands { sources.append(try InputFile.open(path)) }
        if options.allNodes.isOn { return try options.compareAllNodes(sources, console) }
        if options.comparesFlows { return try options.compareFlows(sources, console) }
        guard options.rightOptions.isEmpty else { throw DiffOptions.usage("--right needs --flows") }
        switch ProxyMode.ofRules(sources, given: options.shaping.mode) {
        case .nftables: return try options.compareNftables(sources, console)
        case .iptables, .ipvs: return try options.compareIptables(sources, console)
        }
    }
}

extension DiffOptions {
    /// Compares rules of iptables.
    fileprivate func compareIptables(
        _ sources: [SnapshotSource], _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let (expected, actual) = try RulesInput.readPair(sources, self)
        let (left, right) = (expected.side, actual.side)
        System.keep((left, right))
        guard left.family == right.family else {
            throw .input(
                "error: EXPECTED has rules of the family \(left.family.name), ACTUAL of \(right.family.name); "
                    + "a family is compared with itself: give --family, or the other file")
        }
        console.say(expected.diagnostics + actual.diagnostics)
        var comparison = RuleComparison(expected: left, actual: right, isStrict: isStrict)
        let scope = try scope(
            [expected.snapshot, actual.snapshot], others: comparison.servicePorts.map(\.label.service))
        comparison = narrowed(comparison, scope)
        let versions = ComparedVersions(expected: expected.version, actual: actual.version)
        let text: String
        switch output.form {
        case _ where isQuiet: text = ""
        case _ where isStatistics: text = DiffReport.statistics(comparison, output.style)
        case .json: text = DiffReport.json(comparison, versions)
        case .junit, .sarif, .github:
            let input = ComparedInput(
                sources[1].name, actual.snapshot, places: comparison.servicePorts.map(\.label.service))
            text =
                FindingsReport(diff: comparison, actual: input, version: Tool.number).text(
                    output.form, of: sources[1].name) ?? ""
        case .unified:
            text = DiffReport.unified(
                comparison, left, right, operands[0], operands[1],
                isStrict: isStrict, output.style)
        default: text = DiffReport.text(comparison, versions, isBrief: isBrief, output.style)
        }
        try OutputFile.write(text, to: output.file)
        return comparison.isSame ? .success : .findings
    }
}
