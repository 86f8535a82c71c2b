internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let externalIPOfOthers = LintRule(
        name: "external-ip-of-others", severity: .warning,
        explanation:
            "An external IP is a public address and nobody's in the cluster, and the port is one at which pods use services "
            + "outside, such as 443 or 53. Whoever may write Services can so take what pods "
            + "and nodes send to any address (CVE-2020-8554): connections to this address and port go to the Service's "
            + "endpoints, whoever owns it. An address in a network (/24, /64) in which Nodes or other Services have "
            + "addresses too is probably routed to the cluster: it is only information. Link-local addresses, such as that of "
            + "clouds' metadata services, count at any port, also as load-balancer IPs.",
        remedy:
            "make sure that the address is routed to the nodes; forbid external IPs by an admission policy, or with the "
            + "feature gate AllowServiceExternalIPs=false"
    ) { subject, report in
        let nodes = subject.nodesByAddress
        let owners = networkOwners(subject)
        for port in subject.plan.servicePorts {
            for address in port.externalIPs + port.loadBalancerIPs where address.isLinkLocal {
                report.add(
                    .port(port),
                    "whatever pods and nodes send to \(AddressText(address, port: port.port)), a link-local address such as "
                        + "that of clouds' metadata services, goes to this Service")
            }
            guard usualPorts.contains(port.port) else { continue }
            for address in port.externalIPs where address.isGlobal && nodes[address] == nil {
                // A load balancer's own address is the Service's.
                guard !port.loadBalancerIPs.contains(address) else { continue }
                let hasNeighbours = owners[address.network]?.contains { $0 != port.serviceIndex } ?? false
                report.add(
                    .port(port),
                    "whatever pods and nodes send to \(AddressText(address, port: port.port)) goes to this Service, "
                        + "whoever owns the address", hasNeighbours ? .info : nil)
            }
        }
    }
}

/// The ports at which pods usually use services outside of the cluster: SSH, mail, DNS, HTTP and NTP.
private let usualPorts: Set<UInt16> = [22, 25, 53, 80, 123, 443, 465, 587, 853, 993, 995, 8080, 8443]

/// The networks of the addresses that Nodes and Services have outside of the cluster, with the Services' positions; nil for
/// Nodes.
private func networkOwners(_ subject: LintSubject) -> [IPPrefix: Set<Int?>] {
    var owners: [IPPrefix: Set<Int?>] = [:]
    for address in subject.nodesByAddress.keys { owners[address.network, default: []].insert(nil) }
    for port in subject.plan.servicePorts {
        for address in port.externalIPs + port.loadBalancerIPs {
            owners[address.network, default: []].insert(port.serviceIndex)
        }
    }
    return owners
}

extension IPAddress {
    /// The network of usual size that holds the address.
    fileprivate var network: IPPrefix { IPPrefix(self, length: family == .ipv4 ? 24 : 64) }

    fileprivate var isLinkLocal: Bool {
        IPPrefix(family == .ipv4 ? "169.254.0.0/16" : "fe80::/10")?.contains(self) ?? false
    }

    /// Whether the address is one of the internet's: neither private (RFC 1918, RFC 4193), shared (RFC 6598), link-local,
    /// loopback nor multicast.
    fileprivate var isGlobal: Bool {
        let local =
            family == .ipv4
            ? [
                "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8",
                "224.0.0.0/4", "0.0.0.0/8",
            ] : ["fc00::/7", "fe80::/10", "::1/128", "ff00::/8"]
        return !local.contains { IPPrefix($0)?.contains(self) ?? false }
    }
}
