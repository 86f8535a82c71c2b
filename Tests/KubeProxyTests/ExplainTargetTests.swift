import KubeProxy
import Testing

/// What people type for a Service, a port or a node is understood, or the error says what there is.
@Suite struct ExplainTargetTests {
    private static let snapshot = [
        node("a", "192.168.1.1"), node("b", "192.168.1.2"),
        service(ports: #"{"name":"http","port":80,"nodePort":30080}"#, #""type":"NodePort""#), slice([endpoint()]),
    ]

    private func explanation(_ target: String) throws -> Explanation {
        try Explanation(ExplainTarget(target), IptablesPlan(plan(ExplainTargetTests.snapshot, ["--node", "a"])))
    }

    @Test(arguments: [
        "web", "shop/web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local", "web.shop.svc:http", "web.shop:80",
        "svc/web", "service/web:http", "services/web", "web:30080", "30080", "30080/tcp", "30080/TCP", "a:30080",
        "localhost:30080", "127.0.0.1:30080", "192.168.1.1:30080",
    ])
    func understood(_ target: String) throws {
        #expect(try explanation(target).services.map(\.servicePort) == ["shop/web:http"])
    }

    @Test(arguments: [
        (
            "30080/udp",
            "no Service of the snapshot has the node port 30080/udp: 30080 is the node port of shop/web:http/tcp"
        ),
        ("default/web", "the snapshot has no Service default/web; there is shop/web"),
        ("b:30080", "b is another Node: give --node b"),
        ("a", "a is a Node and no Service: give a:PORT for a node port"),
        ("a:30081", "no Service of the snapshot has the node port 30081"),
        ("svc/wbe", "no namespace of the snapshot has a Service wbe"),
        ("web.default.svc", "the snapshot has no Service default/web; there is shop/web"),
        ("web:0", "the Service shop/web has no port 0; it has http (80/tcp)"),
    ])
    func named(_ target: String, _ words: String) throws {
        let error = #expect(throws: ExplainTargetError.self) { try explanation(target) }
        #expect(error?.description == words)
    }

    /// Names of the DNS that are no Service's are no targets.
    @Test(arguments: ["db.example.org", "a.b.c", "web.shop.pod", "web..svc", "web.shop.svc:"])
    func invalid(_ target: String) {
        let error = #expect(throws: ExplainTargetError.self) { try ExplainTarget(target) }
        #expect(error?.code == .invalid)
    }
}
