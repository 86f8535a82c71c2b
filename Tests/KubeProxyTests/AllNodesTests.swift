import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON

/// Plans of all nodes of a cluster: equal digests mean equal texts, and each plan is that of the node alone.
@Suite struct AllNodesTests {
    /// The texts of a plan in its mode.
    private func texts(_ plan: NodePlan) throws -> [String] {
        switch plan.settings.mode {
        case .iptables: TextForm.allCases.map { plan.text($0) }
        case .nftables: [try NftablesPlan(plan, with: nil).text(.restore)]
        case .ipvs: try IPVSForm.allCases.map(IPVSPlan(plan).text)
        }
    }

    /// Looks at all nodes of a snapshot.
    ///
    /// - Returns: the number of nodes, and of groups.
    private func check(
        _ snapshot: ClusterSnapshot, _ settings: ProxySettings, _ name: String
    ) throws -> (nodes: Int, groups: Int) {
        let all = AllNodesPlan(snapshot, settings)
        let rules = all.nodeRules()
        #expect(rules.map(\.node) == snapshot.nodes.map(\.name.text), "\(name)")
        var byDigest: [RulesDigest: [String]] = [:]
        var byTexts: [[String]: RulesDigest] = [:]
        for (member, node) in zip(all.members, rules) {
            var own = settings
            own.nodeName = member.name
            let expected = try texts(NodePlan(snapshot, own))
            #expect(try texts(all.plan(of: member)) == expected, "\(name), \(member.name)")
            #expect(byDigest[node.digest] ?? expected == expected, "\(name), \(member.name)")
            byDigest[node.digest] = expected
            // The digest of iptables mode is as coarse as the text, so that no group is split for nothing, but for how local
            // traffic is detected where no rule asks for that.
            if settings.mode == .iptables {
                let key = expected + ["\(node.localTraffic as Any)"]
                #expect(byTexts[key] ?? node.digest == node.digest, "\(name), \(member.name)")
                byTexts[key] = node.digest
            }
        }
        let groups = NodeGroup.all(rules)
        #expect(groups.flatMap(\.nodes).sorted() == rules.map(\.node), "\(name)")
        #expect(groups.count == byDigest.count, "\(name)")
        return (rules.count, groups.count)
    }

