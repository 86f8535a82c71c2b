import KubeChains

// A cluster that no API server has seen yet: a Service with two endpoints, made from values.
guard let shop = DNSLabel("shop"), let web = DNSLabel("web"), let http = DNSLabel("http"),
    let slice = DNSSubdomain("web-x7k"), let worker = DNSSubdomain("worker-1"),
    let clusterIP = IPAddress("10.96.0.10"), let first = IPAddress("10.244.1.7"), let second = IPAddress("10.244.2.8")
else { fatalError("invalid name or address") }

let snapshot = try ClusterSnapshot(
    services: [
        Service(namespace: shop, name: web, clusterIPs: [clusterIP], ports: [ServicePort(name: http, port: 80)])
    ],
    endpointSlices: [
        EndpointSlice(
            namespace: shop, name: slice, serviceName: web, family: .ipv4,
            ports: [EndpointPort(name: http, port: 8080)],
            endpoints: [Endpoint(address: first, nodeName: "worker-1"), Endpoint(address: second)])
    ],
    nodes: [Node(name: worker)])
print(IptablesPlan(try NodePlan(snapshot, ProxySettings())).text(.restore), terminator: "")
