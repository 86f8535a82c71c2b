internal import KubeChainsBytes
internal import KubeChainsJSON
internal import KubeProxy
internal import NetAddress

/// The words for senders and what becomes of their packets.
enum FlowWords {
    /// Who sends, with ranges where an origin's senders fare differently.
    ///
    /// - Parameter all: the senders of the frontend.
    static func text(_ senders: [SenderSet], among all: [SenderSet]) -> String {
        var done: Set<SenderOrigin> = []
        return senders.compactMap { set in
            let whole = all.count { $0.origin == set.origin }
            guard senders.count(where: { $0.origin == set.origin }) == whole else {
                return "\(words(set.origin)): \(ranges(set.addresses))"
            }
            return done.insert(set.origin).inserted ? words(set.origin) : nil
        }.joined(separator: "; ")
    }

    /// Where packets go, such as `10.96.0.10:53`.
    static func place(_ frontend: Frontend) -> String {
        guard let address = frontend.address else { return "port \(frontend.port)" }
        return AddressText(address, port: frontend.port).description
    }

    /// Who sends.
    static func words(_ origin: SenderOrigin) -> String {
        switch origin {
        case .pod: "this node's pods"
        case .otherPod: "other nodes' pods"
        case .node: "this node"
        case .otherNode: "other nodes"
        case .outside: "outside"
        }
    }

    /// The ranges of a set, the first few of many. What belongs to other senders is not said.
    static func ranges(_ set: AddressSet) -> String {
        if set.ranges.contains(where: { $0.length == 0 }) { return "the rest" }
        // From loopback the node sends to loopback only.
        let others = set.ranges.filter { !$0.network.isLoopback }
        let ranges = others.isEmpty ? set.ranges : others
        let shown = ranges.prefix(3).map {
            $0.length == $0.family.bitWidth ? $0.network.description : $0.description
        }
        return shown.joined(separator: ", ") + (ranges.count > 3 ? " and \(ranges.count - 3) more" : "")
    }

    /// What the client sees.
    static func result(_ outcome: FlowOutcome) -> String {
        switch outcome {
        case .endpoints(let endpoints, _):
            let toItself = endpoints.contains { $0.toItself == .timesOut } ? ", times out to itself" : ""
            let answering = endpoints.count { $0.answers }
            if answering == endpoints.count { return counted(endpoints.count, "endpoint") + toItself }
            return endpoints.count == 1
                ? "1 endpoint, no answer"
                : "\(answering) of \(counted(endpoints.count, "endpoint")) answer\(toItself)"
        case .refused: return "refused"
        case .timesOut: return "times out"
        case .unchanged: return "unchanged"
        case .unknown: return "unknown" + (reason(outcome).map { ": \($0)" } ?? "")
        case .divided(let parts):
            return parts.map { part in
                if case .endpoints = part.outcome { return result(part.outcome) }
                return "\(part.share) \(result(part.outcome))"
            }.joined(separator: ", ")
        }
    }

    /// Why what becomes of packets is not known; nil: it is, or there is no more to say.
    static func reason(_ outcome: FlowOutcome) -> String? {
        switch outcome {
        case .unknown(.sharedFrontend): "two Services have it"
        case .unknown(.condition(let text)): "it depends on '\(text)'"
        case .unknown(.rules(let text)): text
        default: nil
        }
    }

    /// The outcome in one line.
    static func sentence(_ outcome: FlowOutcome) -> String {
        if case .divided(let parts) = outcome {
            return parts.map { part in
                if case .endpoints = part.outcome { return sentence(part.outcome) }
                return "\(part.share) \(result(part.outcome))"
            }.joined(separator: "; ")
        }
        guard case .endpoints(let endpoints, _) = outcome else { return result(outcome) }
        let shown = endpoints.prefix(3).map { AddressText($0.address, port: $0.port).description }
        let more = endpoints.count > 3 ? " and \(endpoints.count - 3) more" : ""
        let source =
            source(outcome)
            + (endpoints.first(where: \.seesSender).map { ", not for \($0.address), the node itself" } ?? "")
        let toItself = endpoints.contains { $0.toItself == .rewritten } ? ", to itself rewritten" : ""
        return "\(result(outcome)) (\(shown.joined(separator: ", "))\(more)), source IP \(source)\(toItself)"
    }

