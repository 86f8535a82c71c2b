import Foundation
import KubeChains
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON

/// Explanations of everything in kube-proxy's recorded cases, held against kube-proxy's own rules.
@Suite struct ExplainTests {
    /// A recorded case, read and planned.
    private struct Case {
        let name: String
        let text: String
        let snapshot: ClusterSnapshot
        let plan: NodePlan

        init(_ name: String, _ document: String, _ options: [String], _ text: String) throws {
            self.name = name
            self.text = text
            snapshot = try ClusterSnapshot(reading: [SnapshotSource(name: name, bytes: Array(document.utf8))])
            plan = try NodePlan(snapshot, ProxySettings(flags: options))
        }

        func explanation(_ target: String) throws -> Explanation {
            try Explanation(ExplainTarget(target), IptablesPlan(plan))
        }
    }

    private static let cases = TestSize.current.sample(RecordedCase.tried, brief: 6)
    private static let explained = Tally(0, cases: cases.count)
    private static let packets = Tally(0, cases: RecordedCase.tried.count + randomParts.count)

    private func recordedCase(_ name: String) throws -> Case {
        let recorded = try RecordedCase(name)
        return try Case(name, recorded.snapshot, recorded.options, recorded.expected)
    }

    /// Every Service in every form: the text fits, the same comes twice, and the rules are just kube-proxy's.
    @Test(arguments: cases)
    func everyServiceOfRecordedCase(_ name: String) throws {
        let recorded = try recordedCase(name)
        let rules = try RuleText(recorded.text).tables.flatMap { table in table.rules.map(\.line) }
        var (explained, count): ([String], Int) = ([], 0)
        for service in recorded.snapshot.services {
            let explanation = try recorded.explanation(service.qualifiedName)
            let text = ExplainReport.text(explanation)
            let isShort = text.split(separator: "\n").allSatisfy { $0.count <= 80 && !$0.hasSuffix(" ") }
            #expect(isShort, "\(service.qualifiedName)")
            #expect(ExplainReport.text(try recorded.explanation(service.qualifiedName)) == text)
            for report in Self.pictures(service.qualifiedName, explanation) { #expect(report.hasSuffix("\n")) }
            #expect(!explanation.services.isEmpty)
            for port in explanation.services {
                #expect((port.absence == nil) == (port.plan != nil))
                explained += port.rules.map(\.text)
                count += 1
            }
        }
        let shared = try recorded.explanation("KUBE-SERVICES").sharedChain.flatMap(\.rules)
        #expect(shared.map(\.text) == rules.filter { $0.hasPrefix("-A KUBE-SERVICES ") })
        // All rules together are the Services' and those that all share, each once.
        let common = Self.commonRules(rules)
        #expect((explained + common).sorted() == rules.sorted())
        if let port = recorded.plan.servicePorts.first {
            let explanation = try recorded.explanation("\(port.name.namespace)/\(port.name.service)")
            #expect(explanation.sharedRules.map(\.text).sorted() == common.sorted())
        }
        Self.explained.add {
            $0 += count
        } finish: { count in
            guard RecordedCase.only == nil else { return }
            #expect(count > TestSize.current.count(full: 1000, brief: 30))
            print("explain: \(count) Service ports of the recorded cases, in every form")
        }
    }

    private static func pictures(_ target: String, _ explanation: Explanation) -> [String] {
        [
            ExplainReport.json(target, explanation), ExplainReport.dot(explanation),
            ExplainReport.mermaid(explanation), ExplainReport.svg(explanation),
        ]
    }

    /// The rules that are there without any Service.
    private static func commonRules(_ rules: [String]) -> [String] {
        rules.filter { rule in
            ["-A KUBE-FIREWALL ", "-A KUBE-FORWARD ", "-A KUBE-POSTROUTING ", "-A KUBE-MARK-MASQ "]
                .contains { rule.hasPrefix($0) }
                || rule.hasPrefix("-A KUBE-SERVICES -m comment --comment \"kubernetes service nodeports;")
        }
    }

    /// Every chain that kube-proxy writes is found by its whole name, and by less of it as long as it is alone.
    @Test(arguments: TestSize.current.sample(RecordedCase.tried.filter { !$0.hasPrefix("named-") }, brief: 5))
    func everyChainOfRecordedCaseIsFound(_ name: String) throws {
        let recorded = try recordedCase(name)
        for table in try RuleText(recorded.text).tables {
            for chain in table.chains {
                let explanation = try recorded.explanation(chain)
                #expect(explanation.services.count + (explanation.sharedChain.isEmpty ? 0 : 1) == 1, "\(chain)")
                for service in explanation.services {
                    #expect(service.rules.contains { $0.chain.description == chain }, "\(chain)")
                    if chain.hasPrefix("KUBE-SEP-") {
                        #expect(service.endpoints.filter(\.isTarget).compactMap { $0.chain?.description } == [chain])
                    }
                }
            }
        }
    }

    /// What each path says becomes of a packet is what kube-proxy's rules do with one.
    @Test(arguments: RecordedCase.tried)
    func pathsOfRecordedCaseAreThoseOfPackets(_ name: String) throws {
        count(try check(recordedCase(name)))
    }

    private static let randomParts = stride(from: UInt64(1), to: 201, by: 20).map { first in
        first..<(first + UInt64(TestSize.current.count(full: 20, brief: 2)))
    }

    @Test(arguments: randomParts)
    func pathsOfRandomClustersAreThoseOfPackets(_ seeds: Range<UInt64>) throws {
        var packets = 0
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            packets += try check(
                Case("seed \(seed)", cluster.listDocument(), cluster.options, cluster.reference.text))
        }
        count(packets)
    }

