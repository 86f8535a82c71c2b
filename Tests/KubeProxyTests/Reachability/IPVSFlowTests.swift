import Foundation
import Iptables
import KubeObjects
import NetAddress
import Testing

@testable import KubeProxy

/// What packets met in IPVS mode in a kernel (`ModeDifferenceKernelTests` sends them): flows of the plan say so, and `upgrade`
/// to IPVS mode reports those that fare otherwise in iptables mode, as its rules have it, and no others.
@Suite struct IPVSFlowTests {
    /// A packet, and what came of it: from the node's own pod, from the other node's, a refusal, or nothing.
    struct Packet: Sendable, CustomTestStringConvertible {
        enum Seen: Sendable { case here, there, either, refused, silence }

        let name: String
        let source: String
        let address: String
        let port: UInt16
        let iptables: Seen
        let ipvs: Seen
        var testDescription: String { name }

        init(
            _ name: String, from source: String, to address: String, _ port: UInt16, iptables: Seen, ipvs: Seen
        ) {
            self.name = name
            self.source = source
            self.address = address
            self.port = port
            self.iptables = iptables
            self.ipvs = ipvs
        }
    }

    private static let (pod, node, client) = ("10.244.1.5", "192.168.0.2", "192.168.0.9")

    /// In the order of the probe, with its names.
    static let packets = [
        Packet("outside-local", from: client, to: "192.168.0.77", 80, iptables: .here, ipvs: .here),
        Packet("pod-local", from: pod, to: "192.168.0.77", 80, iptables: .either, ipvs: .here),
        Packet("node-local", from: node, to: node, 30080, iptables: .either, ipvs: .here),
        Packet("pod-agent", from: pod, to: "10.96.0.31", 80, iptables: .silence, ipvs: .refused),
        Packet("node-agent", from: node, to: "10.96.0.31", 80, iptables: .silence, ipvs: .refused),
        Packet("pod-internal", from: pod, to: "10.96.0.32", 80, iptables: .silence, ipvs: .there),
        Packet("node-internal", from: node, to: "10.96.0.32", 80, iptables: .silence, ipvs: .there),
        Packet("outside-far", from: client, to: "192.168.0.78", 80, iptables: .silence, ipvs: .silence),
        Packet("pod-far", from: pod, to: "192.168.0.78", 80, iptables: .there, ipvs: .there),
        Packet("node-far", from: node, to: "192.168.0.78", 80, iptables: .there, ipvs: .silence),
        Packet("node-far-port", from: node, to: node, 30081, iptables: .there, ipvs: .there),
        Packet("loopback", from: "127.0.0.1", to: "127.0.0.1", 30080, iptables: .either, ipvs: .refused),
        Packet("no-endpoint", from: pod, to: "10.96.0.33", 80, iptables: .refused, ipvs: .refused),
    ]

    private static let cluster = "\(fixtures)/../Tests/CommandLineTests/Support/ipvs-differences/cluster.json"

    private static func plan(_ mode: ProxyMode) throws -> NodePlan {
        let text = try String(contentsOfFile: cluster, encoding: .utf8)
        let addresses = ["192.168.0.2", "10.244.1.1", "127.0.0.1"].flatMap { ["--node-address", $0] }
        return try KubeProxyTests.plan(
            [text],
            ["--proxy-mode", mode.rawValue, "--node", "a", "--cluster-cidr", "10.244.0.0/16"] + addresses)
    }

    private static func outcome(of packet: Packet, _ flows: NodeFlows) -> FlowOutcome {
        let (source, address) = (IPAddress(packet.source)!, IPAddress(packet.address)!)
        let frontend = flows.frontends.first { $0.port == packet.port && $0.addresses.contains(address) }
        return frontend?.flows.first { $0.senders.addresses.contains(source) }?.outcome ?? .refused
    }

    private static func seen(_ outcome: FlowOutcome) -> Packet.Seen? {
        switch outcome {
        case .refused: .refused
        case .timesOut: .silence
        case .endpoints(let endpoints, _):
            endpoints.count > 1 ? .either : endpoints[0].address.description == pod ? .here : .there
        case .unchanged, .divided, .unknown: nil
        }
    }

    @Test(arguments: packets)
    func flowsSayWhatPacketsMet(_ packet: Packet) throws {
        #expect(Self.seen(Self.outcome(of: packet, try Self.plan(.ipvs).flows())) == packet.ipvs)
        #expect(Self.seen(Self.outcome(of: packet, try Self.plan(.iptables).flows())) == packet.iptables)
    }

    @Test func upgradeReportsWhatDiffers() throws {
        let plan = try Self.plan(.iptables)
        let upgrade = try Upgrade(
            plan.snapshot, plan.settings, families: [.ipv4], to: ProxyVersion(minor: 36), mode: .ipvs)
        for packet in Self.packets {
            let (source, address) = (IPAddress(packet.source)!, IPAddress(packet.address)!)
            let changes = upgrade.changes.filter { change in
                change.flow.frontend.port == packet.port && change.addresses.contains(address)
                    && change.flow.senders.addresses.contains(source)
            }
            // The node sees its own address where the endpoint of another node answers it, and in iptables mode any source.
            let differs = packet.iptables != packet.ipvs || packet.name == "node-far-port"
            #expect(changes.isEmpty == !differs, "\(packet.name): \(changes)")
        }
        // A port that no Service has: only IPVS mode, where the node has the address itself, refuses it.
        #expect(upgrade.unserved.map(\.change.kind) == [.otherPorts])
        #expect(upgrade.unserved.allSatisfy { $0.change.before == .unchanged && $0.change.after == .refused })
    }
}
