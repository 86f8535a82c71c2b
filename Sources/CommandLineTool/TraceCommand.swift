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
                + "it, or rules: the text of iptables-save, or what 'nft list ruleset' prints. The content shows which; '-' is "
                + "standard input.",
            "Several --live are the rules of one host: iptables and nftables beside each other, asked in the order of their "
                + "priorities. Of chains with the same priority the kernel asks the one registered last first, which the rules do "
                + "not say: where it matters, each order is assumed.",
            "Each outcome has its probability, the address that the packet is sent to in the end, what the client sees, and "
                + "the rules that led there: the table, the rule's number in its chain, the rule.",
            "With --live, the rules are those of DUMP, and INPUT is the snapshot that the node's addresses are taken from.",
            "What rules leave open, such as IP sets or interfaces that are not given, splits the result: every outcome says "
                + "what is assumed for it. With rules, --node-address tells which addresses are the host's.",
            "The family is that of --to. Routes, spoofed sources and whether somebody listens are not looked at, and the "
                + "answer of --reply is taken to come back by this node.",
        ]
    ) { (options: TraceOptions, console) throws(CommandFailure) in
        var query = try options.query()
        let paths = options.operands + options.live
        guard !paths.isEmpty else {
            throw TraceOptions.usage(
                "trace needs an INPUT: a snapshot, rules, or '-' for standard input; or --live with rules")
        }
        var sources: [SnapshotSource] = []
        for path in options.operands { sources.append(try InputFile.open(path)) }
        var dumps: [SnapshotSource] = []
        for path in options.live { dumps.append(try InputFile.open(path)) }
        // Beside --live, an INPUT is the snapshot that the node's addresses are taken from.
        let isSnapshot = sources.first.map { !options.live.isEmpty || $0.isSnapshot } ?? false
        let input =
            try isSnapshot
            ? TraceInput(sources, replacing: dumps, query, options) : TraceInput(dumps: sources + dumps, query, options)
        query.hostAddresses = input.hostAddresses
        query.clientNode = input.plan?.otherNode(of: query.source)
        var diagnostics = input.diagnostics
        let trace: PacketTrace
        do throws(TraceError) {
            trace = try input.trace(query)
        } catch {
            throw .input("\((sources + dumps)[0].name):\(error.line > 0 ? "\(error.line):" : "") error: \(error)")
        }
        if trace.hasUnknownHistory, let (address, port) = query.affinity {
            diagnostics.append(
                Diagnostic(
                    .warning,
                    "no rule remembers who was sent to \(AddressText(address, port: port)); "
                        + "--affinity-from has no effect"))
        }
        if let plan = input.plan, !query.isReply {
            diagnostics += plan.remarks(
                onUnserved: query.destination, port: query.destinationPort, transport: query.transport
            ).map { Diagnostic(.notice, $0) }
        }
        console.say(diagnostics)
        let text: String
        switch options.output.form {
        case .json: text = TraceReport.json(trace, input.version)
        case .dot: text = TraceReport.dot(trace)
        case .mermaid: text = TraceReport.mermaid(trace)
        case .svg: text = TraceReport.svg(trace)
        default: text = TraceReport.text(trace, input.version, options.output.style)
        }
        try OutputFile.write(text, to: options.output.file)
        System.keep((input, trace))
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
}
