import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import Nftables
import TestSupport
import Testing

/// A packet traced through the table of a plan fares as the plan says (``NftablesPlan/outcome(of:to:)``).
@Suite struct NftablesTraceTests {
    /// A sender with an address and interface that fit it.
    private struct Client {
        let origin: TrafficOrigin
        let address: IPAddress
        let interface: String?
    }

    private static let tally = Tally((flows: 0, kinds: Set<String>()), cases: RandomClusterTests.parts.count)

    @Test(arguments: RandomClusterTests.parts)
    func tracesEqualOutcomes(_ seeds: Range<UInt64>) throws {
        var (flows, kinds) = (0, Set<String>())
        for seed in seeds.prefix(TestSize.current.count(full: 100, brief: 2)) {
            let state = try NftablesPlan(plan(RandomCluster(nftablesSeed: seed)))
            try check(state, "seed \(seed)", &flows, &kinds)
        }
        Self.tally.add {
            $0.flows += flows
            $0.kinds.formUnion(kinds)
        } finish: { flows, kinds in
            #expect(kinds.isSuperset(of: ["endpoints", "refused", "timesOut", "unchanged"]), "\(kinds)")
            print("nftables: \(flows) flows of random clusters traced as their plans say")
        }
    }

    private func check(
        _ state: NftablesPlan, _ name: String, _ flows: inout Int, _ kinds: inout Set<String>
    ) throws {
        let tables = TracedTables([state.table])
        let shared = state.plan.cluster.sharedFrontends
        let ports = state.plan.servicePorts
        let clusterIPs = Set(ports.map(\.clusterIP))
        for port in ports {
            var seen: [Frontend: Int] = [:]
            for frontend in port.frontends { seen[frontend.frontend, default: 0] += 1 }
            for frontend in port.frontends where shared[frontend.frontend] == nil && seen[frontend.frontend] == 1 {
                // Whoever sends to a cluster IP is masqueraded as one who does, whatever Service has the port.
                if frontend.kind != .clusterIP, let address = frontend.frontend.address, clusterIPs.contains(address) {
                    continue
                }
                guard let destination = destination(of: frontend, state) else { continue }
                for client in try clients(state) {
                    let isInRanges =
                        port.sourceRanges.isEmpty
                        ? nil
                        : (port.sourceRanges.contains { $0.contains(client.address) }
                            || port.sourceRangesHoldNode && port.loadBalancerIPs.contains(client.address))
                    let sender = TrafficSender(client.origin, isInSourceRanges: isInRanges)
                    let outcome = state.outcome(of: sender, to: frontend)
                    let problem = try compare(outcome, client, destination, frontend, state, tables)
                    #expect(
                        problem == nil, "\(name): \(client) to \(destination) \(frontend.frontend): \(problem ?? "")")
                    flows += 1
                    switch outcome {
                    case .endpoints: kinds.insert("endpoints")
                    case .refused: kinds.insert("refused")
                    case .timesOut: kinds.insert("timesOut")
                    case .unchanged: kinds.insert("unchanged")
                    case .unknown: kinds.insert("unknown")
                    }
                }
            }
        }
    }

    private func destination(of frontend: ServiceFrontend, _ state: NftablesPlan) -> IPAddress? {
        if let address = frontend.frontend.address { return address }
        switch state.node.nodePorts {
        case .allAddresses: return state.plan.node.hostAddresses.first { !$0.isLoopback }
        case .addresses(let addresses): return addresses.first ?? state.plan.node.hostAddresses.first { !$0.isLoopback }
        }
    }

    private func clients(_ state: NftablesPlan) throws -> [Client] {
        let node = state.plan.node
        let isIPv4 = state.plan.settings.family == .ipv4
        var clients: [Client] = []
        let outside = try #require(IPAddress(isIPv4 ? "203.0.113.77" : "2001:db8:ffff::77"))
        var own = try #require(IPAddress(isIPv4 ? "10.244.77.9" : "fd00:10:244:77::9"))
        var interface = "pod0"
        switch node.localTraffic {
        case .source(let range)?:
            if !range.contains(own) { own = range.network }
            if !range.contains(outside) {
                clients.append(Client(origin: .outside, address: outside, interface: "other"))
            }
        case .interface(let name)?:
            interface = name.hasSuffix("+") ? name.dropLast() + "1" : name
            clients.append(Client(origin: .outside, address: outside, interface: "other"))
        case nil: clients.append(Client(origin: .outside, address: outside, interface: "other"))
        }
        if !node.hostAddresses.contains(own) {
            clients.append(Client(origin: .pods, address: own, interface: interface))
        }
        if node.hostAddresses.contains(node.nodeIP), !node.nodeIP.isLoopback {
            clients.append(Client(origin: .node, address: node.nodeIP, interface: nil))
        }
        return clients
    }

    /// What differs; nil: nothing.
    private func compare(
        _ outcome: TrafficOutcome, _ client: Client, _ destination: IPAddress, _ frontend: ServiceFrontend,
        _ state: NftablesPlan, _ tables: TracedTables
    ) throws -> String? {
        var query = TraceQuery(
            from: client.address, to: destination, port: frontend.frontend.port, frontend.frontend.transport)
        query.hostAddresses = state.plan.node.hostAddresses
        query.inInterface = client.interface
        let outcomes = try PacketTrace(query, through: tables).outcomes
        // An endpoint in a range of cluster IPs is dropped as an address that no Service has.
        let isUnallocated = outcomes.contains { outcome in
            outcome.verdict == .drop && outcome.isTranslated && outcome.path.last?.chain == "cluster-ips-check"
        }
        if isUnallocated { return nil }
        let verdicts = Set(outcomes.map(\.verdict))
        func problem(_ words: String) -> String {
            "\(words), but traced \(outcomes.map { "\($0.verdict) \($0.packet.destination.text) \($0.isMasqueraded)" })"
        }
        switch outcome {
        case .refused:
            let isRefused = verdicts == [.reject(.icmpPortUnreachable)] || verdicts == [.reject(.icmp6PortUnreachable)]
            return isRefused ? nil : problem("refused")
        case .timesOut: return verdicts == [.drop] ? nil : problem("times out")
        case .unchanged:
            return outcomes.allSatisfy { !$0.isTranslated && $0.verdict == .accept } ? nil : problem("unchanged")
        case .unknown: return problem("unknown")
        case .endpoints(let shares, let treatment):
            let hosts = state.plan.node.hostAddresses
            guard outcomes.allSatisfy({ $0.verdict == .accept && $0.isTranslated && $0.assumptions.isEmpty }),
                outcomes.count == shares.count
            else { return problem("\(shares)") }
            for share in shares {
                let found = outcomes.first {
                    $0.packet.destination == .exact(share.address) && $0.packet.destinationPort == PortRange(share.port)
                }
                guard let found, abs(found.probability - 1 / Double(share.oneIn ?? 0)) < 1e-9 else {
                    return problem("\(shares)")
                }
                // What the node takes itself is not masqueraded; the plan says it of all endpoints together.
                if hosts.contains(share.address) || share.address == client.address { continue }
                if found.isMasqueraded != (treatment == .rewritten) { return problem("\(treatment)") }
            }
            return nil
        }
    }
}
