import KubeObjects
import NetAddress
import Testing

/// Documents, lists, kinds, and the order of keys.
@Suite struct ObjectTests {
    private let endpoints = "[{\"addresses\":[\"10.0.0.1\"],\"nodeName\":\"n\"}]"

    @Test func readsDocumentsListsAndFiles() throws {
        let node = "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"}}"
        let list = "{\"apiVersion\":\"v1\",\"items\":[\(service("b")),\(node)],\"kind\":\"List\"}"
        let snapshot = try read(list + service("a"), "\n\(service("c")) \(slice(endpoints: endpoints))\n")
        #expect(snapshot.services.map(\.name.text) == ["a", "b", "c"])
        #expect(snapshot.nodes.map(\.name.text) == ["n"])
        #expect(snapshot.endpointSlices.map(\.name) == ["web-1"])
    }

    /// The raw API gives items without kinds, `kind` before or after them.
    @Test(arguments: [
        "{\"kind\":\"ServiceList\",\"apiVersion\":\"v1\",\"items\":[ITEM]}",
        "{\"apiVersion\":\"v1\",\"items\":[ITEM],\"kind\":\"ServiceList\"}",
        "{\"items\":[ITEM],\"metadata\":{},\"kind\":\"ServiceList\",\"apiVersion\":\"v1\"}",
    ])
    func takesKindsFromTypedLists(_ list: String) throws {
        let item = "{\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},\"spec\":{\"clusterIP\":\"10.96.0.1\"}}"
        #expect(try read(list.replacing("ITEM", with: item)).services.map(\.qualifiedName) == ["shop/web"])
    }

    /// Members of objects that nobody wants may be anything.
    @Test(arguments: [
        "{\"apiVersion\":\"example.com/v1\",\"kind\":\"Service\",\"metadata\":1,\"spec\":\"x\"}",
        "{\"spec\":{\"ports\":3},\"metadata\":{\"name\":\"A\"},\"kind\":\"Deployment\",\"apiVersion\":\"apps/v1\"}",
        "{\"items\":[{\"kind\":\"Service\",\"spec\":{\"ports\":1}}],\"kind\":\"Other\"}",
        "{\"apiVersion\":\"discovery.k8s.io/v1\",\"addressType\":\"IPv4\",\"endpoints\":7,\"kind\":\"Other\"}",
        "{\"items\":3,\"kind\":\"Other\"}",
        "{\"kind\":\"ConfigMapList\",\"apiVersion\":\"v1\",\"items\":[{\"data\":1}]}",
    ])
    func passesOverOtherKinds(_ text: String) throws {
        let snapshot = try read(text)
        #expect(snapshot.services.isEmpty && snapshot.endpointSlices.isEmpty)
    }

    /// However keys are ordered, the same is read.
    @Test func orderOfKeysDoesNotMatter() throws {
        let members = [
            "\"addressType\":\"IPv4\"", "\"apiVersion\":\"discovery.k8s.io/v1\"", "\"endpoints\":\(endpoints)",
            "\"kind\":\"EndpointSlice\"", "\"ports\":[{\"name\":\"http\",\"port\":8080}]",
            "\"metadata\":{\"labels\":{\"kubernetes.io/service-name\":\"web\"},\"name\":\"web-1\",\"namespace\":\"shop\"}",
        ]
        let expected = try read("{\(members.joined(separator: ","))}").endpointSlices
        #expect(expected[0].endpoints[0].address == IPAddress("10.0.0.1") && expected[0].ports[0].port == 8080)
        var orders = 0
        func permute(_ chosen: [String], _ rest: [String]) throws {
            if rest.isEmpty {
                orders += 1
                #expect(try read("{\(chosen.joined(separator: ","))}").endpointSlices == expected)
            }
            for index in rest.indices {
                var others = rest
                others.remove(at: index)
                try permute(chosen + [rest[index]], others)
            }
        }
        try permute([], members)
        #expect(orders == 720)
    }

    /// Of a key given twice the last value counts, whole, also where the first one is at fault.
    @Test func lastOfEqualKeysCounts() throws {
        let twice = try read(
            service(
                spec:
                    "\"clusterIP\":\"bogus\",\"ports\":[{\"port\":0},7],\"ports\":[{\"port\":80}],\"clusterIP\":\"10.0.0.2\""
            ))
        #expect(twice.services[0].ports.map(\.port) == [80])
        #expect(twice.services[0].clusterIP == .address(try #require(IPAddress("10.0.0.2"))))

        let replaced =
            "{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},\"spec\":{\"type\":\"NodePort\"},\"spec\":{\"clusterIP\":\"None\"}}"
        #expect(try read(replaced).services[0].type == .clusterIP)
        #expect(try read(replaced).services[0].clusterIP == ClusterIP.none)

        let items = "{\"items\":[\(service("a"))],\"items\":[\(service("b"))],\"kind\":\"List\"}"
        #expect(try read(items).services.map(\.name.text) == ["b"])

        // The fault stays where the later value is at fault too, and where another key follows.
        #expect(fault(service(spec: "\"ports\":[{\"port\":1,\"port\":0,\"name\":\"x\"}]")) != nil)
    }

    /// Lists within lists, with a fault at the bottom: each is read a bounded number of times, however deep it lies.
    @Test(arguments: ["{\"kind\":\"List\",\"items\":[X]}", "{\"items\":[X],\"kind\":\"List\"}"])
    func nestedListsTakeLinearTime(_ list: String) throws {
        for bottom in [service(spec: "\"ports\":[{\"port\":0}]"), "{\"items\":[]}", "{}"] {
            var text = bottom
            for _ in 0..<200 { text = list.replacing("X", with: text) }
            #expect(fault(text) != nil)
        }
        var text = service()
        for _ in 0..<200 { text = list.replacing("X", with: text) }
        #expect(try read(text).services.count == 1)
    }

    /// A second list in the place of a first, at fault itself (found by the fuzzer).
    @Test func secondItemsAtFault() throws {
        let bad = service(spec: "\"ports\":[{\"port\":0}]")
        let message = try #require(fault("{\"items\":[\(service())],\"items\":[\(bad)],\"kind\":\"List\"}"))
        #expect(message.contains("items[0].spec.ports[0].port: port is 0"))
        #expect(try read("{\"items\":[\(bad)],\"items\":[\(service())],\"kind\":\"List\"}").services.count == 1)
    }

    @Test func nullIsAbsent() throws {
        let spec =
            "\"ports\":null,\"type\":null,\"clusterIP\":null,\"externalIPs\":null,\"sessionAffinityConfig\":null,\"ipFamilies\":null"
        let snapshot = try read(service(spec: spec), slice(endpoints: "null", ",\"ports\":null"))
        #expect(snapshot.services[0].clusterIP == .absent && snapshot.services[0].ports.isEmpty)
        #expect(snapshot.endpointSlices[0].endpoints.isEmpty)
        let endpoint =
            "[{\"addresses\":[\"10.0.0.1\"],\"conditions\":{\"ready\":null,\"serving\":null,\"terminating\":null},\"nodeName\":null,\"zone\":null,\"hints\":null}]"
        let read = try read(slice(endpoints: endpoint)).endpointSlices[0].endpoints[0]
        #expect(read.conditions == [.ready, .serving] && read.nodeName == nil && read.hints == nil)
    }

    @Test func fillsInWhatTheAPIServerWould() throws {
        let spec = "\"clusterIP\":\"10.0.0.1\",\"sessionAffinity\":\"ClientIP\",\"ports\":[{\"port\":80}]"
        let web = try read(service(spec: spec)).services[0]
        #expect(web.type == .clusterIP && web.ports[0].transport == .tcp && web.sessionAffinitySeconds == 10_800)
        #expect(!web.externalTrafficPolicyIsLocal && !web.internalTrafficPolicyIsLocal)
    }

    @Test func sameObjectTwice() throws {
        #expect(try read(service(), service()).services.count == 1)
        let message = try #require(fault(service(), "\n " + service(spec: "\"clusterIP\":\"10.96.0.2\"")))
        #expect(message.hasPrefix("b:2:2: error: Service shop/web is given twice with a difference"))
        #expect(message.hasSuffix("the other is at a:1:1"))
    }

    /// Endpoints serve a Service only where it has no slice; what is not ready is neither ready nor serving.
    @Test func endpointsStandInForSlices() throws {
        let endpoints = """
            {"kind":"Endpoints","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"},"subsets":[{\
            "addresses":[{"ip":"10.0.0.1","nodeName":"n"},{"ip":"fd00::1"}],"notReadyAddresses":[{"ip":"10.0.0.2"}],\
            "ports":[{"port":80},{"name":"b","port":81,"protocol":"UDP"}]}]}
            """
        let slices = try read(service(), endpoints).endpointSlices
        #expect(slices.map(\.family) == [.ipv4, .ipv6])
        #expect(slices[0].endpoints.map(\.conditions) == [[.ready, .serving], []])
        #expect(slices[0].ports.map(\.name) == [.empty, .label(try #require(DNSLabel("b")))])
        let beside = try read(service(), endpoints, slice(endpoints: "[]")).endpointSlices
        #expect(beside.map(\.origin) == [.endpointSlice])
    }

    @Test func sharesLongNames() throws {
        let names = (0..<300).map { "node-with-a-long-name-\($0 % 100)" }
        let endpoints = names.map { "{\"addresses\":[\"10.0.0.1\"],\"nodeName\":\"\($0)\"}" }.joined(separator: ",")
        let read = try read(slice(endpoints: "[\(endpoints)]")).endpointSlices[0].endpoints
        #expect(read.map(\.nodeName) == names)
    }
}
