import KubeObjects
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON
@testable import KubeProxy

/// The typed outcome of IPVS mode beside the virtual servers that it programs, which are kube-proxy's.
@Suite struct OutcomeTests {
    private func ipvsPlan(_ seed: UInt64) throws -> IPVSPlan {
        let cluster = RandomCluster(seed: seed)
        let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
        var settings = try ProxySettings(flags: cluster.options)
        settings.mode = .ipvs
        return try IPVSPlan(NodePlan(ClusterSnapshot(reading: [source]), settings))
    }

    @Test(arguments: RandomClusterTests.parts.prefix(2))
    func realServersGetTheConnections(_ seeds: Range<UInt64>) throws {
        var endpoints = 0
        for seed in seeds {
            let state = try ipvsPlan(seed)
            let shared = state.plan.cluster.sharedFrontends
            for server in state.virtualServers {
                let port = state.plan.servicePorts[server.servicePort]
                let frontend = port.frontends.first {
                    ($0.frontend.address ?? server.address) == server.address && $0.frontend.port == server.port
                }
                guard let frontend, shared[frontend.frontend] == nil else { continue }
                let real = state.realServers(of: server).map(\.text.description)
                let place = "seed \(seed): \(port.label) \(server.text)"
                switch state.outcome(of: TrafficSender(.outside, isInSourceRanges: true), to: frontend) {
                case .endpoints(let shares, _):
                    #expect(
                        shares.map { "\($0.address) \($0.port)" }
                            == state.realServers(of: server).map { "\($0.address) \($0.port)" }, "\(place)")
                    endpoints += shares.count
                case .refused: #expect(real.isEmpty, "\(place)")
                default: Issue.record("\(place)")
                }
            }
        }
        #expect(endpoints > TestSize.current.count(full: 500, brief: 20))
    }
}
