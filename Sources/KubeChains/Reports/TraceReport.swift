public import Iptables
internal import KubeChainsJSON
public import KubeProxy
internal import NetAddress

/// The reports of `trace`.
public enum TraceReport {
    /// The outcomes as JSON: `kubechains/trace/v1`.
    ///
    /// - Parameters:
    ///   - trace: the trace.
    ///   - version: the version of kube-proxy whose rules a snapshot was traced through; nil for rules.
    public static func json(_ trace: PacketTrace, _ version: VersionChoice? = nil) -> String {
        value(trace, version).text
    }

    private static func value(_ trace: PacketTrace, _ version: VersionChoice?) -> JSONValue {
        let query = trace.query
        let outcomes = trace.mergedOutcomes
        let limit = AssumptionLimit(outcomes.map(\.outcome))
        return .object([
            ("schema", .string("kubechains/trace/v1")), ("kubeProxy", version?.json),
            (
                "packet",
                .object([
                    ("from", .string(query.source.description)),
                    ("fromPort", query.sourcePort.map { .integer(Int($0)) }),
                    ("to", .string(query.destination.description)), ("port", .integer(Int(query.destinationPort))),
                    ("protocol", .string(query.transport.name.description)), ("ctstate", .string(query.state.rawValue)),
                    ("reply", .boolean(query.isReply)),
                    ("mark", query.mark == 0 ? nil : .integer(Int(query.mark))),
                ])
            ),
            ("outcomes", .array(outcomes.map { json($0, query, limit) })),
        ])
    }

    private static func json(_ merged: MergedOutcome, _ query: TraceQuery, _ limit: AssumptionLimit) -> JSONValue {
        let outcome = merged.outcome
        let (assumptions, omitted) = limit.listed(outcome)
        return .object([
            ("verdict", .string(outcome.verdict.name)), ("rejectWith", outcome.verdict.rejectWith.map { .string($0) }),
            ("probability", .number(outcome.probability)),
            (
                "destination",
                .object([
                    ("address", .string(outcome.packet.destination.text)),
                    ("port", json(outcome.packet.destinationPort)),
                ])
            ),
            ("source", .object([("address", .string(outcome.packet.source.text))])),
            (
                "server",
                outcome.isReply
                    ? .object([
                        ("address", .string(outcome.server.address.text)), ("port", json(outcome.server.port)),
                    ]) : nil
            ),
            ("answers", outcome.isAnsweredPast(query) ? .boolean(false) : nil),
            ("translated", .boolean(outcome.isTranslated)), ("masqueraded", .boolean(outcome.isMasqueraded)),
            ("mark", .integer(Int(outcome.packet.mark))),
            ("unknownMark", outcome.packet.unknownMark == 0 ? nil : .integer(Int(outcome.packet.unknownMark))),
            ("refusalLost", outcome.isRefusalLost ? .boolean(true) : nil),
            ("reply", query.isReply ? .boolean(outcome.isReply) : nil),
            ("merged", merged.count == 1 ? nil : .integer(merged.count)),
            (
                "unknown",
                .array(
                    assumptions.map { assumption in
                        .object([("text", .string(assumption.text)), ("assumed", .boolean(assumption.isAssumed))])
                    })
            ),
            ("unknownOmitted", omitted == 0 ? nil : .integer(omitted)),
            ("path", .array(outcome.path.map { json($0) })),
        ])
    }

    /// A rule on a path.
    static func json(_ step: TraceStep) -> JSONValue {
        .object([
            ("table", .string(step.table)), ("chain", .string(step.chain)), ("rule", .integer(step.number)),
            ("text", .string(step.text)), ("element", step.element.map { .string($0) }),
        ])
    }

    private static func json(_ ports: PortRange) -> JSONValue {
        ports.first == ports.last ? .integer(Int(ports.first)) : .string(ports.words)
    }

    /// The paths in graphviz's language.
    public static func dot(_ trace: PacketTrace) -> String { TraceGraph(trace).dot }

    /// The paths as a Mermaid flowchart.
    public static func mermaid(_ trace: PacketTrace) -> String { TraceGraph(trace).mermaid }

