import Foundation
import Iptables
import KubeObjects
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// What somebody did to a node's rules shows up as the flows that it harms, and no others.
@Suite struct DamagedRulesTests {
    private let plan: NodePlan
    private let text: String

    init() throws {
        let snapshot = try String(contentsOfFile: "\(fixtures)/demo/cluster.json", encoding: .utf8)
        plan = try KubeProxyTests.plan([snapshot], ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"])
        text = String(decoding: IptablesPlan(plan).hostRules.saved(), as: UTF8.self)
    }

    private func rules(_ text: String) throws -> IndexedRules { IndexedRules(try Ruleset(parsing: Array(text.utf8))) }

    private func flows(_ rules: IndexedRules) -> [FrontendFlows] {
        NodeFlows(.iptables(rules), RulesHost(plan), plan.ruleFrontends, of: plan).frontends
    }

    private func changes(_ damaged: String) throws -> [FlowComparison.Change] {
        FlowComparison(flows(try rules(text)), flows(try rules(damaged))).changes
    }

    /// Names of chains, the order of rules that makes no difference, and others' rules that stop nothing are no change.
    @Test func whatHarmsNothing() throws {
        #expect(try changes(text.replacing("KUBE-", with: "MYPX-")).isEmpty)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        func isMoved(_ line: Substring) -> Bool { line.hasPrefix("-A KUBE-SERVICES ") && line.contains("-j KUBE-SVC-") }
        var moved = lines.filter(isMoved).reversed().makeIterator()
        let reordered = lines.map { isMoved($0) ? moved.next() ?? $0 : $0 }
        #expect(reordered != lines)
        #expect(try changes(reordered.joined(separator: "\n")).isEmpty)
        let foreign = [
            "-A FORWARD -s 10.9.0.0/16 -i docker0 -j ACCEPT", "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
            "-A FORWARD -d 172.16.0.0/12 -j DROP", "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
            "-A FORWARD -m limit --limit 3/min -j LOG --log-prefix \"forwarded \"",
        ]
        #expect(try changes(adding(foreign, to: "filter")).isEmpty)
    }

    /// Adds rules at the end of a table.
    private func adding(_ rules: [String], to table: String) -> String {
        var inside = false
        return text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
            if line.hasPrefix("*") { inside = line == "*\(table)" }
            return inside && line == "COMMIT" ? rules + [String(line)] : [String(line)]
        }.joined(separator: "\n")
    }

    private func removing(where isGone: (Substring) -> Bool) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).filter { !isGone($0) }.joined(separator: "\n")
    }

    @Test func changedTranslation() throws {
        let damaged = text.replacing("--to-destination 10.244.1.71:", with: "--to-destination 10.244.1.99:")
        let services = try expectHarm(damaged)
        #expect(services == ["shop/web:http"])
    }

    @Test func droppedForwarding() throws {
        let services = try expectHarm(adding(["-A FORWARD -d 10.244.1.71/32 -p tcp -j DROP"], to: "filter"))
        #expect(services == ["shop/web:http"])
        let changes = try changes(adding(["-A FORWARD -d 10.244.1.71/32 -p tcp -j DROP"], to: "filter"))
        // Of several endpoints the others still get their part.
        #expect(
            changes.contains {
                if case .divided(let parts) = $0.after { parts.contains { $0.outcome == .timesOut } } else { false }
            })
    }

    @Test func droppedSenders() throws {
        let harmed = try changes(adding(["-A FORWARD -s 198.51.100.0/24 -j DROP"], to: "filter"))
        #expect(!harmed.isEmpty)
        for change in harmed {
            #expect(change.senders.origin == .outside && change.after == .timesOut)
            #expect(change.senders.addresses.ranges.allSatisfy { $0.description.hasPrefix("198.51.100.") })
        }
        _ = try expectHarm(adding(["-A FORWARD -s 198.51.100.0/24 -j DROP"], to: "filter"))
    }

    /// Without the jump to KUBE-POSTROUTING nothing is masqueraded: what should be reaches pods with the sender's address, and
    /// pods that reach themselves get no answer.
    @Test func lostMasquerading() throws {
        let damaged = removing { $0.contains("-j KUBE-POSTROUTING") }
        _ = try expectHarm(damaged)
        for change in try changes(damaged) {
            if case .endpoints(_, .rewritten) = change.before { continue }
            // A pod's packets to itself.
            #expect(change.senders.origin == .pod || change.senders.origin == .otherPod)
        }
    }

    /// What a set decides is not known.
    @Test func openConditions() throws {
        let rules = ["-A FORWARD -m set --match-set blocked src -j DROP"]
        let changes = try changes(adding(rules, to: "filter"))
        #expect(!changes.isEmpty)
        for change in changes {
            guard case .unknown(.condition(let text)) = change.after else {
                Issue.record("\(change.after)")
                continue
            }
            #expect(text.contains("--match-set blocked src"))
        }
    }

    /// Compares what changes with single packets at the ends of all ranges; returns the Services whose flows change.
    private func expectHarm(_ damaged: String) throws -> Set<String> {
        let (old, new) = (try rules(text), try rules(damaged))
        let (before, after) = (flows(old), flows(new))
        let changes = FlowComparison(before, after).changes
        #expect(!changes.isEmpty)
        let probes = FlowProbes(plan)
        let most = TestSize.current.count(full: .max, brief: 3)
        var random = SeededGenerator(seed: 1)
        for frontend in before {
            for address in frontend.addresses {
                let other = after.filter { $0.addresses.contains(address) && $0.port == frontend.port }
                let senders = (frontend.flows + other.flatMap(\.flows)).map(\.senders)
                for sender in senders where sender.origin.comes(to: frontend.kind) {
                    for source in probes.addresses(of: sender, &random).prefix(most) {
                        var query = try probes.query(from: source, sender.origin, to: frontend)
                        query.destination = address
                        query.clientNode = plan.otherNode(of: source)
                        let isHarmed = try fates(query, old) != fates(query, new)
                        let isFound = changes.contains {
                            $0.frontend.address == address && $0.frontend.port == frontend.port
                                && $0.frontend.transport == frontend.name.transport
                                && $0.senders.addresses.contains(source)
                        }
                        #expect(isHarmed == isFound, "\(source) to \(address):\(frontend.port)")
                    }
                }
            }
        }
        return Set(changes.map(\.name.description))
    }

    /// What becomes of single packets, in words.
    private func fates(_ query: TraceQuery, _ rules: IndexedRules) throws -> [String: Int] {
        var chances: [String: Int] = [:]
        for outcome in try PacketTrace(query, through: rules).outcomes {
            let words: String
            switch outcome.verdict {
            case .accept where outcome.isTranslated:
                words = "\(outcome.packet.destinationWordsForTests) \(outcome.isMasqueraded)"
            case .accept: words = "unchanged"
            default: words = "\(outcome.verdict)"
            }
            chances[words, default: 0] += Int((outcome.probability * 1000).rounded())
        }
        return chances
    }
}

extension TracedPacket {
    fileprivate var destinationWordsForTests: String { "\(destination.text) \(destinationPort.first)" }
}
