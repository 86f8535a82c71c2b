internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

extension Command {
    static let trace = Command(
        operands: "--from IP --to IP:PORT[/PROTO] INPUT...",
        summary: "say where a packet goes, with what chance and by which rules",
        discussion: [
            "INPUT is a snapshot (JSON, one or more files), traced through the rules and jumps that kube-proxy would make of "
                + "it, or rules: the text of iptables-save. The content shows which; '-' is standard input.",
            "Each outcome has its probability, the address that the packet is sent to in the end, what the client sees, and "
                + "the rules that led there: the table, the rule's number in its chain, the rule.",
            "With --live, the rules are those of SAVE, and INPUT is the snapshot that the node's addresses are taken from.",
            "What rules leave open, such as IP sets or interfaces that are not given, splits the result: every outcome says "
                + "what is assumed for it. With rules, --node-address tells which addresses are the host's.",
            "The family is that of --to. Routes, spoofed sources and whether somebody listens are not looked at, and the "
                + "answer of --reply is taken to come back by this node.",
        ]
    ) { (options: TraceOptions, console) throws(CommandFailure) in
        var query = try options.query()
        guard let path = options.operands.first else {
            throw TraceOptions.usage("trace needs an INPUT: a snapshot, rules, or '-' for standard input")
        }
        let source = try InputFile.open(path)
        let rules: Ruleset
        var diagnostics: [Diagnostic] = []
        var planned: NodePlan?
        if source.looksLikeJSON || options.live != nil {
            var prepared = try options.readSnapshot(of: source)
            prepared.settings.family = query.destination.family
            let plan = try prepared.plan()
            diagnostics = prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.warnings)
            query.hostAddresses = plan.node.hostAddresses
            query.clientNode = plan.otherNode(of: query.source)
            planned = plan
            if let live = options.live {
                let dump = try InputFile.open(live)
                rules = try RulesInput.readRules(dump, query.destination.family, needsAllTables: true)
                diagnostics += warnings(of: rules, query)
            } else {
                rules = IptablesPlan(plan).hostRules
            }
        } else {
            guard options.operands.count == 1 else {
                throw TraceOptions.usage("rules are one INPUT, but \(options.operands.count) are given")
            }
            rules = try RulesInput.readRules(source, query.destination.family, needsAllTables: true)
            query.hostAddresses = options.shaping.settings.hostAddresses
            diagnostics = warnings(of: rules, query)
        }
        let trace: PacketTrace
        do throws(TraceError) {
            trace = try PacketTrace(query, through: IndexedRules(rules))
        } catch {
            throw .input("\(source.name):\(error.line > 0 ? "\(error.line):" : "") error: \(error)")
        }
        if trace.hasUnknownHistory, let (address, port) = query.affinity {
            diagnostics.append(
                Diagnostic(
                    .warning,
                    "no rule remembers who was sent to \(AddressText(address, port: port)); "
                        + "--affinity-from has no effect"))
        }
        if let planned, !query.isReply {
            diagnostics += planned.remarks(
                onUnserved: query.destination, port: query.destinationPort, transport: query.transport
            ).map { Diagnostic(.notice, $0) }
        }
        console.say(diagnostics)
        let version = options.live == nil ? planned?.version : nil
        let text: String
        switch options.output.form {
        case .json: text = TraceReport.json(trace, version)
        case .dot: text = TraceReport.dot(trace)
        case .mermaid: text = TraceReport.mermaid(trace)
        default: text = TraceReport.text(trace, version, options.output.style)
        }
        try OutputFile.write(text, to: options.output.file)
        System.keep((rules, trace, planned))
        return .success
    }
}

extension TraceOptions {
    /// The packet that the options name.
    fileprivate func query() throws(CommandFailure) -> TraceQuery {
        guard let source = packet.source else {
            throw TraceOptions.usage("trace needs the client's address: --from IP")
        }
        guard let destination = packet.destination else {
            throw TraceOptions.usage("trace needs the packet's destination: --to IP:PORT[/PROTO]")
        }
        let family = destination.address.family
        guard source.address.family == family, packet.affinity.map({ $0.address.family == family }) ?? true else {
            throw TraceOptions.usage("--from, --to and --affinity-from must be addresses of one family")
        }
        if let given = shaping.family, given != family {
            throw TraceOptions.usage("--family is \(given.name), but --to is an \(family.name) address")
        }
        guard !packet.isReply || packet.state ?? .established == .established else {
            throw TraceOptions.usage("an answer is ESTABLISHED; leave --ctstate out with --reply")
        }
        var query = TraceQuery(
            from: source.address, sourcePort: source.port, to: destination.address, port: destination.port,
            destination.transport)
        query.state = packet.state ?? (packet.isReply ? .established : .new)
        query.isReply = packet.isReply
        query.inInterface = packet.inInterface
        query.outInterface = packet.outInterface
        query.affinity = packet.affinity
        query.mark = packet.mark
        query.sets = packet.sets
        return query
    }

    /// Reads the snapshot whose first input is already open.
    fileprivate func readSnapshot(of first: SnapshotSource) throws(CommandFailure) -> PreparedSnapshot {
        var sources = [first]
        for path in operands.dropFirst() { sources.append(try InputFile.open(path)) }
        return try readSnapshot(sources)
    }
}

/// Warnings about rules that make a trace unreliable.
private func warnings(of rules: Ruleset, _ query: TraceQuery) -> [Diagnostic] {
    var warnings: [String] = []
    if query.hostAddresses == nil {
        warnings.append("no --node-address is given, so any address may be the host's; give each of them")
    }
    let hooks = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]
    if !rules.tables.contains(where: { $0.chains.contains { hooks.contains($0.name) && !$0.rules.isEmpty } }) {
        warnings.append("no built-in chain has a rule, so packets meet none; give all that iptables-save prints")
    }
    if rules.warnsOfLegacyTables {
        warnings.append("the host has rules of the legacy backend too, which packets meet besides these")
    }
    return warnings.map { Diagnostic(.warning, $0) }
}
