import Foundation
import KubeObjects
import NetAddress
import Testing

@testable import KubeChainsJSON
@testable import KubeProxy

/// What packets of three hosts met in iptables and nftables mode, with the rules of kube-proxy 1.36.2: flows say of each mode what
/// clients saw, and `upgrade` reports the packets that fared otherwise and no others.
@Suite struct ModeFlowTests {
    /// A line of `result.txt`.
    struct Packet: Sendable, CustomTestStringConvertible {
        let client: String
        let address: IPAddress
        /// Nil: a ping.
        let port: UInt16?
        let iptables: String
        let nftables: String
        let differs: Bool
        let testDescription: String

        init?(_ line: Substring) {
            let fields = line.dropFirst(2).split(separator: "  ").map { $0.trimmingPrefix(while: { $0 == " " }) }
            guard fields.count > 2, let colon = fields[1].lastIndex(of: ":"),
                let address = IPAddress(String(fields[1][..<colon]))
            else { return nil }
            func outcome(_ mode: String) -> String? {
                guard let start = line.range(of: mode + ": ")?.upperBound else { return nil }
                return line[start...].split(separator: " ").first.map(String.init)
            }
            guard let iptables = outcome("iptables"), let nftables = outcome("nftables") else { return nil }
            client = String(fields[0])
            self.address = address
            port = UInt16(fields[1][fields[1].index(after: colon)...].trimmingPrefix(while: { $0 == " " }))
            self.iptables = iptables
            self.nftables = nftables
            differs = line.hasPrefix("*")
            testDescription = "\(client) to \(fields[1]): \(fields[2])"
        }

        /// Where the packet comes from: what the client's program chooses where its host has several addresses.
        var source: IPAddress {
            let text =
                switch client {
                case "node": address.isLoopback ? "127.0.0.1" : "192.168.0.2"
                case "pod": "10.180.0.1"
                case "client": "192.168.0.100"
                default: String(client.split(separator: "/")[1])
                }
            return IPAddress(text)!
        }
    }

    private static let folder = "\(fixtures)/nftables-packets"
    static let packets: [Packet] = {
        let text = (try? String(contentsOfFile: "\(folder)/result.txt", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").compactMap { Packet($0) }
    }()

    private static let host = ["192.168.0.2", "192.168.5.2", "10.180.0.254", "192.168.77.1", "127.0.0.1"]

    private static func plan(_ mode: ProxyMode) throws -> NodePlan {
        let cluster = try String(contentsOfFile: "\(folder)/cluster.json", encoding: .utf8)
        let addresses = host.flatMap { ["--node-address", $0] }
        let options = ["--node", "n1", "--kube-proxy-version", "1.36", "--cluster-cidr", "10.180.0.0/24"]
        return try KubeProxyTests.plan([cluster], options + ["--proxy-mode", mode.rawValue] + addresses)
    }

    @Test func allPacketsAreRead() {
        #expect(Self.packets.count == 41)
        #expect(Self.packets.count { $0.differs } == 15)
    }

    @Test(arguments: [ProxyMode.iptables, .nftables])
    func flowsSayWhatClientsSaw(_ mode: ProxyMode) throws {
        let flows = try Self.plan(mode).flows()
        // Both pods were on one bridge, so that the answer of one to the other did not come by the rules.
        let isArtefact = { (packet: Packet) in packet.client == "pod" && packet.address.description == "1.2.3.3" }
        for packet in Self.packets where !isArtefact(packet) {
            let seen = mode == .iptables ? packet.iptables : packet.nftables
            // What nothing is done about goes where routes lead: to another host that has the address, or to nobody.
            let outcome = outcome(of: packet, flows)
            let expected: [String] =
                switch outcome {
                case .endpoints(let endpoints, _):
                    endpoints.contains { $0.address == packet.source && $0.toItself == .timesOut }
                        ? ["timeout"] : ["OK"]
                case .refused: ["refused", "icmp"]
                case .timesOut: ["timeout"]
                case .unchanged:
                    Self.host.contains(packet.address.description) ? ["refused"] : ["OK", "timeout", "timed"]
                case .divided, .unknown: []
                }
            #expect(expected.contains(seen), "\(packet.testDescription): \(outcome), but \(seen)")
        }
    }

    private func outcome(of packet: Packet, _ flows: NodeFlows) -> FlowOutcome {
        if let port = packet.port {
            let frontend = flows.frontends.first { $0.port == port && $0.addresses.contains(packet.address) }
            if let frontend {
                return frontend.flows.first { $0.senders.addresses.contains(packet.source) }?.outcome ?? .unknown(.mode)
            }
        }
        return flows.unserved.first { $0.addresses.contains(packet.address) }?.outcome ?? .unchanged
    }

    /// A change covers each packet that fared otherwise, and none of the others.
    @Test func upgradeReportsWhatDiffers() throws {
        let plan = try Self.plan(.iptables)
        let upgrade = try Upgrade(
            plan.snapshot, plan.settings, families: [.ipv4], to: ProxyVersion(minor: 36), mode: .nftables)
        let frontends = try plan.flows().frontends + Self.plan(.nftables).flows().frontends
        for packet in Self.packets {
            let changes = upgrade.changes.filter { change in
                change.flow.frontend.port == packet.port && change.addresses.contains(packet.address)
                    && change.flow.senders.addresses.contains(packet.source)
            }
            let isServed = frontends.contains { $0.port == packet.port && $0.addresses.contains(packet.address) }
            let others = upgrade.unserved.filter { !isServed && $0.change.addresses.contains(packet.address) }
            #expect(
                (changes.count + others.count > 0) == packet.differs,
                "\(packet.testDescription): \(changes.map(\.flow.after)) \(others.map(\.change.after))")
            for change in changes { #expect(change.cause == .mode) }
        }
    }
}
