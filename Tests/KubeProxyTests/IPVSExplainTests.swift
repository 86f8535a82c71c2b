import Foundation
import KubeChains
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON

/// Explanations in IPVS mode of everything in the recorded cases, held against kube-proxy's own texts.
@Suite struct IPVSExplainTests {
    /// A recorded case, read and planned, with kube-proxy's texts.
    private struct Case {
        let name: String
        let snapshot: ClusterSnapshot
        let state: IPVSPlan
        let ipvsadm: [String]
        let ipset: [String]
        let rules: [String]
        let addresses: Set<String>
        /// The jumps that kube-proxy makes sure of, as iptables-save prints them.
        let jumps: [String]

        init(_ name: String) throws {
            func lines(_ file: String) throws -> [String] {
                try String(contentsOfFile: "\(fixtures)/conformance-ipvs/\(name)/\(file)", encoding: .utf8)
                    .split(separator: "\n").map(String.init)
            }
            self.name = name
            let text = try lines("snapshot.json").joined(separator: "\n")
            snapshot = try ClusterSnapshot(reading: [SnapshotSource(name: name, bytes: Array(text.utf8))])
            let settings = try ProxySettings(flags: lines("options"))
            state = try IPVSPlan(NodePlan(snapshot, settings))
            ipvsadm = try lines("expected.ipvsadm")
            ipset = try lines("expected.ipset")
            rules = try lines("expected.rules")
            jumps = try lines("expected.setup").filter { $0.contains(" -I ") }.map {
                "-A " + $0.components(separatedBy: " -I ")[1]
            }
            addresses = Set(try lines("expected.addresses").map { String($0.prefix { $0 != "/" }) })
        }

        func explanation(_ target: String) throws -> IPVSExplanation {
            try IPVSExplanation(ExplainTarget(target), state)
        }

        /// kube-proxy's rules that ask a set.
        func rules(asking set: String) -> [String] { rules.filter { $0.contains(" --match-set \(set) ") } }
    }

    private static let explained = Tally(0, cases: RecordedCase.ipvsTried.count)

    /// All Service ports' virtual servers, real servers and entries together are kube-proxy's, each explained with the rules
    /// that kube-proxy has for it.
    @Test(arguments: RecordedCase.ipvsTried)
    func everyServiceOfRecordedCase(_ name: String) throws {
        var count = 0
        let recorded = try Case(name)
        var servers: Set<String> = []
        var entries: Set<String> = []
        var shared: [String]?
        var origins: [String] = []
        for service in recorded.snapshot.services {
            let explanation = try recorded.explanation(service.qualifiedName)
            for port in explanation.services {
                #expect((port.absence == nil) == (port.plan != nil))
                count += 1
                for server in port.virtualServers {
                    // A virtual server belongs to one Service port; one of another has a name.
                    #expect((server.line == nil) == (server.owner != nil), "\(server.text)")
                    guard let line = server.line else { continue }
                    servers.formUnion(Self.block(line, server.realServers))
                    #expect(!server.isBound || recorded.addresses.contains(server.address.description))
                }
                for set in port.sets {
                    entries.formUnion(set.entries.map { "add \(set.name) \($0)" })
                    let asking = set.rules.map { port.rules[$0].text }
                    #expect(asking == recorded.rules(asking: set.name), "\(set.name)")
                }
                let own = port.rules.filter { $0.set == nil }.map(\.text)
                origins += own
                #expect(own.allSatisfy { $0.hasPrefix("-A KUBE-IPVS-OUT-FILTER ") })
                #expect(port.rules.allSatisfy { recorded.rules.contains($0.text) && !$0.why.isEmpty })
                #expect(port.endpoints.allSatisfy { !$0.reason.isEmpty && $0.chain == nil })
            }
            if explanation.services.contains(where: { $0.plan != nil }) {
                shared = explanation.sharedRules.map(\.text)
                #expect(explanation.sharedRules.allSatisfy { !$0.why.isEmpty })
            }
        }
        #expect(servers == Set(recorded.ipvsadm))
        #expect(entries == Set(recorded.ipset.filter { $0.hasPrefix("add ") }))
        let unasking = recorded.rules.filter { $0.hasPrefix("-A ") && !$0.contains(" --match-set ") }
        let outFilter = unasking.filter { $0.hasPrefix("-A KUBE-IPVS-OUT-FILTER ") }
        if let shared { #expect(shared == unasking.filter { !outFilter.contains($0) }) }
        #expect(Set(origins) == Set(outFilter))
        Self.explained.add {
            $0 += count
        } finish: { count in
            guard RecordedCase.only == nil else { return }
            #expect(count > TestSize.current.count(full: 300, brief: 50))
            print("explain, IPVS mode: \(count) Service ports of the recorded cases against kube-proxy's texts")
        }
    }

    /// The lines of ipvsadm for a virtual server and its real servers.
    private static func block(_ line: String, _ realServers: [String]) -> [String] {
        let words = line.split(separator: " ").map(String.init)
        return [line] + realServers.map { "-a \(words[1]) \(words[2]) -r \($0) -m -w 1" }
    }

    /// Every set and chain: all entries and rules are kube-proxy's.
    @Test(arguments: RecordedCase.ipvsTried)
    func everyNameOfRecordedCase(_ name: String) throws {
        let recorded = try Case(name)
        for line in recorded.ipset where line.hasPrefix("create ") {
            let name = String(line.split(separator: " ")[1])
            let explanation = try recorded.explanation(name)
            let set = try #require(explanation.set)
            #expect(set.name == name)
            let prefix = "add \(name) "
            #expect(
                set.entries.map { prefix + $0.entry } == recorded.ipset.filter { $0.hasPrefix(prefix) }, "\(name)")
            #expect(set.entries.allSatisfy { !$0.servicePorts.isEmpty })
            #expect(set.rules.map(\.text) == recorded.rules(asking: name), "\(name)")
        }
        let names = Set(recorded.rules.filter { $0.hasPrefix(":") }.map { $0.dropFirst().prefix { $0 != " " } })
        for name in names.sorted() {
            let chains = try recorded.explanation(String(name)).chains
            #expect(chains.flatMap(\.rules).map(\.text) == recorded.rules.filter { $0.hasPrefix("-A \(name) ") })
            #expect(chains.allSatisfy { !$0.purpose.isEmpty && $0.rules.allSatisfy { !$0.why.isEmpty } })
            let leading = (recorded.jumps + recorded.rules).filter { $0.hasSuffix(" -j \(name)") }
            #expect(chains.flatMap(\.callers).sorted() == leading.sorted(), "\(name)")
        }
    }

