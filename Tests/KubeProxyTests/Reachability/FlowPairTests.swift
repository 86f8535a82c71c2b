import Foundation
import Iptables
import NetAddress
import Nftables
import TestSupport
import Testing

@testable import KubeProxy

/// Random pairs of snapshots, settings, versions and modes: what differs in the rules `diff --flows` reports, and nothing else.
/// Packets are sent from the first and last addresses of all ranges of senders and those beside them, to all frontends of both
/// sides.
@Suite struct FlowPairTests {
    private static let parts = 8
    private static let tally = Tally((pairs: 0, packets: 0, changed: 0), cases: parts)

    private static let pairs = TestSize.current.count(full: 48, brief: 16, soak: 10_000)

    /// The number of the only pair, to look at one that a soak found (KUBECHAINS_PAIR).
    private static let only = ProcessInfo.processInfo.environment["KUBECHAINS_PAIR"].flatMap { Int($0) }

    /// Pairs that a soak found: two Services' slices place one address on two nodes.
    private static let found = [4017, 9860]

    private static func numbers(of part: Int) -> [Int] {
        let numbers = only.map { [$0] } ?? Array(0..<pairs) + found.filter { $0 >= pairs }
        return numbers.filter { $0 % parts == part }
    }

    /// A side of a pair.
    private struct Side {
        let plan: NodePlan
        let flows: NodeFlows
        let origins: SenderOrigins
        let trace: (TraceQuery) throws -> [TraceOutcome]

        init(_ plan: NodePlan) throws {
            self.plan = plan
            origins = SenderOrigins(plan)
            switch plan.settings.mode {
            case .nftables:
                let backend = try NftablesPlan(plan)
                let tables = TracedTables([backend.table])
                flows = NodeFlows(backend)
                trace = { try PacketTrace($0, through: tables).outcomes }
            default:
                let backend = IptablesPlan(plan)
                let rules = IndexedRules(backend.hostRules)
                flows = NodeFlows(backend)
                trace = { try PacketTrace($0, through: rules).outcomes }
            }
        }
    }

    /// What is the same for a client and a server, of all outcomes of a packet.
    private enum Seen: Hashable {
        case refused, timesOut, unchanged
        /// By endpoint: the chance in millionths, whether the source is rewritten and whether the client is answered.
        case endpoints([String: [Int]])
        case several
    }

    @Test(arguments: 0..<parts)
    func reportsWhatDiffersInRules(_ part: Int) throws {
        var (packets, changed, pairs) = (0, 0, 0)
        for number in Self.numbers(of: part) {
            // Settings that a version or mode does not take make no pair.
            guard let (before, after) = try? Self.pair(UInt64(number)) else { continue }
            guard before.plan.node.hostAddresses == after.plan.node.hostAddresses else { continue }
            pairs += 1
            let changes = FlowComparison(before.flows, after.flows).changes
            for (frontend, kind, senders) in Self.questions(
                before.flows, after.flows, besides: before.plan.node.hostAddresses)
            {
                let own = changes.filter { $0.frontend == frontend }
                for source in senders {
                    guard let old = try Self.seen(from: source, to: frontend, kind, before),
                        let new = try Self.seen(from: source, to: frontend, kind, after)
                    else { continue }
                    let isReported = own.contains { $0.senders.addresses.contains(source) }
                    let place = "pair \(number): \(kind.rawValue) \(frontend.address!):\(frontend.port) from \(source)"
                    #expect(isReported == (old != new), "\(place): \(old), then \(new); reported: \(isReported)")
                    packets += 1
                    if old != new { changed += 1 }
                }
            }
        }
        #expect(Self.only != nil || pairs * 2 >= Self.pairs / Self.parts)
        Self.tally.add {
            $0.pairs += pairs
            $0.packets += packets
            $0.changed += changed
        } finish: { all in
            print(
                "diff --flows: \(all.pairs) random pairs, \(all.packets) packets by brute force, of which \(all.changed) fare "
                    + "otherwise, which it reports, and no others")
        }
    }

    /// Another endpoint or Service, other settings, another version, or another mode.
    private static func pair(_ number: UInt64) throws -> (Side, Side) {
        let seed = number / 4
        switch number % 4 {
        case 0:
            let cluster = RandomCluster(seed: seed)
            var fewer = cluster.objects
            if fewer.count > 1 { fewer.remove(at: Int(seed) % fewer.count) }
            return try (
                Side(plan(cluster.objects, cluster.options)), Side(plan(fewer, cluster.options))
            )
        case 1:
            // The same host with other settings.
            let (cluster, other) = (RandomCluster(seed: seed), RandomCluster(seed: seed + 1))
            var options = other.options
            for option in ["--node", "--family", "--node-address"] {
                options = options.without(option) + cluster.options.only(option)
            }
            return try (Side(plan(cluster.objects, cluster.options)), Side(plan(cluster.objects, options)))
        case 2:
            let cluster = RandomCluster(canonicalSeed: seed, kubeProxyMinor: 25 + Int(seed % 12))
            let version = ["--kube-proxy-version", "1.\(25 + Int(seed * 5 % 12))"]
            let options = cluster.options.without("--kube-proxy-version") + version
            return try (Side(plan(cluster.objects, cluster.options)), Side(plan(cluster.objects, options)))
        default:
            let cluster = RandomCluster(nftablesSeed: seed)
            var options = cluster.options.without("--proxy-mode")
            // Only nftables mode takes words among ranges.
            if cluster.description.settings.nodePortAddresses.contains(where: { !$0.contains("/") }) {
                options = options.without("--nodeport-addresses")
            }
            return try (Side(plan(cluster.objects, options)), Side(plan(cluster.objects, cluster.options)))
        }
    }

