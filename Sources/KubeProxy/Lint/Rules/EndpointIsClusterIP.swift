internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let endpointIsClusterIP = LintRule(
        name: "endpoint-is-cluster-ip", severity: .error,
        explanation:
            "An endpoint is the cluster IP of a Service. The kernel translates a connection's destination once, so that "
            + "kube-proxy's rules for that cluster IP never see it: the packets leave for an address that nobody has. The "
            + "API's documentation forbids such endpoints.",
        remedy: "write the addresses of that Service's endpoints into the slice, or let clients use that Service itself"
    ) { subject, report in
        var owners: [IPAddress: String] = [:]
        for port in subject.firstPorts {
            owners[port.clusterIP] = subject.service(port).qualifiedName
        }
        for port in subject.plan.servicePorts {
            for endpoint in port.endpoints {
                guard let owner = owners[endpoint.address] else { continue }
                report.add(
                    .port(port),
                    "its endpoint \(AddressText(endpoint.address, port: endpoint.port)) is the cluster IP of \(owner); "
                        + "connections to it fail")
                break
            }
        }
    }
}
