import KubeChainsJSON
import KubeObjects
import NetAddress
import Testing

/// Objects that are made from values instead of JSON.
@Suite struct ValueTests {
    private static let shop = DNSLabel("shop")!
    private static let web = DNSLabel("web")!

    private static func address(_ text: String) -> IPAddress { IPAddress(text)! }

    private static var service: Service {
        Service(
            namespace: shop, name: web, type: .nodePort, clusterIPs: [address("10.96.0.10")],
            ports: [ServicePort(name: DNSLabel("http"), port: 80, nodePort: 30080)])
    }

    private static var slice: EndpointSlice {
        EndpointSlice(
            namespace: shop, name: DNSSubdomain("web-x7k")!, serviceName: web, family: .ipv4,
            ports: [EndpointPort(name: DNSLabel("http"), port: 8080)],
            endpoints: [Endpoint(address: address("10.244.1.7"), nodeName: "worker-1")])
    }

    /// Values and the JSON of the same objects are equal, though only the latter have a place.
    @Test func equalToWhatIsRead() throws {
        let read = try read(
            """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"},"spec":{"type":"NodePort",
            "clusterIP":"10.96.0.10","clusterIPs":["10.96.0.10"],"ipFamilies":["IPv4"],
            "ports":[{"name":"http","port":80,"nodePort":30080}]}}
            """,
            """
            {"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice",
            "metadata":{"labels":{"kubernetes.io/service-name":"web"},"name":"web-x7k","namespace":"shop"},
            "ports":[{"name":"http","port":8080}],"endpoints":[{"addresses":["10.244.1.7"],"nodeName":"worker-1"}]}
            """,
            """
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"worker-1"},
            "status":{"addresses":[{"type":"InternalIP","address":"192.0.2.11"}]}}
            """)
        let node = Node(name: DNSSubdomain("worker-1")!, internalIPs: [Self.address("192.0.2.11")])
        let made = try ClusterSnapshot(services: [Self.service], endpointSlices: [Self.slice], nodes: [node])
        #expect(made.services == read.services)
        #expect(made.endpointSlices == read.endpointSlices)
        #expect(made.nodes == read.nodes)
        #expect(made.services[0].location == nil)
        #expect(read.services[0].location != nil)
    }

    /// Objects are sorted, and the same object is taken once.
    @Test func sortedAndOnce() throws {
        let other = Service(namespace: Self.shop, name: DNSLabel("api")!)
        let made = try ClusterSnapshot(services: [Self.service, other, Self.service])
        #expect(made.services == [other, Self.service])
    }

    /// What kube-proxy could not have been given.
    static let refused: [(String, @Sendable (inout Service, inout EndpointSlice) -> Void)] = [
        ("a port is 0", { service, _ in service.ports[0].port = 0 }),
        ("two ports have the same name", { service, _ in service.ports.append(service.ports[0]) }),
        ("another family", { service, _ in service.clusterIPs = [address("fd00::1")] }),
        ("no IPv4 address", { _, slice in slice.endpoints[0].address = address("fd00::1") }),
    ]

    @Test(arguments: refused.indices)
    func refusal(_ index: Int) throws {
        let (message, change) = Self.refused[index]
        var (service, slice) = (Self.service, Self.slice)
        change(&service, &slice)
        let error = #expect(throws: SnapshotError.self) {
            try ClusterSnapshot(services: [service], endpointSlices: [slice])
        }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }

    /// The same name with other contents is refused, with no place to show.
    @Test func difference() throws {
        var other = Self.service
        other.ports[0].nodePort = 30081
        let error = #expect(throws: SnapshotError.self) { try ClusterSnapshot(services: [Self.service, other]) }
        #expect(
            error?.description
                == "error: Service shop/web is given twice with a difference; expected each object once")
    }
}
