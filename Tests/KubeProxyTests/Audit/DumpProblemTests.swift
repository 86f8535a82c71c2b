import Iptables
import KubeProxy
import TestSupport
import Testing

/// What a dump is that lacks more than a rule: one finding for one cause.
@Suite struct DumpProblemTests {
    private static let snapshot = [
        node("a", podCIDRs: #""10.244.1.0/24""#), service(), slice([endpoint("10.244.1.5")]),
    ]

    /// The audit of a healthy node's rules without some lines.
    private static func audit(without isLeftOut: (_ table: String, _ line: String) -> Bool) throws -> Audit {
        let plan = try plan(snapshot, ["--node", "a", "--cluster-cidr", "10.244.0.0/16"])
        var table = ""
        let lines = SavedRules(plan).lines.filter { line in
            if line.hasPrefix("*") { table = String(line.dropFirst()) }
            return !isLeftOut(table, line)
        }
        let dump = try Ruleset(parsing: Array((lines.joined(separator: "\n") + "\n").utf8))
        return Audit(given: [], IptablesPlan(plan), nil, [dump])
    }

    private static func isRule(_ line: String) -> Bool { line.hasPrefix("-A ") }
    private static func isJump(_ line: String) -> Bool { isRule(line) && !line.hasPrefix("-A KUBE-") }

    @Test func healthy() throws { #expect(try Self.audit { _, _ in false }.findings.isEmpty) }

    /// `iptables -F`, with or without `-t nat`, leaves the chains.
    @Test func flushed() throws {
        #expect(try Self.audit { table, line in table == "nat" && Self.isRule(line) }.problem == .flushed)
        #expect(try Self.audit { _, line in Self.isRule(line) }.problem == .flushed)
        let filter = try Self.audit { table, line in table == "filter" && Self.isRule(line) }
        #expect(filter.findings.count == 1 && filter.problem == nil)
        let jumps = try #require(filter.findings[0].evidence as? MissingJumps)
        #expect(jumps.table == "filter" && jumps.isFlushed)
    }

    /// Only the built-in chains were flushed, of one table or of both.
    @Test func withoutJumps() throws {
        for tables in [["filter"], ["nat"], ["filter", "nat"]] {
            let audit = try Self.audit { table, line in tables.contains(table) && Self.isJump(line) }
            let found = audit.findings.compactMap { $0.evidence as? MissingJumps }
            #expect(found.count == audit.findings.count && Set(found.map(\.table)) == Set(tables))
            #expect(found.allSatisfy { !$0.isFlushed })
        }
    }

    /// Without all jumps but one, each that is missing is said.
    @Test func oneJumpLeft() throws {
        let audit = try Self.audit { table, line in
            table == "nat" && Self.isJump(line) && !line.hasPrefix("-A POSTROUTING")
        }
        #expect(audit.findings.map(\.id) == [.missingJump, .missingJump])
        #expect(audit.findings.allSatisfy { $0.evidence is MissingJump })
    }

    /// Empty chains to which jumps lead are no flushed table.
    @Test func jumpsAlone() throws {
        let audit = try Self.audit { table, line in table == "filter" && line.hasPrefix("-A KUBE-") }
        #expect(!audit.findings.isEmpty && !audit.findings.contains { $0.evidence is MissingJumps })
    }

    /// A text that was never loaded has no built-in chain: a finding for each table, and rules of Services are compared.
    @Test func withoutBuiltInChains() throws {
        let audit = try Self.audit { _, line in Self.isJump(line) || line.hasPrefix(":") && !line.hasPrefix(":KUBE-") }
        #expect(audit.findings.count == 2 && audit.findings.allSatisfy { $0.evidence is MissingJumps })
    }

    /// Nothing but default/kubernetes is in both: another context of kubectl's.
    @Test(arguments: [(["api", "web"], true), (["api", "shop"], true), (["web"], false), ([], false)])
    func otherCluster(_ names: [String], _ isOther: Bool) throws {
        func cluster(_ names: [String]) -> [String] {
            let kubernetes = [service("kubernetes"), slice("kubernetes", [endpoint("192.168.1.9")])].map {
                $0.replacing(#""namespace":"shop""#, with: #""namespace":"default""#)
            }
            return [node("a", podCIDRs: #""10.244.1.0/24""#)] + kubernetes
                + names.enumerated().flatMap {
                    [service($1, at: "10.96.0.\($0 + 2)"), slice($1, [endpoint("10.244.1.\($0 + 2)")])]
                }
        }
        let options = ["--node", "a", "--cluster-cidr", "10.244.0.0/16"]
        let lines = SavedRules(try plan(cluster(["db", "mail"]), options)).lines
        let dump = try Ruleset(parsing: Array((lines.joined(separator: "\n") + "\n").utf8))
        let audit = Audit(given: [], IptablesPlan(try plan(cluster(names), options)), nil, [dump])
        #expect((audit.problem == .otherCluster) == isOther)
        #expect(Audit(given: [], IptablesPlan(try plan(cluster(["db", "web"]), options)), nil, [dump]).problem == nil)
    }

    /// A Service that got another cluster IP: the dump or the snapshot is older, and what follows from it is not said.
    @Test func otherClusterIP() throws {
        let plan = try plan(Self.snapshot, ["--node", "a", "--cluster-cidr", "10.244.0.0/16"])
        let text = SavedRules(plan).lines.joined(separator: "\n").replacing("10.96.0.1/", with: "10.96.0.9/")
        let audit = Audit(given: [], IptablesPlan(plan), nil, [try Ruleset(parsing: Array((text + "\n").utf8))])
        #expect(audit.findings.map(\.id) == [.wrongAddress, .wrongAddress], "\(audit.findings.map(\.effect))")
        #expect(audit.findings.allSatisfy { $0.remedy.hasPrefix("take the dump and the snapshot again, together") })
    }
}
