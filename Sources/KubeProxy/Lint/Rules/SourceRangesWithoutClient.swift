internal import KubeChainsBytes
internal import NetAddress

extension LintRule {
    static let sourceRangesWithoutClient = LintRule(
        name: "source-ranges-without-client", severity: .error,
        explanation:
            "All source ranges of a family hold only addresses that no client can have: unspecified, loopback, multicast "
            + "or reserved ones. kube-proxy drops everything that is sent to the load balancer's address.",
        remedy: "correct the ranges; 0.0.0.0/0 and ::/0 are everybody, 0.0.0.0/32 is nobody"
    ) { subject, report in
        for port in subject.firstPorts where !port.loadBalancerIPs.isEmpty && !port.sourceRanges.isEmpty {
            guard port.sourceRanges.allSatisfy(\.holdsNoClient) else { continue }
            let ranges = port.sourceRanges.prefix(LintSubject.exampleLimit).map(\.description)
            report.add(
                .service(port.serviceIndex),
                "no client can have an address of \(listed(ranges, of: port.sourceRanges.count)); all connections to "
                    + "\(port.loadBalancerIPs[0]) are dropped")
        }
    }
}

extension IPPrefix {
    /// Whether no packet from another host can have one of these addresses as its source.
    fileprivate var holdsNoClient: Bool {
        let unusable =
            family == .ipv4
            ? [("0.0.0.0", 8), ("127.0.0.0", 8), ("224.0.0.0", 3)] : [("::", 127), ("ff00::", 8)]
        return unusable.contains { text, unusableLength in
            guard length >= unusableLength, let address = IPAddress(text) else { return false }
            return IPPrefix(address, length: unusableLength).contains(network)
        }
    }
}
