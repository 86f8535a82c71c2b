import Iptables
import KubeObjects
import NetAddress
import Nftables
import TestSupport
import Testing

@testable import KubeProxy

/// Rules, followed for all clients at once, say the same as the plan that they were made of, and as the trace of each packet.
@Suite struct RulesReachabilityTests {
    private static let compared = Tally(0, cases: RandomClusterTests.parts.count)
    private static let comparedTables = Tally(0, cases: TestSize.current.count(full: 10, brief: 2))

    @Test(arguments: RandomClusterTests.parts)
    func randomCluster(_ seeds: Range<UInt64>) throws {
        var count = 0
        for seed in seeds.prefix(TestSize.current.count(full: 20, brief: 1, soak: 100)) {
            count += try check(plan(RandomCluster(seed: seed)), "seed \(seed)", seed: seed)
        }
        Self.compared.add {
            $0 += count
        } finish: { all in
            #expect(all > 100)
            print("reach: \(all) flows of random clusters' rules are those of the plan and of single packets")
        }
    }

    @Test(arguments: TestSize.current.sample(RecordedCase.tried, brief: 4))
    func recordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        _ = try check(plan([recorded.snapshot], recorded.options), name, seed: 1)
    }

    @Test(arguments: RandomClusterTests.parts.prefix(TestSize.current.count(full: 10, brief: 2)))
    func tablesOfRandomCluster(_ seeds: Range<UInt64>) throws {
        var count = 0
        for seed in seeds.prefix(TestSize.current.count(full: 3, brief: 1, soak: 100)) {
            count += try checkTables(plan(RandomCluster(nftablesSeed: seed)), "seed \(seed)", seed: seed)
        }
        Self.comparedTables.add {
            $0 += count
        } finish: { all in
            #expect(all > TestSize.current.count(full: 100, brief: 10))
            print("reach: \(all) flows of random clusters' tables are those of the plan and of single packets")
        }
    }

    @Test(arguments: TestSize.current.sample(VersionedCase.names(in: VersionedCase.nftables), full: 15, brief: 1))
    func tablesOfRecordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.nftables)
        // The newest version that the case was recorded from.
        let minor = try #require(recorded.texts.map(\.minors.upperBound).max())
        let options = recorded.options + ["--kube-proxy-version", "1.\(minor)"]
        _ = try checkTables(plan([recorded.snapshot], options), name, seed: 1)
    }

    /// Returns how many flows were compared.
    private func check(_ plan: NodePlan, _ name: String, seed: UInt64) throws -> Int {
        let backend = IptablesPlan(plan)
        // iptables reads spelled addresses in another way than Kubernetes.
        guard !backend.writesSpellings else { return 0 }
        let rules = IndexedRules(try Ruleset(parsing: backend.hostRules.saved()))
        return try check(plan, .iptables(rules), NodeFlows(backend), name, seed: seed)
    }

    private func checkTables(_ plan: NodePlan, _ name: String, seed: UInt64) throws -> Int {
        let backend = try NftablesPlan(plan)
        let tables = try NftTable.tables(fromCommands: Array(backend.text(.restore).utf8))
        return try check(
            plan, .nftables(TracedTables(tables), nil), NodeFlows(backend), name, seed: seed)
    }

    private func check(
        _ plan: NodePlan, _ rules: TracedRules, _ flows: NodeFlows, _ name: String, seed: UInt64
    ) throws -> Int {
        var random = SeededGenerator(seed: seed)
        let probes = FlowProbes(plan)
        let planned = flows.frontends
        let dropped = flows.unserved.first { $0.kind == .unallocated }?.addresses
        let found = NodeFlows(rules, RulesHost(plan), plan.ruleFrontends, of: plan).frontends
        var count = 0
        for frontend in found {
            let place = "\(name): \(frontend.name) \(frontend.kind.rawValue) \(frontend.addresses)"
            let isLoopback = frontend.addresses[0].isLoopback
            if !isLoopback { probes.expectPartition(frontend.flows, place) }
            let own = planned.first {
                $0.name == frontend.name && $0.kind == frontend.kind && $0.addresses.contains(frontend.addresses[0])
            }
            for flow in frontend.flows {
                if let own { expectSame(flow, own.flows, dropped, plan, place) }
                let sources = isLoopback ? frontend.addresses : probes.addresses(of: flow.senders, &random)
                for source in sources.prefix(count % 7 == 0 ? 12 : 2) {
                    let query = try probes.query(from: source, flow.senders.origin, to: frontend)
                    let outcomes = try rules.outcomes(query)
                    let fares = probes.agrees(outcomes, with: flow, source)
                    #expect(fares, "\(place): from \(source): \(flow.outcome), but \(outcomes)")
                }
                count += 1
            }
        }
        for frontend in planned {
            for address in frontend.addresses where !isUnknown(frontend) {
                let isFound = found.contains {
                    $0.kind == frontend.kind && $0.port == frontend.port && $0.addresses.contains(address)
                        && $0.name.transport == frontend.name.transport
                }
                let isUnchanged = frontend.flows.allSatisfy { $0.outcome == .unchanged }
                #expect(isFound || isUnchanged, "\(name): \(frontend.name) \(address):\(frontend.port)")
            }
        }
        return count
    }

    private func isUnknown(_ frontend: FrontendFlows) -> Bool {
        frontend.flows.contains { $0.outcome == .unknown(.sharedFrontend) }
    }

    /// What is sent to endpoints at addresses that are dropped is a part that times out in rules; the plan says which endpoints.
    private func divided(_ outcome: FlowOutcome, _ dropped: AddressSet?) -> FlowOutcome {
        guard let dropped, case .endpoints(let all, let source) = outcome else { return outcome }
        let reached = all.filter { !dropped.contains($0.address) }
        guard !reached.isEmpty, reached.count < all.count else { return outcome }
        func share(_ count: Int) -> Share { Share(Double(count) / Double(all.count)) }
        return .divided([
            FlowPart(share: share(reached.count), outcome: .endpoints(reached, source)),
            FlowPart(share: share(all.count - reached.count), outcome: .timesOut),
        ])
    }

    /// Compares a flow of rules with those of the plan.
    private func expectSame(
        _ flow: Flow, _ planned: [Flow], _ dropped: AddressSet?, _ plan: NodePlan, _ place: String
    ) {
        let balancers = Set(plan.servicePorts.flatMap(\.loadBalancerIPs))
        for other in planned where other.outcome != .unknown(.sharedFrontend) {
            let common = flow.senders.addresses.intersection(other.senders.addresses)
            guard !common.isEmpty, flow.senders.origin == other.senders.origin else { continue }
            // A load balancer's own address is allowed where its source ranges have the node, which others do not send from.
            guard
                flow.senders.origin == .node
                    || !common.ranges.allSatisfy({ balancers.contains($0.network) && $0.length == $0.family.bitWidth })
            else { continue }
            #expect(
                flow.outcome == divided(other.outcome, dropped),
                "\(place): \(flow.senders.origin) \(common.ranges.prefix(3)): rules say \(flow.outcome), the plan \(other.outcome)"
            )
        }
    }
}
