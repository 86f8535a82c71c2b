import Foundation
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON

/// What a plan gives in IPVS mode.
private func ipvsPlan(_ texts: [String], _ options: [String]) throws -> IPVSPlan {
    let sources = texts.enumerated().map { SnapshotSource(name: "\($0)", bytes: Array($1.utf8)) }
    let settings = try ProxySettings(flags: options)
    let snapshot = try ClusterSnapshot(reading: sources)
    return try IPVSPlan(NodePlan(snapshot, settings))
}

/// IPVS mode: kube-proxy's own texts (Fixtures/conformance-ipvs) byte for byte, and properties over random clusters.
@Suite struct IPVSTests {
    private static let tally = Tally(0, cases: RecordedCase.ipvsNames.count)

    @Test(arguments: RecordedCase.ipvsNames)
    func recordedCase(_ name: String) throws {
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(fixtures)/conformance-ipvs/\(name)/\(file)", encoding: .utf8)
        }
        let forms: [(IPVSForm, String)] = [
            (.restore, "rules"), (.ipvsadm, "ipvsadm"), (.ipset, "ipset"), (.addresses, "addresses"), (.setup, "setup"),
        ]
        let options = try read("options").split(separator: "\n").map(String.init)
        let state = try ipvsPlan([try read("snapshot.json")], options)
        for (form, file) in forms { #expect(state.text(form) == (try read("expected.\(file)")), "\(file)") }
        Self.tally.add {
            $0 += 1
        } finish: { count in
            print("conformance: \(count) recorded cases of kube-proxy in IPVS mode, five texts each, byte for byte")
        }
    }

    /// Options of IPVS mode that go with a seed.
    private func options(_ cluster: RandomCluster) -> [String] {
        let schedulers = IPVSScheduler.allCases.map(\.rawValue)
        let scheduler = schedulers[Int(cluster.seed % UInt64(schedulers.count))]
        return cluster.options + ["--proxy-mode", "ipvs", "--ipvs-scheduler", scheduler]
    }

