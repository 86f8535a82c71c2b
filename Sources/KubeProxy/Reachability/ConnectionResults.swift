internal import NetAddress

/// What connections of some senders meet: the same for all of them, but for those of an endpoint to itself.
struct ConnectionResults {
    /// What a part of the connections meets.
    private enum Result: Hashable {
        case endpoint(IPAddress, UInt16, Share?, isRewritten: Bool, answers: Bool)
        case other(FlowOutcome, Share?)

        var isAnswered: Bool {
            switch self {
            case .endpoint(_, _, _, _, let answers): answers
            case .other(let outcome, _): outcome != .timesOut
            }
        }

        /// The endpoint's address; nil: it is none.
        var address: IPAddress? {
            if case .endpoint(let address, _, _, _, _) = self { address } else { nil }
        }
    }

    private let isAtNodePort: Bool
    private var all: Set<Result> = []
    private var byEndpoint: [IPAddress: Set<Result>] = [:]
    /// What endpoints meet in place of what others meet at their address.
    private var toThemselves: [IPAddress: Set<Result>] = [:]
    private var answered = 0

    /// - Parameter kind: at a node port, what kube-proxy does nothing about is refused by the node, on which nothing listens there.
    init(_ outcome: FlowOutcome, at kind: Frontend.Kind) {
        isAtNodePort = kind == .nodePort
        add(outcome, .oneIn(1))
    }

    private mutating func add(_ outcome: FlowOutcome, _ share: Share) {
        switch outcome {
        case .endpoints(let endpoints, let source):
            for endpoint in endpoints {
                func result(isRewritten: Bool, answers: Bool) -> Result {
                    .endpoint(
                        endpoint.address, endpoint.port, endpoint.share, isRewritten: isRewritten, answers: answers)
                }
                let usual = result(
                    isRewritten: source == .rewritten && !endpoint.seesSender, answers: endpoint.answers)
                if all.insert(usual).inserted, usual.isAnswered { answered += 1 }
                byEndpoint[endpoint.address, default: []].insert(usual)
                guard let toItself = endpoint.toItself else { continue }
                let isMasqueraded = toItself == .rewritten
                toThemselves[endpoint.address, default: []].insert(
                    result(isRewritten: isMasqueraded, answers: isMasqueraded))
            }
        case .divided(let parts): for part in parts { add(part.outcome, part.share) }
        default:
            let result = Result.other(isAtNodePort && outcome == .unchanged ? .refused : outcome, share)
            if all.insert(result).inserted, result.isAnswered { answered += 1 }
        }
    }

    /// What a sender meets at its own address, and how many of all results are answers for it.
    private func results(of sender: IPAddress) -> (own: Set<Result>, answered: Int) {
        let usual = byEndpoint[sender] ?? []
        let own = toThemselves[sender] ?? usual
        return (own, answered - usual.count { $0.isAnswered } + own.count { $0.isAnswered })
    }

    /// Who meets something else afterwards, in time linear in the endpoints.
    ///
    /// - Returns: the endpoints among the senders whose connections to themselves are told apart, and of these those that do;
    ///   whether all other senders do.
    static func differing(
        _ before: ConnectionResults, _ after: ConnectionResults, among senders: AddressSet
    ) -> (endpoints: [IPAddress], differing: [IPAddress], others: Bool) {
        let changed = before.all.symmetricDifference(after.all)
        let places = Set(changed.map(\.address))
        let endpoints = Set(before.toThemselves.keys).union(after.toThemselves.keys).filter { senders.contains($0) }
        let differing = endpoints.filter { endpoint in
            let (old, new) = (before.results(of: endpoint), after.results(of: endpoint))
            // No answer is the same, whoever does not answer.
            if old.answered == 0, new.answered == 0 { return false }
            return old.own != new.own || places.count > (places.contains(endpoint) ? 1 : 0)
        }
        return (
            Array(endpoints), differing.sorted { $0.number < $1.number },
            !changed.isEmpty && (before.answered > 0 || after.answered > 0)
        )
    }
}

extension FlowOutcome {
    /// Without what it says of endpoints' connections to themselves that are not among some senders.
    func narrowed(to senders: AddressSet) -> FlowOutcome {
        switch self {
        case .endpoints(var endpoints, let source):
            for index in endpoints.indices where !senders.contains(endpoints[index].address) {
                endpoints[index].toItself = nil
            }
            return .endpoints(endpoints, source)
        case .divided(let parts):
            return .divided(parts.map { FlowPart(share: $0.share, outcome: $0.outcome.narrowed(to: senders)) })
        case .refused, .timesOut, .unchanged, .unknown: return self
        }
    }
}
