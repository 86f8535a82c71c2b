import KubeObjects
import NetAddress
import Testing

@testable import KubeChainsJSON
@testable import KubeProxy

/// What makes the changes of an upgrade, and how many lines of rules change.
@Suite struct UpgradeTests {
    private static let cluster = """
        [{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n", "labels": {"topology.kubernetes.io/zone": "a"}},
          "status": {"addresses": [{"type": "InternalIP", "address": "192.168.0.2"}]}},
         {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "a", "name": "s"},
          "spec": {"clusterIP": "10.96.0.9", "ports": [{"port": 80, "nodePort": 30080}], "type": "NodePort"}},
         {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
          "metadata": {"namespace": "a", "name": "s", "labels": {"kubernetes.io/service-name": "s"}},
          "ports": [{"port": 80}], "endpoints": [
           {"addresses": ["10.244.0.1"], "hints": {"forZones": [{"name": "a"}]}},
           {"addresses": ["10.244.0.2"], "hints": {"forZones": [{"name": "b"}]}},
           {"addresses": ["10.244.0.3"], "hints": {"forZones": [{"name": "b"}]}}]}]
        """

    private static func upgrade(
        _ from: String, _ to: String, _ options: [String] = [], mode: ProxyMode? = nil
    ) throws -> Upgrade {
        let settings = try ProxySettings(flags: ["--kube-proxy-version", from] + options)
        let source = SnapshotSource(name: "test", bytes: Array(cluster.utf8))
        return try Upgrade(
            ClusterSnapshot(reading: [source]), settings, families: [.ipv4], to: try #require(ProxyVersion(to)),
            mode: mode)
    }

    /// 1.31 brings five behaviours, of which one moves connections: also those of endpoints that may reach themselves, which
    /// are told apart.
    @Test(arguments: [("1.24", "1.37"), ("1.30", "1.31"), ("1.28", "1.33")])
    func oneBehaviourIsTheCause(_ from: String, _ to: String) throws {
        let changes = try Self.upgrade(from, to).changes
        #expect(changes.count > 3)
        for change in changes where change.flow.kind == .clusterIP {
            #expect(change.cause == .version(31, [.hintsNeedAnnotation]), "\(change)")
        }
    }

    /// A rule that goes is a change as one that comes (SPEC-VERSIONS, P and I).
    @Test(arguments: [
        ("1.28", "1.29", ["--conntrack-tcp-be-liberal"], 1), ("1.28", "1.29", [], 0), ("1.31", "1.32", [], 0),
        ("1.36", "1.37", ["--no-random-fully"], 1), ("1.36", "1.37", [], 0),
    ])
    func linesThatChange(_ from: String, _ to: String, _ options: [String], _ lines: Int) throws {
        #expect(try Self.upgrade(from, to, options).respelled?.lines == lines)
    }

    /// Node ports on 127.0.0.1 end for those who have them; the sysctl stays where kube-proxy sets it, for any Service
    /// (SPEC.md 2.3 and 18, SPEC-NFTABLES 16.2, 3).
    @Test(arguments: [
        ([], true, true), (["--iptables-localhost-nodeports=false"], false, false),
        (["--nodeport-addresses", "192.168.0.0/24"], false, false),
        (["--nodeport-addresses", "primary"], false, false),
        (["--nodeport-addresses", "127.0.0.0/8,192.168.0.0/24"], true, true),
    ])
    func loopback(_ options: [String], _ ends: Bool, _ stays: Bool) throws {
        let changes = try Self.upgrade("1.36", "1.36", options, mode: .nftables).modeChanges.map(\.text)
        #expect(changes.contains { $0.contains("no longer answer on 127.0.0.1") } == ends, "\(changes)")
        #expect(changes.contains { $0.contains("route_localnet stays 1") } == stays, "\(changes)")
    }

    /// Neither iptables nor IPVS mode cleans what the other leaves; nftables mode does (`platformCleanup` of kube-proxy).
    @Test(arguments: [(ProxyMode.iptables, ProxyMode.ipvs, true), (.ipvs, .iptables, true), (.ipvs, .nftables, false)])
    func leftOvers(_ old: ProxyMode, _ new: ProxyMode, _ stay: Bool) throws {
        let upgrade = try Self.upgrade("1.36", "1.36", ["--proxy-mode", old.rawValue], mode: new)
        let leftOvers = upgrade.modeChanges.filter { $0.kind == .leftOver }
        #expect(leftOvers.contains { $0.text.contains("stay, and go on") } == stay, "\(leftOvers)")
    }
}
