import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON

/// What is said to differ between the modes, held against what each of them does by itself: the paths of iptables mode, which
/// are those of packets, and the real servers of IPVS mode, which are kube-proxy's.
@Suite struct ModeComparisonTests {
    private struct Both {
        let iptables: ServiceExplanation
        let ipvs: IPVSServiceExplanation

        func has(_ kind: ModeDifference.Kind) -> Bool { ipvs.differences.contains { $0.kind == kind } }

        /// What becomes of a sender's packets in iptables mode, by a way in and past source ranges.
        func outcome(_ origin: TrafficOrigin, _ kind: Frontend.Kind) -> TrafficOutcome? {
            iptables.entries.first { $0.kind == kind }?.paths.first {
                $0.origin == origin && $0.isInSourceRanges != false
            }?.outcome
        }

        /// The real servers of a way in; nil: another Service port has it.
        func servers(_ kind: Frontend.Kind) -> [String]? {
            ipvs.virtualServers.first { $0.kind == kind && $0.owner == nil }?.realServers
        }
    }

    private func both(_ cluster: RandomCluster) throws -> [Both] {
        let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
        let snapshot = try ClusterSnapshot(reading: [source])
        var settings = try ProxySettings(flags: cluster.options)
        let plan = try NodePlan(snapshot, settings)
        settings.mode = .ipvs
        let state = try IPVSPlan(NodePlan(snapshot, settings))
        return try snapshot.services.flatMap { service -> [Both] in
            let target = try ExplainTarget(service.qualifiedName)
            let iptables = try Explanation(target, IptablesPlan(plan)).services
            return zip(iptables, try IPVSExplanation(target, state).services)
                .filter { $0.0.absence == nil }.map { Both(iptables: $0.0, ipvs: $0.1) }
        }
    }

    private static let parts = RandomClusterTests.parts.prefix(TestSize.current.count(full: 3, brief: 1))

    @Test(arguments: parts)
    func trafficPolicies(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            for port in try both(RandomCluster(seed: seed)) {
                let name = "seed \(seed): \(port.ipvs.servicePort)"
                if let outcome = port.outcome(.pods, .clusterIP), let servers = port.servers(.clusterIP) {
                    #expect(port.has(.internalFallback) == (outcome == .timesOut && !servers.isEmpty), "\(name)")
                    #expect(port.has(.internalRefusal) == (outcome == .timesOut && servers.isEmpty), "\(name)")
                    // Where one mode refuses, so does the other: nothing is said of that.
                    if outcome == .refused { #expect(servers.isEmpty, "\(name)") }
                    if case .endpoints(let shares, _) = outcome { #expect(servers.count == shares.count, "\(name)") }
                }
                for kind in [Frontend.Kind.nodePort, .externalIP, .loadBalancerIP] {
                    guard let outside = port.outcome(.outside, kind), outside != .unchanged,
                        let servers = port.servers(kind)
                    else { continue }
                    #expect(port.has(.externalFallback) == (outside == .timesOut), "\(name)")
                    #expect(outside != .timesOut || !servers.isEmpty, "\(name)")
                    #expect(port.has(.podFallback) == (port.outcome(.pods, kind) == .timesOut), "\(name)")
                    guard case .endpoints(_, let source) = port.outcome(.node, kind) else { continue }
                    let used = port.iptables.endpoints.filter { $0.clusterOneIn != nil }.map(\.text)
                    #expect(port.has(.localOnly) == (used != servers), "\(name)")
                    let isLocal = port.ipvs.plan?.externalPolicyIsLocal == true
                    #expect(port.has(.ownSource) == (isLocal && source == .rewritten), "\(name)")
                }
            }
        }
    }

    /// The lists of endpoints and of addresses that have no counterpart in the paths.
    @Test(arguments: parts)
    func addressesAndChoice(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            for port in try both(RandomCluster(seed: seed)) {
                let name = "seed \(seed): \(port.ipvs.servicePort)"
                let outside = port.ipvs.virtualServers.filter { $0.kind != .clusterIP && $0.isBound }
                let isIPv4 = port.ipvs.virtualServers.first?.address.family == .ipv4
                #expect(port.has(.addressResolution) == (isIPv4 && !outside.isEmpty), "\(name)")
                #expect(port.has(.otherPorts), "\(name)")
                let hasChoice = port.iptables.endpoints.contains {
                    ($0.clusterOneIn ?? 1) > 1 || ($0.localOneIn ?? 1) > 1
                }
                #expect(port.has(.scheduling) == hasChoice, "\(name)")
                #expect(port.has(.affinity) == (hasChoice && port.ipvs.plan?.affinitySeconds != nil), "\(name)")
                #expect(!port.has(.forwarding), "\(name)")
                for difference in port.ipvs.differences {
                    #expect(!difference.who.isEmpty && difference.iptables != difference.ipvs)
                }
            }
        }
    }

    /// What `lint` finds on one node is what `explain` says there.
    @Test(arguments: parts)
    func lintSaysTheSame(_ seeds: Range<UInt64>) throws {
        let rules: [ModeDifference.Kind: String] = [
            .internalFallback: "ipvs-internal-fallback", .internalRefusal: "ipvs-internal-refusal",
            .externalFallback: "ipvs-external-fallback", .podFallback: "ipvs-pod-fallback",
            .localOnly: "ipvs-local-only", .ownSource: "ipvs-own-source",
            .loopbackNodePort: "ipvs-loopback-node-port", .claimedTwice: "ipvs-claimed-twice",
        ]
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
            let snapshot = try ClusterSnapshot(reading: [source])
            var settings = try ProxySettings(flags: cluster.options)
            settings.mode = .ipvs
            for node in snapshot.nodes {
                settings.nodeName = node.name.text
                let plan = try NodePlan(snapshot, settings)
                let comparison = ModeComparison(try IPVSPlan(plan))
                let findings = try Lint(snapshot, settings, families: [settings.family]).findings
                for (kind, rule) in rules {
                    let expected = plan.servicePorts.filter { port in
                        comparison.differences(of: port).contains { $0.kind == kind }
                    }
                    .map { "\($0.name)/\($0.name.transport.name)" }
                    let found = findings.filter { $0.id == rule }.compactMap(\.label).map {
                        "\($0.servicePort)/\($0.transport)"
                    }
                    #expect(found.sorted() == expected.sorted(), "seed \(seed), \(node.name): \(rule)")
                }
            }
        }
    }
}
