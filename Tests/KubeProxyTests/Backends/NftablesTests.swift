import KubeObjects
import KubeProxy
import TestSupport
import Testing

/// What a plan gives in nftables mode.
private func nftablesPlan(_ texts: [String], _ options: [String], minor: Int? = nil) throws -> NftablesPlan {
    let version = minor.map { ["--kube-proxy-version", "1.\($0)"] } ?? []
    return try NftablesPlan(plan(texts, options + version))
}

/// nftables mode: kube-proxy's own texts (Fixtures/conformance-nftables) byte for byte, and properties over random clusters.
@Suite struct NftablesTests {
    private static let tally = Tally(0, cases: VersionedCase.names(in: VersionedCase.nftables).count)

    @Test(arguments: VersionedCase.names(in: VersionedCase.nftables))
    func recordedCase(_ name: String) throws {
        let recorded = try VersionedCase(name, in: VersionedCase.nftables)
        var count = 0
        let minors = Set(recorded.texts.flatMap { Array($0.minors) }).sorted()
        for minor in TestSize.current.sample(minors, brief: 3) {
            let state = try nftablesPlan([recorded.snapshot], recorded.options, minor: minor)
            let model = ReferenceNftables(recorded.cluster(minor: minor))
            for text in recorded.texts where text.minors.contains(minor) {
                let form = try #require(NftablesForm(rawValue: text.form))
                #expect(firstDifference(state.text(form), text.expected) == nil, "\(text.form) of 1.\(minor)")
                // The model must give kube-proxy's texts too, or it could not be one.
                let reference = form == .state ? model.state : model.transaction
                #expect(firstDifference(reference, text.expected) == nil, "model of 1.\(minor)")
                count += 1
            }
        }
        Self.tally.add {
            $0 += count
        } finish: { count in
            print("conformance: \(count) recorded texts of kube-proxy in nftables mode, byte for byte")
        }
    }

    @Test(.enabled(if: RecordedCase.only == nil))
    func allAreThere() throws {
        #expect(VersionedCase.names(in: VersionedCase.nftables).count >= 102)
        let texts = try VersionedCase.names(in: VersionedCase.nftables).flatMap {
            try VersionedCase($0, in: VersionedCase.nftables).texts
        }
        for form in ["state", "restore"] {
            let minors = texts.filter { $0.form == form }.flatMap { Array($0.minors) }
            #expect(Set(minors) == Set(31...37), "\(form)")
        }
        #expect(texts.count { $0.form == "restore" && $0.minors.contains(36) } >= 75)
        #expect(texts.count { $0.form == "state" && $0.minors.contains(37) } >= 102)
    }

    /// What a recorded transaction does is the recorded state.
    @Test func recordedTransactionsLeadToTheStates() throws {
        for name in VersionedCase.names(in: VersionedCase.nftables) {
            let texts = try VersionedCase(name, in: VersionedCase.nftables).texts
            for text in texts where text.form == "restore" {
                let nft = FakeNft(text.expected)
                #expect(nft.faults.isEmpty, "case \(name)")
                let state = texts.first { $0.form == "state" && $0.minors.contains(text.minors.lowerBound) }
                #expect(nft.state == state?.expected, "case \(name), 1.\(text.minors)")
            }
        }
    }

    /// Both texts equal the model's, for each version.
    @Test(arguments: RandomClusterTests.parts)
    func textsEqualTheReference(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(nftablesSeed: seed)
            let state = try NftablesPlan(plan(cluster))
            let model = ReferenceNftables(cluster.description)
            #expect(firstDifference(state.text(.restore), model.transaction) == nil, "seed \(seed)")
            #expect(firstDifference(state.text(.state), model.state) == nil, "seed \(seed)")
            #expect(model.faults.isEmpty, "seed \(seed)")
        }
    }

    @Test(arguments: RandomClusterTests.parts)
    func orderAndFilesDoNotMatter(_ seeds: Range<UInt64>) throws {
        for seed in seeds.prefix(TestSize.current.count(full: 20, brief: 2)) {
            let cluster = RandomCluster(nftablesSeed: seed)
            let order = cluster.shuffledOrder(seed: seed + 1)
            let expected = try NftablesPlan(plan(cluster))
            let split = try nftablesPlan(cluster.documents(splitInto: 3, order: order), cluster.options)
            for form in NftablesForm.allCases {
                #expect(split.text(form) == expected.text(form), "seed \(seed), \(form)")
            }
        }
    }

    /// SPEC-NFTABLES §4: knftables' hashes.
    @Test(arguments: [
        (
            "10.180.0.1", "IPv4", "service-ULMVA6XW-ns1/svc1/tcp/p80",
            "endpoint-5OJB2KTY-ns1/svc1/tcp/p80__10.180.0.1/80"
        ),
        ("fd00:10::5", "IPv6", "service-ULMVA6XW-ns1/svc1/tcp/p80", "/tcp/p80__fd00.10..5/80"),
    ])
    func names(_ address: String, _ family: String, _ service: String, _ endpoint: String) throws {
        let clusterIP = family == "IPv4" ? "172.30.0.41" : "fd00:172::41"
        let text = """
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"svc1","namespace":"ns1"},"spec":{"clusterIP":\
            "\(clusterIP)","ipFamilies":["\(family)"],"clusterIPs":["\(clusterIP)"],"sessionAffinity":"ClientIP",\
            "ports":[{"name":"p80","port":80}]}}
            {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"\(family)","metadata":{"name":"a",\
            "namespace":"ns1","labels":{"kubernetes.io/service-name":"svc1"}},\
            "endpoints":[{"addresses":["\(address)"]}],"ports":[{"name":"p80","port":80}]}
            """
        let state = try nftablesPlan([text], ["--family", family.lowercased()]).text(.state)
        #expect(state.contains(" \(service) "))
        #expect(state.contains("\(endpoint) "))
    }
}