    private func count(_ packets: Int) {
        Self.packets.add {
            $0 += packets
        } finish: { packets in
            guard RecordedCase.only == nil else { return }
            #expect(packets > TestSize.current.count(full: 10_000, brief: 700))
            print("explain: \(packets) packets went where the paths say")
        }
    }

    /// Sends packets to every way in that is one Service port's alone.
    private func check(_ recorded: Case) throws -> Int {
        let plan = recorded.plan
        let walk = try PacketWalk(recorded.text, hostAddresses: plan.node.hostAddresses)
        let services = try recorded.snapshot.services.flatMap { try recorded.explanation($0.qualifiedName).services }
        var claims: [String: Int] = [:]
        func key(_ service: ServiceExplanation, _ entry: TrafficEntry) -> String {
            "\(entry.text)/\(service.transport?.name.description ?? "")"
        }
        for service in services { for entry in service.entries { claims[key(service, entry), default: 0] += 1 } }
        var packets = 0
        for service in services {
            for entry in service.entries where claims[key(service, entry)] == 1 {
                guard let destination = destination(entry, plan) else { continue }
                for sender in senders(service, plan) {
                    let packet = TestPacket(
                        source: sender.source, destination: destination, port: entry.port,
                        transport: service.transport?.name.description ?? "", interface: sender.interface,
                        isSourceLocal: sender.origin == .node, isDestinationLocal: entry.kind == .nodePort)
                    let isInside = service.plan?.sourceRanges.contains { $0.contains(sender.source) }
                    let path = entry.paths.first {
                        $0.origin == sender.origin && ($0.isInSourceRanges ?? isInside) == isInside
                    }
                    let place = Comment(
                        "\(recorded.name): \(service.servicePort) \(entry.kind) \(entry.text) from \(sender)")
                    let found = try #require(path, place)
                    let fates = walk.fates(of: packet)
                    packets += 1
                    switch found.outcome {
                    case .endpoints(let shares, let source):
                        let count = shares.count
                        let isMasqueraded = source == .rewritten
                        #expect(shares.allSatisfy { $0.oneIn == count }, place)
                        #expect(fates.count == count, place)
                        #expect(fates.allSatisfy { $0.endpoint != nil && $0.end == .passes }, place)
                        // Endpoints on the node itself are reached without leaving it.
                        let isAway = { (fate: PacketFate) in
                            !plan.node.hostAddresses.contains { fate.endpoint?.contains($0.description) ?? false }
                        }
                        let leaving = fates.contains(where: isAway) ? fates.filter(isAway) : fates
                        #expect(leaving.allSatisfy { $0.isMasqueraded == isMasqueraded }, place)
                    case .refused: #expect(fates == [PacketFate(end: .reject)], place)
                    case .timesOut: #expect(fates == [PacketFate(end: .drop)], place)
                    case .unchanged: #expect(fates == [PacketFate(end: .passes)], place)
                    case .unknown: Issue.record("an outcome that is not known")
                    }
                }
            }
        }
        return packets
    }

    private func destination(_ entry: TrafficEntry, _ plan: NodePlan) -> IPAddress? {
        if let address = entry.address { return address }
        switch plan.node.nodePorts {
        case .addresses(let addresses): return addresses.first { !$0.isLoopback }
        case .allAddresses: return IPAddress(plan.settings.family == .ipv4 ? "192.0.2.254" : "2001:db8:ffff::fe")
        }
    }

    private struct Sender {
        let origin: TrafficOrigin
        let source: IPAddress
        let interface: String
    }

    /// The node, and addresses in and out of the pods' range and of the source ranges.
    private func senders(_ service: ServiceExplanation, _ plan: NodePlan) -> [Sender] {
        var sources = [plan.settings.family == .ipv4 ? "203.0.113.77" : "2001:db8:77::7"].compactMap { IPAddress($0) }
        sources += service.plan?.sourceRanges.map(\.network) ?? []
        var senders = [Sender(origin: .node, source: plan.node.nodeIP, interface: "")]
        switch plan.node.localTraffic {
        case .source(let pods):
            sources.append(pods.network)
            senders += sources.map {
                Sender(origin: pods.contains($0) ? .pods : .outside, source: $0, interface: "eth0")
            }
        case .interface(let name):
            let own = name.hasSuffix("+") ? name.dropLast() + "1" : name
            senders += sources.flatMap {
                [
                    Sender(origin: .pods, source: $0, interface: own),
                    Sender(origin: .outside, source: $0, interface: "upstream"),
                ]
            }
        case nil: senders += sources.map { Sender(origin: .outside, source: $0, interface: "eth0") }
        }
        return senders
    }
}
