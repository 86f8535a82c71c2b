internal import KubeProxy
internal import NetAddress

extension FlowGraphs {
    /// The graphs of `reach`: one for each Service port, node and family.
    init(_ results: [NodeFlows]) {
        let remarks = results.flatMap { result in
            result.unserved.map {
                "\(result.family.name), \(FlowWords.words($0.kind)): \(FlowWords.result($0.outcome))"
            }
        }
        var graphs: [FlowGraph] = []
        for result in results {
            let place = "\(result.family.name), node \(result.node ?? "(no name)")"
            // A Service port's frontends follow each other.
            var rest = result.frontends[...]
            while let first = rest.first {
                let own = rest.prefix { $0.name == first.name }
                graphs.append(FlowGraph(own, "\(first.name)/\(first.name.transport.name), \(place)"))
                rest = rest.dropFirst(own.count)
            }
        }
        self.init(remarks: remarks, graphs, words: [.endpoint: "endpoints with their shares"])
    }
}

extension FlowGraph {
    /// The frontends of a Service port on the left, what becomes of connections on the right, and senders between them.
    init(_ frontends: ArraySlice<FrontendFlows>, _ title: String) {
        self.init(title)
        var nodes: [FlowOutcome: Int] = [:]
        for frontend in frontends {
            let transport = frontend.name.transport.name
            let entry = add(
                .entry, frontend.kind.phrase,
                frontend.addresses.map { "\(AddressText($0, port: frontend.port))/\(transport)" })
            for group in ReachReport.groups(of: frontend) {
                let node = nodes[group.outcome] ?? addOutcome(group.outcome)
                nodes[group.outcome] = node
                connect(entry, node, group.from)
            }
        }
    }

    private mutating func addOutcome(_ outcome: FlowOutcome) -> Int {
        let title = FlowWords.result(outcome)
        switch outcome {
        case .endpoints(let endpoints, _):
            let lines = endpoints.map { endpoint in
                let share = endpoint.share.map { $0 == .oneIn(1) ? "all" : "\($0)" } ?? "varies"
                let answers = endpoint.answers ? "" : ", no answer"
                let source = endpoint.seesSender ? ", source IP preserved" : ""
                return "\(share) \(AddressText(endpoint.address, port: endpoint.port))\(source)\(answers)"
            }
            return add(.endpoint, title, lines + ["source IP \(FlowWords.source(outcome))"])
        case .refused, .timesOut: return add(.refusal, title, [])
        case .unchanged, .divided, .unknown: return add(.remark, title, [])
        }
    }
}
