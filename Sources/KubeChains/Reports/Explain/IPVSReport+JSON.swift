internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

extension IPVSReport {
    /// The explanation as JSON: `kubechains/explain/v1` with the mode `ipvs`.
    ///
    /// - Parameters:
    ///   - target: what was asked for.
    ///   - explanation: the answer.
    public static func json(_ target: String, _ explanation: IPVSExplanation) -> String {
        value(target, explanation).text
    }

    private static func value(_ target: String, _ explanation: IPVSExplanation) -> JSONValue {
        .object([
            ("schema", .string("kubechains/explain/v1")), ("target", .string(target)),
            ("mode", .string("ipvs")),
            ("node", explanation.node.name.map { .string($0) }), ("kubeProxy", explanation.version.json),
            ("family", .string(explanation.family.name)),
            ("scheduler", .string(explanation.scheduler.rawValue)),
            ("remarks", ExplainReport.strings(explanation.remarks)),
            ("services", .array(explanation.services.map { json($0, explanation.scheduler) })),
            ("sharedRules", rules(explanation.sharedRules)),
            ("set", explanation.set.map { json($0) }),
            ("chains", explanation.chains.isEmpty ? nil : .array(explanation.chains.map { json($0) })),
        ])
    }

    private static func json(_ service: IPVSServiceExplanation, _ scheduler: IPVSScheduler) -> JSONValue {
        .object([
            ("servicePort", .string(service.servicePort)),
            ("protocol", service.transport.map { .string($0.name.description) }),
            ("type", .string(service.service.type.name)),
            ("absence", service.absence.map { .string($0) }),
            ("settings", ExplainReport.strings(service.settings)),
            ("virtualServers", .array(service.virtualServers.map { json($0) })),
            ("endpoints", .array(service.endpoints.map { json($0, scheduler) })),
            ("otherEndpoints", service.otherEndpoints == 0 ? nil : .integer(service.otherEndpoints)),
            (
                "sets",
                .array(
                    service.sets.map { set in
                        .object([
                            ("name", .string(set.name)), ("entries", ExplainReport.strings(set.entries)),
                            // Numbers of the rules below, from 1.
                            ("rules", .array(set.rules.map { .integer($0 + 1) })),
                        ])
                    })
            ),
            ("rules", rules(service.rules)),
            (
                "differences",
                .array(
                    service.differences.map { difference in
                        .object([
                            ("kind", .string(difference.kind.rawValue)), ("who", .string(difference.who)),
                            ("iptables", .string(difference.iptables)), ("ipvs", .string(difference.ipvs)),
                        ])
                    })
            ),
        ])
    }

    private static func json(_ server: ExplainedVirtualServer) -> JSONValue {
        .object([
            ("kind", .string(server.kind.rawValue)), ("address", .string(server.address.description)),
            ("port", .integer(Int(server.port))), ("bound", .boolean(server.isBound)),
            ("policy", .string(server.policy)), ("masquerade", .string(server.masquerade)),
            ("sourceRanges", server.ranges.map { .string($0) }), ("owner", server.owner.map { .string($0) }),
            ("ipvsadm", server.line.map { .string($0) }),
            ("realServers", ExplainReport.strings(server.realServers)),
        ])
    }

    /// Shares if the scheduler gives each the same, and the weights of used endpoints.
    private static func json(_ endpoint: ExplainedEndpoint, _ scheduler: IPVSScheduler) -> JSONValue {
        func share(_ oneIn: Int?) -> JSONValue? {
            guard let oneIn else { return .integer(0) }
            return scheduler.sharesEqually || oneIn == 1 ? .number(1 / Double(oneIn)) : nil
        }
        return .object([
            ("address", .string(endpoint.address.description)), ("port", endpoint.port.map { .integer(Int($0)) }),
            ("node", endpoint.node.map { .string($0) }), ("zone", endpoint.zone.map { .string($0) }),
            ("weight", endpoint.isUsed ? .integer(1) : nil), ("clusterShare", share(endpoint.clusterOneIn)),
            ("localShare", share(endpoint.localOneIn)), ("reason", .string(endpoint.reason)),
            ("target", endpoint.isTarget ? .boolean(true) : nil),
        ])
    }

    private static func json(_ set: ExplainedSet) -> JSONValue {
        .object([
            ("name", .string(set.name)), ("type", .string(set.set.kind.rawValue)),
            ("purpose", .string(set.set.comment.description)),
            (
                "entries",
                .array(
                    set.entries.map {
                        .object([
                            ("entry", .string($0.entry)), ("servicePorts", ExplainReport.strings($0.servicePorts)),
                        ])
                    })
            ),
            ("rules", rules(set.rules)),
        ])
    }

    private static func json(_ chain: ExplainedIPVSChain) -> JSONValue {
        .object([
            ("table", .string(chain.table)), ("chain", .string(chain.chain)), ("purpose", .string(chain.purpose)),
            ("callers", ExplainReport.strings(chain.callers)), ("rules", rules(chain.rules)),
        ])
    }

    private static func rules(_ rules: [ExplainedIPVSRule]) -> JSONValue {
        .array(
            rules.map { rule in
                .object([
                    ("table", .string(rule.table)), ("chain", .string(rule.chain)), ("text", .string(rule.text)),
                    ("why", .string(rule.why)),
                ])
            })
    }
}