    /// The outcome as a table shows it, which does not say that an endpoint that reaches itself is masqueraded.
    static func shown(_ outcome: FlowOutcome) -> FlowOutcome {
        guard case .endpoints(var endpoints, let source) = outcome else { return outcome }
        for index in endpoints.indices where endpoints[index].toItself == .rewritten { endpoints[index].toItself = nil }
        return .endpoints(endpoints, source)
    }

    /// Packets beside frontends.
    static func words(_ kind: UnservedTraffic.Kind) -> String {
        switch kind {
        case .otherPorts: "addresses of Services: ports that no Service has there, and pings"
        case .unallocated: "addresses of the ServiceCIDRs that no Service has"
        }
    }

    /// The key of packets beside frontends.
    static func json(_ kind: UnservedTraffic.Kind, _ addresses: AddressSet) -> [(key: String, value: JSONValue?)] {
        [
            ("kind", .string(kind.rawValue)), ("ranges", json(addresses.ranges)), ("except", json(addresses.except)),
        ]
    }

    /// What endpoints see of the sender's address.
    static func source(_ outcome: FlowOutcome) -> String {
        guard case .endpoints(let endpoints, let source) = outcome else { return "-" }
        if source == .preserved { return "preserved" }
        return endpoints.contains { $0.seesSender } ? "partly rewritten" : "rewritten"
    }

    /// Each endpoint's part.
    static func share(_ outcome: FlowOutcome) -> String {
        guard case .endpoints(let endpoints, _) = outcome, let first = endpoints.first else { return "-" }
        guard let share = first.share else { return "varies" }
        return endpoints.allSatisfy { $0.share == share } ? share.description : "uneven"
    }

    // MARK: JSON

    /// The key `from` of a flow.
    static func json(_ senders: SenderSet) -> JSONValue {
        .object([
            ("origin", .string(senders.origin.rawValue)), ("ranges", json(senders.addresses.ranges)),
            ("except", json(senders.addresses.except)),
        ])
    }

    private static func json(_ ranges: [IPPrefix]) -> JSONValue { .array(ranges.map { .string($0.description) }) }

    /// The outcome of a flow.
    static func json(_ outcome: FlowOutcome) -> JSONValue {
        switch outcome {
        case .endpoints(let endpoints, let source):
            .object([
                ("verdict", .string("endpoints")),
                (
                    "endpoints",
                    .array(
                        endpoints.map { endpoint in
                            .object([
                                ("address", .string(endpoint.address.description)),
                                ("port", .integer(Int(endpoint.port))),
                                ("share", endpoint.share.map { .number($0.value) }),
                                ("answers", endpoint.answers ? nil : .boolean(false)),
                                ("source", endpoint.seesSender ? .string("preserved") : nil),
                                ("toItself", endpoint.toItself.map { .string($0.rawValue) }),
                            ])
                        })
                ), ("source", .string(source == .preserved ? "preserved" : "rewritten")),
            ])
        case .refused: .object([("verdict", .string("refused"))])
        case .timesOut: .object([("verdict", .string("timeout"))])
        case .unchanged: .object([("verdict", .string("unchanged"))])
        case .divided(let parts):
            .object([
                ("verdict", .string("divided")),
                (
                    "parts",
                    .array(
                        parts.map { .object([("share", .number($0.share.value)), ("outcome", json($0.outcome))]) })
                ),
            ])
        case .unknown(let doubt):
            .object([("verdict", .string("unknown")), ("reason", .string(reason(doubt)))])
        }
    }

    private static func reason(_ doubt: FlowOutcome.Doubt) -> String {
        switch doubt {
        case .sharedFrontend: "shared-frontend"
        case .mode: "mode"
        case .condition(let text), .rules(let text): text
        }
    }
}
