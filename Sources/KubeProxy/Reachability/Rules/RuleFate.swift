internal import Iptables
internal import NetAddress

/// What rules do with the packets of some clients, before it is known where the clients and the endpoints are.
enum RuleFate {
    /// Each result with its chance.
    case known([Chance])
    case unknown(FlowOutcome.Doubt)

    /// What becomes of a packet.
    enum Result: Hashable {
        /// It is sent to an endpoint.
        case endpoint(IPAddress, UInt16)
        case refused, timesOut, unchanged
    }

    /// What an endpoint sees of the client's address.
    enum Treatment: Hashable {
        case preserved, rewritten
        /// Either: what an endpoint sends to itself is told apart (``RuleFates/masqueradedToThemselves``), and what is for the
        /// host is never rewritten.
        case any
    }

    struct Chance {
        let result: Result
        var treatment: Treatment
        var probability: Double
    }

    /// Chances in one order, those of the same result and treatment as one.
    init(_ chances: [Chance]) {
        struct Key: Hashable {
            let result: Result
            let treatment: Treatment
        }
        var sums: [Key: Double] = [:]
        for chance in chances {
            sums[Key(result: chance.result, treatment: chance.treatment), default: 0] += chance.probability
        }
        // Another part of the same endpoint's connections decides for those that can be either way.
        for (key, sum) in sums where key.treatment == .any {
            let others = [.preserved, .rewritten].map { Key(result: key.result, treatment: $0) }
            guard let known = others.first(where: { sums[$0] != nil }) else { continue }
            sums[known, default: 0] += sum
            sums[key] = nil
        }
        let ranked = sums.map { key, sum in
            (
                rank: key.result.rank, treatment: key.treatment.rank,
                chance: Chance(result: key.result, treatment: key.treatment, probability: sum)
            )
        }
        self = .known(
            ranked.sorted { ($0.rank.0, $0.rank.1, $0.treatment) < ($1.rank.0, $1.rank.1, $1.treatment) }.map(\.chance))
    }

    /// What both are, if they are the same; nil: they are not.
    func merged(with other: RuleFate) -> RuleFate? {
        switch (self, other) {
        case (.unknown(let one), .unknown(let other)): return one == other ? self : nil
        case (.known(let own), .known(let others)):
            guard own.count == others.count else { return nil }
            var merged = own
            for (index, (one, other)) in zip(own, others).enumerated() {
                guard one.result == other.result, Share(one.probability) == Share(other.probability),
                    one.treatment == other.treatment || one.treatment == .any || other.treatment == .any
                else { return nil }
                if one.treatment == .any { merged[index].treatment = other.treatment }
            }
            return .known(merged)
        default: return nil
        }
    }
}

extension RuleFate.Result {
    /// The place in the order of results: endpoints by their text, as kube-proxy sorts them.
    fileprivate var rank: (Int, String) {
        switch self {
        case .endpoint(let address, let port): (0, AddressText(address, port: port).description)
        case .refused: (1, "")
        case .timesOut: (2, "")
        case .unchanged: (3, "")
        }
    }
}

extension RuleFate.Treatment {
    fileprivate var rank: Int {
        switch self {
        case .preserved: 0
        case .rewritten: 1
        case .any: 2
        }
    }
}