    private func snapshot(_ cluster: RandomCluster) throws -> ClusterSnapshot {
        try ClusterSnapshot(reading: [SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))])
    }

    @Test(arguments: RandomClusterTests.parts)
    func equalDigestsMeanEqualTexts(_ seeds: Range<UInt64>) throws {
        var (nodes, groups) = (0, 0)
        for seed in seeds.prefix(TestSize.current.count(full: 100, brief: 1)) {
            for minor in [nil, 24 + Int(seed % 13)] {
                let cluster = RandomCluster(seed: seed, kubeProxyMinor: minor)
                var settings = try ProxySettings(flags: cluster.options)
                settings.version = minor.map(ProxyVersion.init(minor:)) ?? settings.version
                let count = try check(
                    snapshot(cluster), settings, "seed \(seed), \(minor.map(String.init) ?? "newest")")
                nodes += count.nodes
                groups += count.groups
            }
            var cluster = RandomCluster(nftablesSeed: seed)
            _ = try check(snapshot(cluster), ProxySettings(flags: cluster.options), "nftables seed \(seed)")
            cluster = RandomCluster(seed: seed)
            var settings = try ProxySettings(flags: cluster.options)
            settings.mode = .ipvs
            _ = try check(snapshot(cluster), settings, "IPVS seed \(seed)")
        }
        #expect(groups <= nodes)
    }

    // MARK: Many nodes

    /// Three zones with hints, every fifth Service with the local policy, and a source range that holds one node.
    private static func cluster(nodes: Int) throws -> ClusterSnapshot {
        let zones = ["a", "b", "c"]
        var objects = (0..<nodes).map { index in
            #"{"apiVersion":"v1","kind":"Node","metadata":{"name":"node-\#(index)","labels":{"#
                + #""topology.kubernetes.io/zone":"\#(zones[index % 3])"}},"status":{"addresses":[{"type":"InternalIP","#
                + #""address":"192.168.\#(index / 200).\#(index % 200 + 1)"}]}}"#
        }
        for service in 0..<20 {
            let isLocal = service % 5 == 0
            let ranges = service == 5 ? #","loadBalancerSourceRanges":["192.168.0.8/32"]"# : ""
            objects.append(
                #"{"apiVersion":"v1","kind":"Service","metadata":{"namespace":"n","name":"s\#(service)"},"spec":{"#
                    + #""type":"LoadBalancer","clusterIP":"10.96.0.\#(service + 1)","#
                    + #""externalTrafficPolicy":"\#(isLocal ? "Local" : "Cluster")"\#(ranges),"#
                    + #""ports":[{"port":80,"protocol":"TCP","nodePort":\#(30_000 + service)}]},"#
                    + #""status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.\#(service + 1)"}]}}}"#)
            let endpoints = (0..<3).map { endpoint in
                let hints = service == 1 ? #","hints":{"forZones":[{"name":"\#(zones[endpoint])"}]}"# : ""
                return #"{"addresses":["10.0.\#(service).\#(endpoint + 1)"],"conditions":{"ready":true},"#
                    + #""nodeName":"node-\#((service * 3 + endpoint) % nodes)"\#(hints)}"#
            }
            objects.append(
                #"{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"namespace":"n","name":"s\#(service)","#
                    + #""labels":{"kubernetes.io/service-name":"s\#(service)"}},"addressType":"IPv4","#
                    + #""ports":[{"name":"","port":8080,"protocol":"TCP"}],"endpoints":[\#(endpoints.joined(separator: ","))]}"#
            )
        }
        let text = #"{"apiVersion":"v1","kind":"List","items":[\#(objects.joined(separator: ","))]}"#
        return try ClusterSnapshot(reading: [SnapshotSource(name: "a", bytes: Array(text.utf8))])
    }

    /// Of the nodes, 12 have an endpoint of one of the four Services with the local policy, and node-7 is in a source range
    /// besides. The others differ by their zone alone.
    @Test func manyNodesFormFewGroups() throws {
        let nodes = TestSize.current.count(full: 500, brief: 51)
        let (snapshot, settings) = (try Self.cluster(nodes: nodes), ProxySettings())
        let count = try check(snapshot, settings, "\(nodes) nodes")
        #expect(count.nodes == nodes)
        #expect(count.groups == 3 + 12 + 1)
        let groups = NodeGroup.all(AllNodesPlan(snapshot, settings).nodeRules())
        #expect(groups.prefix(3).map { $0.nodes.count }.reduce(0, +) == nodes - 13)
        #expect(groups[0].traits.contains(.servicePorts([])))
        #expect(Set(groups.prefix(3).flatMap(\.traits)).isSuperset(of: [.zones(["a"]), .zones(["b"]), .zones(["c"])]))
        let inRange = try #require(groups.first { $0.nodes == ["node-7"] })
        guard case .servicePorts(let ports) = inRange.traits.last else { return #expect(Bool(false)) }
        #expect(ports.map(\.description) == ["n/s5"])
    }

    /// Whatever the shards, their nodes together are all nodes, and each is what it is without shards.
    @Test(arguments: TestSize.current.sample([1, 2, 3, 7, 100], brief: 3))
    func shardsAreAllNodes(_ count: Int) throws {
        let snapshot = try Self.cluster(nodes: 66)
        let all = AllNodesPlan(snapshot, ProxySettings()).nodeRules()
        var found: [String: RulesDigest] = [:]
        for index in 0..<count {
            let shard = try NodeShard("\(index)/\(count)")
            for node in AllNodesPlan(snapshot, ProxySettings(), shard: shard).nodeRules() {
                #expect(found.updateValue(node.digest, forKey: node.node) == nil)
            }
        }
        #expect(found == Dictionary(uniqueKeysWithValues: all.map { ($0.node, $0.digest) }))
    }

    @Test(arguments: ["", "1", "/", "1/", "/2", "2/2", "3/2", "-1/2", "0/0", "a/2", "0/2/3", "+0/2", "0 /2"])
    func invalidShard(_ text: String) {
        #expect(throws: SettingError.self) { try NodeShard(text) }
    }
}