    private typealias Question = (frontend: Frontend, kind: Frontend.Kind, senders: [IPAddress])

    /// All frontends of both sides, as far as it is known what becomes of connections to them, each with addresses at the ends of
    /// senders' ranges.
    private static func questions(
        _ before: NodeFlows, _ after: NodeFlows, besides hosts: [IPAddress]
    ) -> [Question] {
        var senders: [Frontend: Set<IPAddress>] = [:]
        var order: [(Frontend, Frontend.Kind)] = []
        var unknown: Set<Frontend> = []
        for flows in before.frontends + after.frontends {
            for address in flows.addresses where !address.isLoopback {
                let frontend = Frontend(address: address, port: flows.port, transport: flows.name.transport)
                if senders[frontend] == nil { order.append((frontend, flows.kind)) }
                for flow in flows.flows {
                    if case .unknown = flow.outcome { unknown.insert(frontend) }
                    let set = flow.senders.addresses
                    for range in set.ranges + set.except {
                        senders[frontend, default: []].formUnion(ends(of: range))
                    }
                    if let example = flow.senders.example { senders[frontend, default: []].insert(example) }
                }
            }
        }
        return order.filter { frontend, kind in
            // What a host does at an address of its own that is no longer a frontend is not compared.
            !unknown.contains(frontend) && (kind == .nodePort || !hosts.contains(frontend.address!))
        }.map { frontend, kind in
            let all = (senders[frontend] ?? []).filter { !$0.isLoopback && !$0.isUnspecified }
            return (frontend, kind, all.sorted { $0.description < $1.description })
        }
    }

    /// The first and last address of a range, and those beside it.
    private static func ends(of range: IPPrefix) -> [IPAddress] {
        let behind = AddressSet(range.family, [.all(range.family)], except: [range])
        let last = behind.ranges.map(\.network).first { $0.number > range.network.number }
        return [range.network, range.network.next, last].compactMap(\.self)
    }

    /// What becomes of a packet in the rules; nil: it depends on what is not known.
    private static func seen(
        from source: IPAddress, to frontend: Frontend, _ kind: Frontend.Kind, _ side: Side
    ) throws -> Seen? {
        let (plan, host) = (side.plan, side.plan.node.hostAddresses)
        guard let address = frontend.address else { return nil }
        let origin = side.origins.groups.first { $0.senders.addresses.contains(source) }?.senders.origin
        if origin == .node, !host.contains(source) { return nil }
        var query = TraceQuery(from: source, to: address, port: frontend.port, frontend.transport)
        query.hostAddresses = host
        if origin != .node {
            query.inInterface = "eth9"
            if case .interface(let name) = plan.node.localTraffic, origin == .pod {
                query.inInterface = name.hasSuffix("+") ? name.dropLast() + "1" : name
            }
        }
        // Two Services' slices may place one address on two nodes; that of the frontend's own Service counts.
        let names = side.flows.frontends.filter {
            $0.addresses.contains(address) && $0.port == frontend.port && $0.name.transport == frontend.transport
        }.map(\.name)
        let own = plan.servicePorts.filter { names.contains($0.name) }
        let here = Set(own.flatMap { port in port.endpoints.filter(\.isLocal).map(\.address) })
        var endpoints: [String: [Int]] = [:]
        var all: Set<Seen> = []
        for outcome in try side.trace(query) {
            switch outcome.verdict {
            case .reject: all.insert(.refused)
            case .drop where !outcome.isTranslated: all.insert(.timesOut)
            case .unknown: return nil
            case .accept where !outcome.isTranslated: all.insert(host.contains(address) ? .refused : .unchanged)
            case .accept, .drop:
                guard case .exact(let target) = outcome.packet.destination else { return nil }
                let isForHost = host.contains(target)
                let isRewritten = outcome.isMasqueraded
                var answers =
                    origin == .pod || origin == .node || isRewritten || isForHost || here.contains(target)
                if target == source, origin != .node { answers = isRewritten || isForHost }
                if outcome.verdict == .drop { answers = false }
                let key = "\(target) \(outcome.packet.destinationPort.first)"
                let share = Int((outcome.probability * 1_000_000).rounded()) + (endpoints[key]?[0] ?? 0)
                endpoints[key] = [share, isRewritten ? 1 : 0, answers ? 1 : 0]
            }
        }
        guard !endpoints.isEmpty else { return all.count == 1 ? all.first : .several }
        guard all.isEmpty else { return .several }
        // Shares of a random choice are rounded to ten places.
        for (key, value) in endpoints { endpoints[key]?[0] = (value[0] + 5) / 10 }
        return endpoints.values.allSatisfy { $0[2] == 0 } ? .timesOut : .endpoints(endpoints)
    }
}

extension [String] {
    /// Command-line arguments without an option and its values.
    fileprivate func without(_ option: String) -> [String] { split(by: option).others }

    /// An option with its values.
    fileprivate func only(_ option: String) -> [String] { split(by: option).own }

    private func split(by option: String) -> (own: [String], others: [String]) {
        var (own, others): ([String], [String]) = ([], [])
        var isValue = false
        for argument in self {
            if isValue || argument == option || argument.hasPrefix(option + "=") {
                own.append(argument)
                isValue = argument == option && !isValue
            } else {
                others.append(argument)
            }
        }
        return (own, others)
    }
}
