internal import NetAddress

/// How an endpoint fares at a virtual server, other than it should.
enum RealServerDifference: Hashable {
    case missing(String)
    case weight(String, Int)
    case forwarding(String, expected: String, actual: String)
    case surplus(String)
    case draining(String)

    static func all(_ expected: HostServer, _ actual: HostServer, _ state: IPVSPlan) -> [RealServerDifference] {
        let there = Dictionary(actual.realServers.map { ($0.name, $0) }) { first, _ in first }
        let wanted = Set(expected.realServers.map(\.name))
        var found: [RealServerDifference] = []
        for server in expected.realServers {
            guard let real = there[server.name] else {
                found.append(.missing(server.name))
                continue
            }
            if real.weight != server.weight { found.append(.weight(server.name, real.weight)) }
            if real.method != server.method, !isOnHost(server, state) {
                found.append(.forwarding(server.name, expected: server.options, actual: real.options))
            }
        }
        return found
            + actual.realServers.filter { !wanted.contains($0.name) }.map { server in
                server.weight == 0 ? .draining(server.name) : .surplus(server.name)
            }
    }

    /// Kernels show another method for real servers on the host itself.
    private static func isOnHost(_ server: HostRealServer, _ state: IPVSPlan) -> Bool {
        guard let (address, _) = IPVSFamilyState.socket(server.name[...]) else { return false }
        return state.plan.node.hostAddresses.contains(address)
    }

    /// The endpoint, if it is not the same one.
    var changedName: String? {
        switch self {
        case .missing(let name), .surplus(let name), .draining(let name): name
        case .weight, .forwarding: nil
        }
    }

    func evidence(at frontends: [String]) -> any AuditEvidence {
        switch self {
        case .missing(let name): IPVSEvidence.MissingEndpoint(endpoint: name, frontends: frontends)
        case .weight(let name, let weight):
            IPVSEvidence.WrongWeight(endpoint: name, frontends: frontends, weight: weight)
        case .forwarding(let name, let expected, let actual):
            IPVSEvidence.WrongForwarding(endpoint: name, frontends: frontends, expected: expected, actual: actual)
        case .surplus(let name): IPVSEvidence.StaleEndpoint(endpoint: name, frontends: frontends, isDraining: false)
        case .draining(let name): IPVSEvidence.StaleEndpoint(endpoint: name, frontends: frontends, isDraining: true)
        }
    }
}

extension HostServer {
    /// `10.96.0.1:443/tcp`.
    var place: String { "\(AddressText(address, port: port))/\(transport.name)" }

    /// For how many seconds a client keeps its real server; nil: it does not. ipvsadm(8): 300 where none are said.
    var persistence: Int? {
        let words = options.split(separator: " ")
        guard let option = words.firstIndex(of: "-p") else { return nil }
        return option + 1 < words.count ? Int(words[option + 1]) ?? 300 : 300
    }
}
