internal import KubeChains
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy

/// The Services that a report is limited to, as the command line names them.
struct ScopeOptions: Sendable {
    var namespace: String?
    var service: String?
    var selector: LabelSelector?

    var isEmpty: Bool { namespace == nil && service == nil && selector == nil }

    /// The scope in a snapshot.
    ///
    /// - Parameter others: Services that are known besides, as `namespace/name`.
    func scope(in snapshots: [ClusterSnapshot], others: [String] = []) throws(CommandFailure) -> ServiceScope {
        if isEmpty { return .everything }
        do throws(ServiceScope.UnknownName) {
            return try ServiceScope(
                namespace: namespace, service: service, selector: selector, in: snapshots, others: others)
        } catch {
            throw .input("error: \(error.message)" + Suggestion.text(for: error.name, among: error.known))
        }
    }
}

/// The options of a command whose report can be limited to some Services.
protocol ScopesServices: CommandOptions {
    var scope: ScopeOptions { get set }
}

extension Option where Options: ScopesServices {
    /// `-n` and `-l`, as kubectl has them, and `--service`.
    static var scope: [Option] {
        [
            Option("namespace", short: "n", "NAME", "only what is about Services of this namespace") {
                options, text throws(OptionError) in options.scope.namespace = text
            },
            Option(
                "selector", short: "l", "LABELS",
                "only what is about Services with these labels, such as app=web,tier!=cache"
            ) { options, text throws(OptionError) in
                do throws(LabelSelector.InvalidText) {
                    options.scope.selector = try LabelSelector(text)
                } catch {
                    throw OptionError(message: error.description)
                }
            },
            Option("service", "[NAMESPACE/]NAME", "only what is about this Service") {
                options, text throws(OptionError) in
                if let first = options.scope.service, first != text {
                    throw OptionError(
                        message: "'\(first)' and '\(text)' are given, but this names one Service; "
                            + "--namespace and --selector choose several")
                }
                options.scope.service = text
            },
        ]
    }
}

/// The options of a command whose findings a team can ignore or give another severity.
protocol TakesFindingRules: CommandOptions {
    /// The file of `--rules`.
    var rulesFile: String? { get set }
}

extension Option where Options: TakesFindingRules {
    /// `--rules`.
    static var rules: Option {
        Option("rules", "FILE", "severities of rules, and what is ignored where and why, as JSON") {
            options, text throws(OptionError) in options.rulesFile = text
        }
    }
}

extension TakesFindingRules {
    /// What the file of `--rules` says.
    func readRules() throws(CommandFailure) -> FindingRules? {
        guard let rulesFile else { return nil }
        let source = try InputFile.open(rulesFile)
        let known = LintRule.all.map(\.name) + AuditFinding.Identifier.all
        do throws(FindingRules.InvalidFile) {
            return try FindingRules(reading: source, known: known)
        } catch {
            throw .input(error.description + (error.unknownRule.map { Suggestion.text(for: $0, among: known) } ?? ""))
        }
    }
}

extension AuditFinding.Identifier {
    fileprivate static var all: [String] { allCases.map(\.rawValue) }
}
