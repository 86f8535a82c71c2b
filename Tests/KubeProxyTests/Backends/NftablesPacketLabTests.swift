import Iptables
import KubeProxy
import NetAddress
import Nftables
import Testing

/// Flows that were sent through kernels with kube-proxy 1.36's rules of nftables mode: a client, a node, and two pods, the second
/// of them on another node.
@Suite struct NftablesPacketLabTests {
    private enum Sender: String {
        case node = "192.168.0.2"
        case pod = "10.180.0.1"
        case client = "192.168.0.100"
        case friend = "203.0.113.5"
        case loopback = "127.0.0.1"
    }

    /// What the sender saw, and for an answer which address the pod saw: the client's or the node's.
    private enum Seen: Equatable {
        case pod(String, rewritten: Bool)
        case refused, timeout
    }

    private static let here = Seen.pod("10.180.0.1", rewritten: true)

    private static let flows: [(Sender, String, UInt16, Seen)] = [
        (.node, "172.30.0.1", 80, here), (.pod, "172.30.0.1", 80, here), (.client, "172.30.0.1", 80, here),
        (.node, "172.30.0.1", 81, .refused), (.pod, "172.30.0.1", 81, .refused),
        (.node, "172.30.200.1", 80, .timeout), (.pod, "172.30.200.1", 80, .timeout),
        (.pod, "172.30.0.7", 80, .timeout), (.node, "172.30.0.6", 80, .refused), (.pod, "172.30.0.11", 80, .timeout),
        (.client, "192.168.0.2", 31001, here), (.client, "192.168.5.2", 31001, .refused),
        (.loopback, "127.0.0.1", 31001, .refused), (.node, "192.168.0.2", 31001, here),
        (.node, "192.168.5.2", 31001, .refused), (.pod, "192.168.0.2", 31001, here),
        (.pod, "10.180.0.254", 31001, .refused), (.client, "192.168.0.2", 31002, .pod("10.180.0.1", rewritten: false)),
        (.client, "192.168.0.2", 31003, .timeout), (.node, "192.168.0.2", 31003, .pod("10.180.0.2", rewritten: true)),
        (.client, "192.168.0.2", 31006, .refused), (.client, "192.168.5.2", 31006, .refused),
        (.loopback, "127.0.0.1", 31006, .refused), (.client, "1.2.3.2", 80, .pod("10.180.0.1", rewritten: false)),
        (.client, "1.2.3.3", 80, .timeout), (.client, "1.2.3.4", 80, .timeout), (.friend, "1.2.3.4", 80, here),
        (.node, "1.2.3.4", 80, .timeout), (.pod, "1.2.3.4", 80, .timeout), (.client, "1.2.3.5", 80, .timeout),
        (.friend, "1.2.3.5", 80, .refused), (.client, "198.51.100.9", 80, .refused),
        (.node, "198.51.100.9", 80, .refused), (.pod, "198.51.100.9", 80, .refused), (.pod, "172.30.0.8", 80, .timeout),
        (.client, "1.2.3.9", 80, .timeout), (.client, "192.168.77.1", 80, here),
        (.client, "192.168.77.1", 31010, .refused), (.client, "192.168.77.1", 81, .refused),
    ]

    private func service(_ name: String, _ ip: String, _ spec: String, labels: String = "", balancer: String = "")
        -> String
    {
        """
        {"apiVersion":"v1","kind":"Service","metadata":{"namespace":"a","name":"\(name)","labels":{\(labels)}},\
        "spec":{"clusterIP":"172.30.0.\(ip)","type":"\(balancer.isEmpty ? "NodePort" : "LoadBalancer")",\(spec)},\
        "status":{"loadBalancer":{"ingress":[\(balancer.isEmpty ? "" : "{\"ip\":\"\(balancer)\"}")]}}}
        """
    }

    private func slice(_ service: String, _ address: String, _ node: String?) -> String {
        """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"namespace":"a",\
        "name":"\(service)-1","labels":{"kubernetes.io/service-name":"\(service)"}},"ports":[{"name":"","port":80}],\
        "endpoints":[{"addresses":["\(address)"]\(node.map { ",\"nodeName\":\"\($0)\"" } ?? "")}]}
        """
    }