    /// The paths as a picture.
    public static func svg(_ trace: PacketTrace) -> String { TraceGraph(trace).svg }

    // MARK: Text

    /// The outcomes as text, each with what the client sees and the rules that led there.
    ///
    /// - Parameters:
    ///   - trace: the trace.
    ///   - version: the version of kube-proxy whose rules a snapshot was traced through; nil for rules.
    ///   - style: how the text is laid out.
    public static func text(
        _ trace: PacketTrace, _ version: VersionChoice? = nil, _ style: TextStyle = .plain
    ) -> String {
        let query = trace.query
        var report = ReportText(style)
        report.line(
            words: (query.isReply ? "answer to " : "") + "\(query.words), \(query.state.rawValue)"
                + (version.map { "; rules of \($0.phrase)" } ?? ""))
        let outcomes = trace.mergedOutcomes
        let limit = AssumptionLimit(outcomes.map(\.outcome))
        for merged in outcomes {
            let outcome = merged.outcome
            report.emptyLine()
            report.line(
                .init(TextLayout.percent(outcome.probability), .heading), "  ", .init(heading(outcome), .heading))
            let (assumptions, omitted) = limit.listed(outcome)
            if omitted > 0 { report.row("if", AssumptionLimit.words(omitted)) }
            for assumption in assumptions {
                report.row(assumption.isAssumed ? "if" : "if not", assumption.text)
            }
            if merged.count > 1 {
                let count = merged.count < MergedOutcome.manyWays ? "\(merged.count)" : "a million or more"
                report.row(
                    "paths", "\(count) lead here, by other rules or assumptions; these are the first one's rules")
            }
            // A reply that is dropped is not yet rewritten back.
            if !query.isReply || outcome.isReply && outcome.verdict == .accept {
                report.row("destination", destination(outcome, query))
                report.row("source", source(outcome, query))
            }
            if let mark = mark(outcome.packet, query) { report.row("mark", mark) }
            report.row("client", client(outcome, query))
            for (index, step) in outcome.path.enumerated() {
                report.line(
                    "    ", .init(TextLayout.padded(index == 0 ? "rules" : "", 11), .heading), "  \(line(of: step))")
            }
        }
        return report.text
    }

    /// A rule on a path: its table, its number in its chain, and the rule.
    static func line(of step: TraceStep) -> String {
        let number = step.number == 0 ? "" : String(step.number)
        return TextLayout.padded(step.table, 8) + " " + TextLayout.padded(number, 5) + " " + step.line
    }

    private static func heading(_ outcome: TraceOutcome) -> String {
        let place = outcome.packet.destinationWords
        switch outcome.verdict {
        case .accept: return outcome.isForHost ? "accepted, for this host: \(place)" : "accepted, sent on to \(place)"
        case .drop where outcome.isRefusalLost:
            return "rejected on the way to \(place), but the refusal is dropped on its way to the client"
        case .drop: return "dropped on the way to \(place)"
        case .reject(let kind): return "rejected on the way to \(place), with \(kind.name)"
        case .unknown: return "unknown, at a target that is not modelled, on the way to \(place)"
        }
    }

    /// The packet's mark in the end; nil where nobody asked for one and there is none.
    private static func mark(_ packet: TracedPacket, _ query: TraceQuery) -> String? {
        guard packet.mark != 0 || packet.unknownMark != 0 || query.mark != 0 else { return nil }
        let mark = "0x" + String(packet.mark, radix: 16)
        guard packet.unknownMark != 0 else { return mark }
        return packet.unknownMark == .max
            ? "not known: an IP set or a socket gives it"
            : "\(mark), but the bits 0x\(String(packet.unknownMark, radix: 16)) are not known"
    }

    private static func destination(_ outcome: TraceOutcome, _ query: TraceQuery) -> String {
        if outcome.isReply { return outcome.isMasqueraded ? "rewritten back to the client's" : "the client's own" }
        return outcome.isTranslated
            ? "rewritten, was \(AddressText(query.destination, port: query.destinationPort))" : "not rewritten"
    }

