import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

/// The rules of a healthy node of each version of kube-proxy, in every recorded cluster: an audit reads off them what was not
/// given, and finds nothing.
@Suite struct VersionInferenceTests {
    struct Recorded: Sendable, CustomTestStringConvertible {
        let name: String
        let snapshot: String
        let options: [String]

        var testDescription: String { name }
    }

    private static let clusters: [Recorded] = {
        let own = RecordedCase.names.compactMap { name in
            (try? RecordedCase(name)).flatMap { recorded in
                recorded.cluster.isComparable
                    ? Recorded(name: name, snapshot: recorded.snapshot, options: recorded.options) : nil
            }
        }
        let versioned = VersionedCase.names(in: VersionedCase.iptables).compactMap { name in
            (try? VersionedCase(name, in: VersionedCase.iptables)).flatMap { recorded in
                recorded.cluster(minor: 36).isComparable
                    ? Recorded(name: name, snapshot: recorded.snapshot, options: recorded.options) : nil
            }
        }
        return TestSize.current.sample(own + versioned, brief: 6)
    }()
    private static let texts = Tally(0, cases: clusters.count)

    @Test(arguments: clusters)
    func healthyNode(_ recorded: Recorded) throws {
        var seen: Set<String> = []
        for minor in 24...37 {
            let real = try plan([recorded.snapshot], recorded.options + ["--kube-proxy-version", "1.\(minor)"])
            // Versions before 1.31 do not start with the word primary.
            guard (try? real.settings.checkNodePortAddresses(for: real.version.version)) != nil else { continue }
            let text = real.text(.save)
            guard seen.insert(text).inserted, !Self.isUnhealthy(minor, real) else { continue }
            let family = real.settings.family == .ipv6 ? "ipv6" : "ipv4"
            let options = ["--node", real.snapshot.nodes[0].name.text, "--family", family]
            let dump = try dump(of: real, text)
            let known = IptablesPlan(try plan([recorded.snapshot], options))
            let audit = Audit(given: [], known, nil, [dump])
            try Audit(beside: known, given: [], String(decoding: dump.saved(), as: UTF8.self))
                .expectSame(as: audit, hasLines: false)
            let findings = audit.findings.filter { $0.severity > .info }
                .map { "\($0.id.rawValue) \($0.label?.servicePort ?? "") \($0.effect)" }
            #expect(findings == [], "1.\(minor), \(audit.inferred.map(\.text)), of \(recorded.options)")
        }
        Self.texts.add {
            $0 += seen.count
        } finish: {
            print("Audited the rules of \($0) nodes of all versions.")
        }
    }

    /// Whether the node is not healthy, or looks like one that is not.
    private static func isUnhealthy(_ minor: Int, _ plan: NodePlan) -> Bool {
        // Versions before 1.31 write what slices spell, and iptables takes no target whose numbers begin with 0.
        if minor <= 30, plan.text(.restore).contains(/--to-destination (?:[0-9]+\.)*0[0-9]/) { return true }
        // The mark for masquerading is kubelet's for dropping: what kube-proxy masquerades is dropped on the way out.
        if minor == 24, plan.settings.masqueradeBit == 15 { return true }
        // 1.27 takes a CIDR of length 0 for no address, but for 0.0.0.0/0, and writes all the rest: as if the jump to node
        // ports had been deleted.
        return minor == 27 && plan.settings.nodePortAddressTexts == ["10.0.0.0/0"]
    }

    /// What iptables-save prints of a node.
    private func dump(of plan: NodePlan, _ text: String) throws -> Ruleset {
        var dump = try Ruleset(parsing: Array(text.utf8), family: plan.settings.family)
        for table in IptablesPlan(plan).hostRules.tables {
            guard let index = dump.tables.firstIndex(where: { $0.name == table.name }) else { continue }
            let own = Set(dump.tables[index].chains.map(\.name))
            dump.tables[index].chains.append(contentsOf: table.chains.filter { !own.contains($0.name) })
        }
        return dump
    }
}