    private func ports(_ nodePort: Int? = nil) -> String {
        "\"ports\":[{\"port\":80\(nodePort.map { ",\"nodePort\":\($0)" } ?? "")}]"
    }

    private var snapshot: [String] {
        let local = "\"externalTrafficPolicy\":\"Local\""
        let ranges = "\"loadBalancerSourceRanges\":[\"203.0.113.0/24\"]"
        return [
            "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"node\"},\"status\":{\"addresses\":"
                + "[{\"type\":\"InternalIP\",\"address\":\"192.168.0.2\"}]}}",
            "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"ServiceCIDR\",\"metadata\":{\"name\":\"a\"},"
                + "\"spec\":{\"cidrs\":[\"172.30.0.0/16\"]}}",
            service("plain", "1", ports(31001)), slice("plain", "10.180.0.1", "node"),
            service("local", "2", "\(local),\(ports(31002))", balancer: "1.2.3.2"),
            slice("local", "10.180.0.1", "node"),
            service("away", "3", "\(local),\(ports(31003))", balancer: "1.2.3.3"),
            slice("away", "10.180.0.2", "other"),
            service("ranged", "4", "\(ranges),\(ports())", balancer: "1.2.3.4"), slice("ranged", "10.180.0.1", "node"),
            service("ranged-empty", "5", "\(ranges),\(ports())", balancer: "1.2.3.5"),
            service("empty", "6", ports(31006)),
            service("labelled", "7", ports(), labels: "\"service.kubernetes.io/service-proxy-name\":\"x\""),
            slice("labelled", "10.180.0.1", "node"),
            service("no-node", "8", ports()), slice("no-node", "10.180.0.9", nil),
            service("both", "9", "\"externalIPs\":[\"1.2.3.9\"],\(ranges),\(ports())", balancer: "1.2.3.9"),
            slice("both", "10.180.0.1", "node"),
            service("own-address", "10", ports(31010), balancer: "192.168.77.1"),
            slice("own-address", "10.180.0.1", "node"),
            service("inside", "11", "\"internalTrafficPolicy\":\"Local\",\(ports())"),
            slice("inside", "10.180.0.2", "other"),
            service("external", "12", "\"externalIPs\":[\"198.51.100.9\"],\(ports())"),
        ]
    }

    @Test func flows() throws {
        let addresses = ["192.168.0.2", "192.168.5.2", "10.180.0.254", "192.168.77.1", "127.0.0.1"]
        let options = [
            "--node", "node", "--proxy-mode", "nftables", "--cluster-cidr", "10.180.0.0/16", "--kube-proxy-version",
            "1.36",
        ]
        let state = try NftablesPlan(plan(snapshot, options + addresses.flatMap { ["--node-address", $0] }))
        let tables = TracedTables([state.table])
        for (sender, to, port, expected) in Self.flows {
            // The endpoint without a nodeName is one that nobody else has, since its hairpin would serve it too.
            let from = to == "172.30.0.8" ? "10.180.0.9" : sender.rawValue
            var query = TraceQuery(
                from: try #require(IPAddress(from)), to: try #require(IPAddress(to)), port: port)
            query.hostAddresses = state.plan.node.hostAddresses
            let outcomes = try PacketTrace(query, through: tables).outcomes
            #expect(outcomes.count == 1)
            let outcome = try #require(outcomes.first)
            let seen: Seen
            switch outcome.verdict {
            case .accept where outcome.isTranslated:
                let address = outcome.packet.destination.text
                // A pod does not take its own packets for answers.
                seen =
                    address == from && !outcome.isMasqueraded
                    ? .timeout : .pod(address, rewritten: outcome.isMasqueraded || sender == .node)
            // Nothing listens on the node.
            case .accept: seen = outcome.isForHost ? .refused : .timeout
            case .drop: seen = .timeout
            case .reject(let kind):
                #expect(kind == .icmpPortUnreachable)
                seen = .refused
            case .unknown: seen = .timeout
            }
            #expect(seen == expected, "\(sender) to \(to):\(port)")
            #expect(outcome.verdict != .unknown && outcome.assumptions.isEmpty)
        }
    }
}
