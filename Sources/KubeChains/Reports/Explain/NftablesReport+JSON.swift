internal import KubeChainsJSON
internal import KubeObjects
public import KubeProxy
internal import NetAddress

extension NftablesReport {
    /// The explanation as JSON: `kubechains/explain/v1` with the mode `nftables`.
    ///
    /// - Parameters:
    ///   - target: what was asked for.
    ///   - explanation: the answer.
    public static func json(_ target: String, _ explanation: NftablesExplanation) -> String {
        value(target, explanation).text
    }

    private static func value(_ target: String, _ explanation: NftablesExplanation) -> JSONValue {
        .object([
            ("schema", .string("kubechains/explain/v1")), ("target", .string(target)), ("mode", .string("nftables")),
            ("node", explanation.node.name.map { .string($0) }), ("kubeProxy", explanation.version.json),
            ("family", .string(explanation.family.name)),
            ("remarks", ExplainReport.strings(explanation.remarks)),
            ("services", .array(explanation.services.map { json($0) })),
            ("sharedChains", .array(explanation.sharedChains.map { json($0) })),
            ("chain", explanation.chain.map { json($0) }),
        ])
    }

    private static func json(_ service: NftablesServiceExplanation) -> JSONValue {
        .object([
            ("servicePort", .string(service.servicePort)),
            ("protocol", service.transport.map { .string($0.name.description) }),
            ("type", .string(service.service.type.name)), ("absence", service.absence.map { .string($0) }),
            ("settings", ExplainReport.strings(service.settings)),
            (
                "elements",
                .array(
                    service.elements.map { element in
                        .object([
                            ("set", .string(element.set)), ("key", .string(element.key)),
                            ("verdict", element.verdict.map { .string($0) }), ("why", .string(element.why)),
                        ])
                    })
            ),
            ("chains", .array(service.chains.map { json($0) })),
            ("endpoints", .array(service.endpoints.map { json($0) })),
            ("otherEndpoints", service.otherEndpoints == 0 ? nil : .integer(service.otherEndpoints)),
            ("unread", service.unread.isEmpty ? nil : ExplainReport.strings(service.unread)),
        ])
    }

    private static func json(_ chain: ExplainedNftablesChain) -> JSONValue {
        .object([
            ("chain", .string(chain.name)), ("purpose", .string(chain.purpose)),
            (
                "rules",
                .array(
                    chain.rules.map { rule in .object([("text", .string(rule.text)), ("why", .string(rule.why))]) })
            ),
        ])
    }

    private static func json(_ endpoint: ExplainedEndpoint) -> JSONValue {
        func share(_ oneIn: Int?) -> JSONValue { oneIn.map { .number(1 / Double($0)) } ?? .integer(0) }
        return .object([
            ("address", .string(endpoint.address.description)), ("port", endpoint.port.map { .integer(Int($0)) }),
            ("node", endpoint.node.map { .string($0) }), ("zone", endpoint.zone.map { .string($0) }),
            ("clusterShare", share(endpoint.clusterOneIn)), ("localShare", share(endpoint.localOneIn)),
            ("reason", .string(endpoint.reason)), ("target", endpoint.isTarget ? .boolean(true) : nil),
        ])
    }
}
