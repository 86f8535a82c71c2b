internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

extension ExplainReport {
    /// The explanation as JSON: `kubechains/explain/v1`.
    ///
    /// - Parameters:
    ///   - target: what was asked for.
    ///   - explanation: the answer.
    public static func json(_ target: String, _ explanation: Explanation) -> String {
        value(target, explanation).text
    }

    private static func value(_ target: String, _ explanation: Explanation) -> JSONValue {
        .object([
            ("schema", .string("kubechains/explain/v1")), ("target", .string(target)),
            ("node", explanation.node.name.map { .string($0) }), ("kubeProxy", explanation.version.json),
            ("family", .string(explanation.family.name)),
            ("remarks", strings(explanation.remarks)),
            ("services", .array(explanation.services.map { json($0) })),
            ("sharedRules", .array(explanation.sharedRules.map { json($0) })),
            (
                "sharedChain",
                explanation.sharedChain.isEmpty ? nil : .array(explanation.sharedChain.map { json($0) })
            ),
        ])
    }

    private static func json(_ service: ServiceExplanation) -> JSONValue {
        let object = service.service
        let plan = service.plan
        func policy(_ isLocal: Bool) -> JSONValue { .string(isLocal ? "Local" : "Cluster") }
        func chain(_ name: ChainName?, _ isWritten: Bool?) -> JSONValue? {
            isWritten ?? false ? name.map { .string($0.description) } : nil
        }
        return .object([
            ("servicePort", .string(service.servicePort)),
            ("protocol", service.transport.map { .string($0.name.description) }),
            ("type", .string(object.type.name)),
            ("internalTrafficPolicy", policy(object.internalTrafficPolicyIsLocal)),
            ("externalTrafficPolicy", policy(object.externalTrafficPolicyIsLocal)),
            ("sessionAffinitySeconds", object.sessionAffinitySeconds.map { .integer($0) }),
            ("absence", service.absence.map { .string($0) }),
            ("settings", strings(service.settings)),
            (
                "chains",
                .object([
                    ("cluster", chain(service.chains?.clusterPolicy, plan.map { $0.clusterCount > 0 })),
                    ("local", chain(service.chains?.localPolicy, plan.map { $0.localCount > 0 })),
                    ("external", chain(service.chains?.external, plan?.usesExternalChain)),
                    ("firewall", chain(service.chains?.sourceRanges, plan?.usesSourceRangesChain)),
                ])
            ),
            ("entries", .array(service.entries.map { json($0) })),
            ("endpoints", .array(service.endpoints.map { json($0) })),
            ("otherEndpoints", service.otherEndpoints == 0 ? nil : .integer(service.otherEndpoints)),
            ("unread", service.unread.isEmpty ? nil : .array(service.unread.map { .string($0) })),
            ("rules", .array(service.rules.map { json($0) })),
        ])
    }

    private static func json(_ entry: TrafficEntry) -> JSONValue {
        .object([
            ("kind", .string(entry.kind.rawValue)), ("address", entry.address.map { .string($0.description) }),
            ("port", .integer(Int(entry.port))), ("paths", .array(entry.paths.map { json($0) })),
        ])
    }

    private static func json(_ path: TrafficPath) -> JSONValue {
        let outcome: (word: String, isMasqueraded: Bool?) =
            switch path.outcome {
            case .endpoints(_, let source): ("endpoint", source == .rewritten)
            case .refused: ("reject", nil)
            case .timesOut: ("drop", nil)
            case .unchanged: ("untouched", nil)
            case .unknown: ("unknown", nil)
            }
        return .object([
            ("from", .string(path.origin.rawValue)), ("sender", .string(path.sender)),
            ("inSourceRanges", path.isInSourceRanges.map { .boolean($0) }),
            ("outcome", .string(outcome.word)), ("masqueraded", outcome.isMasqueraded.map { .boolean($0) }),
            ("clientSees", .string(path.clientSees)),
            (
                "steps",
                .array(
                    path.steps.map { step in
                        .object([
                            ("table", .string(step.table)), ("hooks", strings(step.hooks)),
                            ("chains", strings(step.chains.map(\.description))), ("text", .string(step.text)),
                            // Numbers of the rules below, from 1.
                            ("rules", .array(step.rules.map { .integer($0 + 1) })),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ endpoint: ExplainedEndpoint) -> JSONValue {
        func share(_ oneIn: Int?) -> JSONValue { .number(oneIn.map { 1 / Double($0) } ?? 0) }
        return .object([
            ("address", .string(endpoint.address.description)), ("port", endpoint.port.map { .integer(Int($0)) }),
            ("chain", endpoint.chain.map { .string($0.description) }), ("node", endpoint.node.map { .string($0) }),
            ("zone", endpoint.zone.map { .string($0) }), ("clusterShare", share(endpoint.clusterOneIn)),
            ("localShare", share(endpoint.localOneIn)), ("reason", .string(endpoint.reason)),
            ("target", endpoint.isTarget ? .boolean(true) : nil),
        ])
    }

    private static func json(_ rule: ExplainedRule) -> JSONValue {
        .object([
            ("table", .string(rule.table)), ("chain", .string(rule.chain.description)), ("text", .string(rule.text)),
            ("why", .string(rule.why)),
        ])
    }

    private static func json(_ chain: SharedChainExplanation) -> JSONValue {
        .object([
            ("table", .string(chain.table)), ("chain", .string(chain.chain.description)),
            ("purpose", .string(chain.purpose)), ("callers", strings(chain.callers)),
            ("rules", .array(chain.rules.map { json($0) })),
        ])
    }

    static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}