    /// All forms of the report: lines fit, and the same comes twice.
    @Test(arguments: TestSize.current.sample(RecordedCase.ipvsTried, brief: 6))
    func everyReportOfRecordedCase(_ name: String) throws {
        let recorded = try Case(name)
        for service in recorded.snapshot.services {
            let name = service.qualifiedName
            let text = IPVSReport.text(try recorded.explanation(name))
            let isShort = text.split(separator: "\n").allSatisfy { $0.count <= 80 && !$0.hasSuffix(" ") }
            #expect(isShort, "\(name)")
            #expect(IPVSReport.text(try recorded.explanation(name)) == text)
            let json = IPVSReport.json(name, try recorded.explanation(name))
            let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            #expect(object?["mode"] as? String == "ipvs")
            let explanation = try recorded.explanation(name)
            let pictures = [IPVSReport.dot(explanation), IPVSReport.mermaid(explanation), IPVSReport.svg(explanation)]
            for picture in pictures {
                #expect(picture.hasSuffix("\n"))
            }
        }
    }

    /// What a virtual server has as real servers, ipvsadm(8) weights alike, is what the endpoints' shares say.
    @Test(arguments: RandomClusterTests.parts.prefix(2))
    func sharesAreThoseOfRealServers(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let source = SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
            let snapshot = try ClusterSnapshot(reading: [source])
            let options = cluster.options + ["--proxy-mode", "ipvs"]
            let settings = try ProxySettings(flags: options)
            let state = try IPVSPlan(NodePlan(snapshot, settings))
            for service in snapshot.services {
                for port in try IPVSExplanation(ExplainTarget(service.qualifiedName), state).services {
                    guard let plan = port.plan else { continue }
                    for server in port.virtualServers where server.owner == nil {
                        let isLocal =
                            server.kind == .clusterIP ? plan.internalPolicyIsLocal : plan.externalPolicyIsLocal
                        let share = isLocal ? \ExplainedEndpoint.localOneIn : \.clusterOneIn
                        let shared = port.endpoints.filter { $0[keyPath: share] != nil }
                        #expect(shared.map(\.text) == server.realServers, "seed \(seed): \(server.text)")
                        #expect(shared.allSatisfy { $0[keyPath: share] == server.realServers.count })
                    }
                }
            }
        }
    }
}
