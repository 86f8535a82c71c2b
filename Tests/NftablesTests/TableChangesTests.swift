import TestSupport
import Testing

@testable import Nftables

/// The commands that turn one table into another, carried out by a model of nft.
@Suite struct TableChangesTests {
    /// The newest recorded states of a family.
    private static func states(_ family: String) throws -> [NftTable] {
        try TestSize.current.sample(VersionedCase.names(in: VersionedCase.nftables), brief: 20).compactMap { name in
            let recorded = try VersionedCase(name, in: VersionedCase.nftables)
            guard let text = recorded.texts.last(where: { $0.form == "state" }) else { return nil }
            return try NftTable.tables(fromCommands: Array(text.expected.utf8)).first { $0.family == family }
        }
    }

    /// From nothing, and from one case to the next: what is left is what the case makes on an empty host.
    @Test(arguments: ["ip", "ip6"])
    func leadsFromCaseToCase(_ family: String) throws {
        let states = try Self.states(family)
        #expect(states.count >= 3)
        for (before, after) in zip(states, states.dropFirst()) {
            let fresh = TableChanges(from: nil, to: after)
            let (first, second) = (TableChanges(from: nil, to: before), TableChanges(from: before, to: after))
            let (expected, actual) = (FakeNft(fresh.text), FakeNft(first.text + second.text))
            #expect(expected.faults.isEmpty && actual.faults.isEmpty, "\(expected.faults + actual.faults)")
            #expect(firstDifference(actual.state, expected.state) == nil)
            #expect(TableChanges(from: after, to: after).isEmpty)
            #expect(fresh.deletedChains + fresh.deletedElements == 0)
        }
    }

    private static let base = """
        add table ip t
        add chain ip t a { type filter hook input priority 0 ; }
        add chain ip t b
        add chain ip t c { comment "one" ; }
        add set ip t s { type ipv4_addr ; }
        add map ip t m { type inet_proto . inet_service : verdict ; }
        add rule ip t a jump b
        add rule ip t b ip saddr @s drop
        add element ip t s { 10.0.0.1 }
        add element ip t m { tcp . 80 : goto c }

        """

    private func table(_ text: String) throws -> NftTable {
        try #require(try NftTable.tables(fromCommands: Array(text.utf8)).first)
    }

    /// What is named for one difference, and nothing more.
    @Test(arguments: [
        ("add rule ip t a jump b", "add rule ip t a accept", "flush chain ip t a\nadd rule ip t a accept\n"),
        (
            "add element ip t s { 10.0.0.1 }", "add element ip t s { 10.0.0.2 }",
            "delete element ip t s { 10.0.0.1 }\nadd element ip t s { 10.0.0.2 }\n"
        ),
        // A chain cannot get another comment: it is made again, with what leads to it.
        (
            "comment \"one\"", "comment \"two\"",
            """
            delete element ip t m { tcp . 80 }
            delete chain ip t c
            add chain ip t c { comment "two" ; }
            add element ip t m { tcp . 80 : goto c }

            """
        ),
        // Neither can a set get another type.
        (
            "s { type ipv4_addr ; }", "s { type ipv4_addr ; flags interval ; }",
            """
            flush chain ip t b
            flush set ip t s
            delete set ip t s
            add set ip t s { type ipv4_addr ; flags interval ; }
            add rule ip t b ip saddr @s drop
            add element ip t s { 10.0.0.1 }

            """
        ),
        (
            "hook input priority 0", "hook input priority 5",
            """
            flush chain ip t a
            delete chain ip t a
            add chain ip t a { type filter hook input priority 5 ; }
            add rule ip t a jump b

            """
        ),
    ])
    func namesWhatDiffers(_ old: String, _ new: String, _ expected: String) throws {
        let after = Self.base.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let range = line.ranges(of: old).first else { return String(line) }
            return String(line[..<range.lowerBound]) + new + line[range.upperBound...]
        }.joined(separator: "\n")
        let changes = TableChanges(from: try table(Self.base), to: try table(after))
        let text = changes.text
        // A chain that is made again loses its rules: it is flushed as all that are.
        let lines = text.split(separator: "\n").filter { $0 != "flush chain ip t c" }
        #expect(lines.map { "\($0)\n" }.joined() == expected)
    }

    /// A table's flags, and objects that are none of kube-proxy's, go with the table.
    @Test func tableIsMadeAgain() throws {
        let wanted = try table(Self.base)
        var live = wanted
        live.flags = ["dormant"]
        let text = TableChanges(from: live, to: wanted).text
        #expect(text == "delete table ip t\n" + TableChanges(from: nil, to: wanted).text)
        // What rules have put into sets stays, unless the set is another one.
        let set = "add set ip t d { type ipv4_addr ; flags dynamic,timeout ; timeout 10m ; }\n"
        let dynamic = try table(Self.base + set)
        live = try table(Self.base + set + "add element ip t d { 10.0.0.9, 10.0.0.8 }\n")
        live.comment = "other"
        let kept = TableChanges(from: live, to: dynamic)
        let remembered = "add element ip t d { 10.0.0.9 }\nadd element ip t d { 10.0.0.8 }\n"
        #expect(kept.text == "delete table ip t\n" + TableChanges(from: nil, to: dynamic).text + remembered)
        #expect(kept.keptElements == 2)
        let other = try table(Self.base + set.replacing("10m", with: "11m"))
        #expect(TableChanges(from: live, to: other).keptElements == 0)
        #expect(TableChanges(from: wanted, to: nil).text == "delete table ip t\n")
        #expect(TableChanges(from: nil, to: nil).isEmpty)
    }

    /// nft takes the braces off a set of one member, but not off one whose members it has merged.
    @Test func mergedSetsKeepTheirWords() throws {
        let text = "add table ip t\nadd chain ip t a\nadd rule ip t a ip saddr { 10.0.0.0/8 , 10.1.0.0/16 } drop\n"
        #expect(TableChanges(from: nil, to: try table(text)).text == text)
    }
}
