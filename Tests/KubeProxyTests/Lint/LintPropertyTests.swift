import Foundation
import Iptables
import KubeChainsBytes
import KubeChainsJSON
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// What holds of `lint` for any snapshot.
@Suite struct LintPropertyTests {
    private static let found = Tally(Set<String>(), cases: RecordedCase.tried.count)

    /// Every recorded case is linted, for its node and for all nodes, and shuffled objects give the same findings.
    @Test(arguments: RecordedCase.tried)
    func recordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let list = try #require(JSONSerialization.jsonObject(with: Data(recorded.snapshot.utf8)) as? [String: Any])
        var objects = try (list["items"] as? [Any] ?? []).map { object in
            String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        }
        var generator = SeededGenerator(seed: UInt64(objects.count))
        let options = recorded.options.filter { !["restore", "-o"].contains($0) }
        let expected = try texts(lint([recorded.snapshot], options))
        objects.shuffle(using: &generator)
        #expect(try texts(lint([objects.joined(separator: "\n")], options)) == expected)
        let everywhere = withoutNode(options)
        #expect(try texts(lint([recorded.snapshot], everywhere)) == texts(lint(objects, everywhere)))
        Self.found.add {
            $0.formUnion(expected.map { String($0.prefix { $0 != " " }) })
        } finish: { found in
            // The cases are rich enough for most rules; were some rule dead, its own table would show it too.
            #expect(
                RecordedCase.only != nil || found.count >= TestSize.current.count(full: 15, brief: 10),
                "\(found.sorted())")
        }
    }

    /// Findings without their places, which differ between inputs.
    private func texts(_ lint: Lint) -> [String] {
        lint.findings.map { finding in
            "\(finding.id) \(finding.severity) \(finding.label?.servicePort ?? "") \(finding.label?.transport ?? "") "
                + "\(finding.object ?? "") \(finding.family?.name ?? "") \(finding.message)"
        }
    }

    private func withoutNode(_ options: [String]) -> [String] {
        guard let index = options.firstIndex(of: "--node") else { return options }
        return Array(options[..<index] + options[(index + 2)...])
    }

    /// What the rules say of nodes agrees with the plans for each of them.
    @Test(arguments: RandomClusterTests.parts.prefix(3))
    func nodesAgreeWithTheirPlans(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
            let snapshot = try ClusterSnapshot(reading: [source])
            var settings = try plan(cluster).settings
            for node in snapshot.nodes {
                settings.nodeName = node.name.text
                let plan = try NodePlan(snapshot, settings)
                let findings = try Lint(
                    snapshot, settings, families: [settings.family], without: ["rule-budget"]
                ).findings
                func ports(_ rule: String) -> Set<String> {
                    Set(
                        findings.filter { $0.id == rule }.compactMap(\.label).map {
                            "\($0.servicePort)/\($0.transport)"
                        })
                }
                func names(_ isSilent: (ServicePortPlan) -> Bool) -> Set<String> {
                    Set(plan.servicePorts.filter(isSilent).map { "\($0.name)/\($0.name.transport.name)" })
                }
                #expect(
                    ports("no-local-endpoint-external")
                        == names { port in
                            port.hasAnyEndpoint && !port.acceptsExternal
                                && (port.nodePort > 0 || !port.externalIPs.isEmpty || !port.loadBalancerIPs.isEmpty)
                        }, "seed \(seed), \(node.name)")
                #expect(
                    ports("no-local-endpoint-internal") == names { $0.hasAnyEndpoint && !$0.acceptsInternal },
                    "seed \(seed), \(node.name)")
                let unzoned = findings.contains { $0.id == "node-without-zone" }
                let ignored = ports("hints-ignored")
                let unnarrowed = names { port in
                    port.usesClusterPolicy && port.topologyMode == .none
                        && port.endpoints.contains { endpoint in
                            endpoint.conditions.contains(.ready)
                                && snapshot.endpointSlices[Int(endpoint.source.slice)]
                                    .endpoints[Int(endpoint.source.endpoint)].hints != nil
                        }
                }
                if !unzoned { #expect(ignored == unnarrowed, "seed \(seed), \(node.name)") }
                #expect(ignored.isSubset(of: unnarrowed), "seed \(seed), \(node.name)")
            }
        }
    }

    /// Each Service port that refuses connections is said to by just one rule, and no other port by any.
    @Test(arguments: RandomClusterTests.parts.prefix(3))
    func refusalsAreSaidOnce(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
            let snapshot = try ClusterSnapshot(reading: [source])
            // A snapshot without slices is at fault itself, which a warning says.
            if snapshot.endpointSlices.isEmpty { continue }
            let plan = try plan(cluster)
            let rules: Set = ["no-endpoints", "port-without-slice", "wrong-family-endpoints", "slice-not-read"]
            let disabled = Set(LintRule.all.map(\.name)).subtracting(rules)
            let lint = try Lint(snapshot, plan.settings, families: [plan.settings.family], without: disabled)
            // A finding about a slice of names, or one that a label hides, says why its Service has no endpoints.
            let hidden = Set(lint.findings.filter { $0.id == "slice-not-read" }.compactMap(\.object))
            let unread = Set(
                snapshot.endpointSlices.filter { slice in
                    slice.family == nil && !slice.endpoints.isEmpty
                        || hidden.contains("EndpointSlice \(slice.namespace)/\(slice.name)")
                        || hidden.contains("Endpoints \(slice.namespace)/\(slice.name)")
                }.map { "\($0.namespace)/\($0.serviceName?.text ?? "")" })
            for port in plan.servicePorts {
                if unread.contains(snapshot.services[port.serviceIndex].qualifiedName) { continue }
                let name = "\(port.name)/\(port.name.transport.name)"
                let object = "Service \(snapshot.services[port.serviceIndex].qualifiedName)"
                let count = lint.findings.count { finding in
                    finding.object == object
                        || finding.label.map { "\($0.servicePort)/\($0.transport)" == name } ?? false
                }
                #expect(count == (port.hasAnyEndpoint ? 0 : 1), "seed \(seed), \(name)")
            }
        }
    }

    /// The budget is what is rendered.
    @Test(arguments: RandomClusterTests.parts.prefix(3))
    func budgetIsWhatIsRendered(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let plan = try plan(RandomCluster(seed: seed))
            let summary = IptablesPlan(plan).write(.restore, to: unsafe TextWriter { _ in })
            let text = plan.text(.restore)
            #expect(summary.bytes == text.utf8.count)
            let nat = try #require(try RuleText(text).table("nat"))
            #expect(summary.servicesDepth == nat.rules(of: "KUBE-SERVICES").count, "seed \(seed)")
        }
    }

    /// Names are identifiers in kebab case, each once and in order; texts are sentences without a full stop at odd places.
    @Test func rulesAreDescribed() {
        let names = LintRule.all.map(\.name)
        #expect(names == names.sorted() && Set(names).count == names.count)
        for rule in LintRule.all {
            #expect(rule.name.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil)
            #expect(rule.explanation.hasSuffix(".") && !rule.explanation.contains("  "))
            #expect(!rule.remedy.isEmpty && !rule.remedy.hasSuffix(".") && !rule.remedy.contains("  "))
        }
    }
}