    private static func source(_ outcome: TraceOutcome, _ query: TraceQuery) -> String {
        let address = outcome.packet.source.text
        if outcome.isReply {
            let server = words(outcome.server.address, outcome.server.port)
            return outcome.isTranslated ? "rewritten back, was \(server)" : "stays \(server)"
        }
        guard outcome.isMasqueraded else { return "stays \(address)" }
        return outcome.packet.source == .ofHost
            ? "masqueraded: \(address) in place of \(query.source)" : "rewritten to \(address), was \(query.source)"
    }

    /// What the client sees.
    private static func client(_ outcome: TraceOutcome, _ query: TraceQuery) -> String {
        let isAnswerless = query.isReply && !outcome.isReply
        switch outcome.verdict {
        case .accept:
            if query.isReply { return "gets the answer" }
            if let node = query.clientNode, outcome.isAnsweredPast(query) {
                return
                    "times out: the client is a pod of \(node.name), and the endpoint, on another node than this, answers "
                    + "it past this node, unless the pod network rewrites the source (SNAT)"
            }
            return outcome.isTranslated || outcome.isForHost
                ? "reaches \(outcome.packet.destinationWords), if something listens there"
                : "the packet passes by: no rule rewrites its destination"
        case .drop where outcome.isRefusalLost: return "times out: the refusal is dropped"
        case .drop:
            if outcome.isReply { return "times out: the answer is dropped" }
            return "times out" + (isAnswerless ? ": the packet itself does not get through" : "")
        case .reject(let kind):
            if outcome.isReply { return "gets no answer: the sender of it is refused" }
            return kind.clientWords
                + (isAnswerless ? ": the packet itself does not get through" : "")
        case .unknown: return "depends on that target"
        }
    }
}

extension ReportText {
    /// A line of an outcome, with its name.
    fileprivate mutating func row(_ label: String, _ words: String) {
        line("    ", Span(TextLayout.padded(label, 11), .heading), "  ", words: words, hanging: 17)
    }
}

extension TraceOutcome.Verdict {
    var name: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .reject: "reject"
        case .unknown: "unknown"
        }
    }

    fileprivate var rejectWith: String? {
        if case .reject(let kind) = self { kind.name.description } else { nil }
    }
}

extension RejectKind {
    /// The error of a client's connect or send on Linux (ip(7), icmp(7)).
    fileprivate var clientWords: String {
        switch self {
        case .icmpPortUnreachable, .icmp6PortUnreachable, .tcpReset: "is refused at once (connection refused)"
        case .icmpProtoUnreachable: "is turned away at once (protocol not available)"
        case .icmpNetUnreachable, .icmpNetProhibited, .icmp6NoRoute:
            "is turned away at once (network is unreachable)"
        case .icmpHostUnreachable, .icmpHostProhibited, .icmpAdminProhibited, .icmp6AddrUnreachable:
            "is turned away at once (no route to host)"
        case .icmp6AdmProhibited, .icmp6PolicyFail, .icmp6RejectRoute:
            "is turned away at once (permission denied)"
        }
    }
}

extension TracedPacket {
    /// The destination: address and port.
    var destinationWords: String { words(destination, destinationPort) }
}

/// An address and its port, as far as they are known.
private func words(_ address: TracedAddress, _ ports: PortRange) -> String {
    if ports == PortRange(first: 0, last: 0xFFFF) { return address.text }
    guard case .exact(let exact) = address, ports.first == ports.last else {
        return "\(address.text), port \(ports.words)"
    }
    return AddressText(exact, port: ports.first).description
}

extension TraceQuery {
    /// `10.244.1.9 -> 10.96.0.1:443/tcp`.
    var words: String {
        let client = sourcePort.map { AddressText(source, port: $0).description } ?? source.description
        return "\(client) -> \(AddressText(destination, port: destinationPort))/\(transport.name)"
    }
}

extension PortRange {
    fileprivate var words: String { first == last ? "\(first)" : "\(first)-\(last)" }
}