    @Test(arguments: RandomClusterTests.parts)
    func orderAndFilesDoNotMatter(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let expected = try ipvsPlan([cluster.listDocument()], options(cluster))
            let order = cluster.shuffledOrder(seed: seed + 1)
            let shuffled = try ipvsPlan([cluster.listDocument(order: order)], options(cluster))
            let split = try ipvsPlan(cluster.documents(splitInto: 3, order: order), options(cluster))
            for form in IPVSForm.allCases {
                let text = expected.text(form)
                #expect(shuffled.text(form) == text, "seed \(seed), \(form), shuffled")
                #expect(split.text(form) == text, "seed \(seed), \(form), in three files")
            }
        }
    }

    /// The texts as the kernel takes them: rules ask sets that exist, virtual servers have addresses that are the node's own,
    /// nothing is there twice, and real servers are endpoints of the cluster.
    @Test(arguments: RandomClusterTests.parts)
    func textsHoldTogether(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let state = try ipvsPlan([cluster.listDocument()], options(cluster))

            let ipset = state.text(.ipset).split(separator: "\n").map { $0.split(separator: " ") }
            let sets = ipset.filter { $0[0] == "create" }.map { $0[1] }
            #expect(sets.count == 17 && Set(sets).count == 17 && sets == sets.sorted(), "seed \(seed)")
            #expect(sets.allSatisfy { $0.utf8.count <= 31 }, "seed \(seed)")
            #expect(Set(ipset).count == ipset.count, "seed \(seed)")
            let filled = Set(ipset.filter { $0[0] == "add" }.map { $0[1] })

            for form in [IPVSForm.restore, .save] {
                let text = try RuleText(state.text(form))
                for table in text.tables {
                    #expect(table.rulesOfUndeclaredChains.isEmpty, "seed \(seed)")
                    #expect(table.rulesWithUndeclaredTargets.isEmpty, "seed \(seed)")
                    for rule in table.rules {
                        let words = rule.line.split(separator: " ")
                        guard let place = words.firstIndex(of: "--match-set") else { continue }
                        #expect(sets.contains(words[place + 1]), "seed \(seed): \(rule.line)")
                        let isAlwaysThere = table.name == "filter" && !rule.line.contains("FIREWALL")
                        #expect(isAlwaysThere || filled.contains(words[place + 1]), "seed \(seed): \(rule.line)")
                    }
                }
            }

            let bound = state.text(.addresses).split(separator: "\n").map { String($0.prefix { $0 != "/" }) }
            #expect(Set(bound).count == bound.count, "seed \(seed)")
            let inSet = ipset.filter { $0[0] == "add" && $0[1].hasSuffix("IPVS-IPS") }.map { String($0[2]) }
            #expect(inSet == bound, "seed \(seed)")
            let own = Set(bound + state.plan.node.hostAddresses.map(\.description))

            let endpoints = Set(state.plan.servicePorts.flatMap { $0.endpoints.map(\.text.description) })
            var servers: [String] = []
            for line in state.text(.ipvsadm).split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                if words[0] == "-A" {
                    servers.append("\(words[1]) \(words[2])")
                    let address = words[2].prefix { $0 != "]" }.drop { $0 == "[" }
                    let isIPv6 = words[2].hasPrefix("[")
                    let isOwn = own.contains(String(isIPv6 ? address : address.prefix { $0 != ":" }))
                    #expect(isOwn, "seed \(seed): \(line)")
                } else {
                    #expect("\(words[1]) \(words[2])" == servers.last, "seed \(seed): \(line)")
                    #expect(endpoints.contains(words[4]), "seed \(seed): \(line)")
                }
            }
            #expect(Set(servers).count == servers.count, "seed \(seed)")
            // Every cluster IP is a virtual server, with endpoints or without.
            for port in state.plan.servicePorts {
                #expect(bound.contains(port.clusterIP.description), "seed \(seed)")
                #expect(servers.contains { $0.hasSuffix(" \(socket(port.clusterIP.description, port.port))") })
            }
        }
    }

    private func socket(_ address: String, _ port: UInt16) -> String {
        address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
    }

    /// Go's own answers (time.ParseDuration), in whole seconds as kube-proxy hands them on.
    @Test(arguments: [
        ("0", 0), ("0s", 0), ("1500ms", 1), ("15m0s", 900), ("1h2m3s", 3723), ("2m", 120), (".5h", 1800), ("1.5m", 90),
        ("+3s", 3), ("999999us", 0), ("1000000µs", 1), ("1000000μs", 1), ("2000000000ns", 2), ("1s1s", 2), ("1.s", 1),
        ("2562047h47m16s", 9_223_372_036),
    ])
    func durations(_ text: String, _ seconds: Int64) throws {
        #expect(try IPVSSettings.timeout(text).components.seconds == seconds)
    }

    @Test(arguments: [
        "", "5", "s", ".s", "1x", "1 s", "s1", "-1s", "1h-2m", "2562048h", "99999999999999999999s", "1sm", "٣s",
    ])
    func noDurations(_ text: String) {
        #expect(throws: SettingError.self) { try IPVSSettings.timeout(text) }
    }

    /// kube-proxy sets conn_reuse_mode from 4.1 on and below 5.9.
    @Test(arguments: [
        ("4.0.9", false), ("4.1", true), ("4.1.0", true), ("5.8.18", true), ("5.9.0-rc1", false),
        ("5.10.0-32-amd64", false), ("6.1", false), ("10.2", false),
    ])
    func connectionReuse(_ version: String, _ isSet: Bool) throws {
        let state = try ipvsPlan([service()], ["--proxy-mode", "ipvs", "--kernel-version", version])
        #expect(state.text(.setup).contains("sysctl net/ipv4/vs/conn_reuse_mode = 0\n") == isSet)
    }

    // MARK: Forwarding

    private func service(port: Int = 80, nodePort: Int = 0) -> String {
        """
        {"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"},\
        "spec":{"clusterIP":"10.96.0.1","ports":[{"port":\(port),"nodePort":\(nodePort)}]}}
        """
    }

    private let slice = """
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","addressType":"IPv4","metadata":{"name":"a",\
        "namespace":"shop","labels":{"kubernetes.io/service-name":"web"}},"endpoints":[{"addresses":["10.1.0.1"],\
        "conditions":{"ready":false}},{"addresses":["10.1.0.2"]}],"ports":[{"name":"","port":80}]}
        """

    @Test(arguments: [("masquerading", "-m"), ("gatewaying", "-g"), ("tunneling", "-i")])
    func forwarding(_ method: String, _ option: String) throws {
        let state = try ipvsPlan([service(), slice], ["--proxy-mode", "ipvs", "--ipvs-forwarding", method])
        #expect(
            state.text(.ipvsadm) == "-A -t 10.96.0.1:80 -s rr\n-a -t 10.96.0.1:80 -r 10.1.0.2:80 \(option) -w 1\n")
    }

    /// A node port is another port than the endpoints' too. The endpoint that is not ready counts.
    @Test(arguments: [
        (8080, 0, "port 8080 leads to 10.1.0.1:80"), (80, 30080, "node port 30080 leads to 10.1.0.1:80"),
    ])
    func otherPorts(_ port: Int, _ nodePort: Int, _ message: String) throws {
        let texts = [service(port: port, nodePort: nodePort), slice]
        let options = ["--proxy-mode", "ipvs", "--node-address", "192.168.0.2"]
        _ = try ipvsPlan(texts, options)
        for method in ["gatewaying", "tunneling"] {
            let error = #expect(throws: SnapshotError.self) {
                try ipvsPlan(texts, options + ["--ipvs-forwarding", method])
            }
            #expect(error?.description.contains("shop/web: \(method) does not translate ports, but \(message)") == true)
        }
    }
}
