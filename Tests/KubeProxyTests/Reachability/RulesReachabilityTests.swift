import Iptables
import KubeObjects
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// Rules, followed for all clients at once, say the same as the plan that they were made of, and as the trace of each packet.
@Suite struct RulesReachabilityTests {
    private static let compared = Tally(0, cases: RandomClusterTests.parts.count)

    @Test(arguments: RandomClusterTests.parts)
    func randomCluster(_ seeds: Range<UInt64>) throws {
        var count = 0
        for seed in seeds.prefix(TestSize.current.count(full: 20, brief: 1)) {
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

    /// Returns how many flows were compared.
    private func check(_ plan: NodePlan, _ name: String, seed: UInt64) throws -> Int {
        let backend = IptablesPlan(plan)
        // iptables reads spelled addresses in another way than Kubernetes.
        guard !backend.writesSpellings else { return 0 }
        var random = SeededGenerator(seed: seed)
        let probes = FlowProbes(plan)
        let rules = IndexedRules(try Ruleset(parsing: backend.hostRules.saved()))
        let found = NodeFlows(.iptables(rules), RulesHost(plan), plan.ruleFrontends, of: plan).frontends
        let planned = NodeFlows(backend).frontends
        var count = 0
        for frontend in found {
            let place = "\(name): \(frontend.name) \(frontend.kind.rawValue) \(frontend.addresses)"
            probes.expectPartition(frontend.flows, place)
            let own = planned.first {
                $0.name == frontend.name && $0.kind == frontend.kind && $0.addresses.contains(frontend.addresses[0])
            }
            for flow in frontend.flows {
                if let own { expectSame(flow, own.flows, plan, place) }
                for source in probes.addresses(of: flow.senders, &random).prefix(count % 7 == 0 ? 12 : 2) {
                    let query = try probes.query(from: source, flow.senders.origin, to: frontend)
                    let outcomes = try PacketTrace(query, through: rules).outcomes
                    let fares = probes.agrees(outcomes, with: flow, source)
                    #expect(fares, "\(place): from \(source): \(flow.outcome), but \(outcomes)")
                }
                count += 1
            }
        }
        for frontend in planned {
            for address in frontend.addresses where !isUnknown(frontend) && !address.isLoopback {
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

    private func reachesHost(_ outcome: FlowOutcome, _ plan: NodePlan) -> Bool {
        switch outcome {
        case .endpoints(let endpoints, _): endpoints.contains { plan.node.hostAddresses.contains($0.address) }
        case .divided(let parts): parts.contains { reachesHost($0.outcome, plan) }
        default: false
        }
    }

    private func isUnknown(_ frontend: FrontendFlows) -> Bool {
        frontend.flows.contains { $0.outcome == .unknown(.sharedFrontend) }
    }

    /// Compares a flow of rules with those of the plan.
    private func expectSame(_ flow: Flow, _ planned: [Flow], _ plan: NodePlan, _ place: String) {
        let balancers = Set(plan.servicePorts.flatMap(\.loadBalancerIPs))
        for other in planned where other.outcome != .unknown(.sharedFrontend) {
            let common = flow.senders.addresses.intersection(other.senders.addresses)
            guard !common.isEmpty, flow.senders.origin == other.senders.origin else { continue }
            // What the host sends to itself is masqueraded for more than one reason.
            guard flow.senders.origin != .node || !reachesHost(flow.outcome, plan) else { continue }
            // A load balancer's own address is allowed where its source ranges have the node, which others do not send from.
            guard
                flow.senders.origin == .node
                    || !common.ranges.allSatisfy({ balancers.contains($0.network) && $0.length == $0.family.bitWidth })
            else { continue }
            #expect(
                flow.outcome == other.outcome,
                "\(place): \(flow.senders.origin) \(common.ranges.prefix(3)): rules say \(flow.outcome), the plan \(other.outcome)"
            )
        }
    }
}
