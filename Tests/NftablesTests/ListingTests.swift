import Foundation
import KubeChainsBytes
import TestSupport
import Testing

@testable import Nftables

/// What nft prints of texts that it has loaded: Fixtures/nft-pairs, recorded with nft 1.0.6 and 1.1.3.
@Suite struct ListingTests {
    private static let folder =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        + "/Fixtures/nft-pairs"

    /// The pairs whose listing is that of the loaded text alone: no other programs' tables, no traffic.
    static let loaded: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let others = ["23-host-with-other-tables", "24-live-v1.37", "README.md"]
        return names.filter { !others.contains($0) }.sorted()
    }()

    private static let versions: [(NftVersion, String)] = [(.oneZero, "1.0.6"), (.oneOne, "1.1.3")]

    private func read(_ pair: String, _ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(pair)/\(file)")))
    }

    private func listing(_ tables: [NftTable], _ version: NftVersion) -> String {
        var text = TextWriter()
        for table in tables { table.writeListing(version, to: &text) }
        return String(decoding: text.finish(), as: UTF8.self)
    }

    @Test func allAreThere() {
        #expect(Self.loaded.count >= 22)
    }

    /// What a text of commands makes is listed as nft lists it.
    @Test(arguments: loaded)
    func listingOfCommands(_ pair: String) throws {
        let tables = try NftTable.tables(fromCommands: read(pair, "loaded.nft"))
        for (version, name) in Self.versions {
            let printed = String(decoding: try read(pair, "printed-\(name).txt"), as: UTF8.self)
            #expect(firstDifference(listing(tables, version), printed) == nil, "nft \(name)")
        }
    }

    /// A listing is read, and written again as it was; it means what was loaded.
    @Test(arguments: loaded)
    func listingIsRead(_ pair: String) throws {
        let loaded = try NftTable.tables(fromCommands: read(pair, "loaded.nft"))
        for (version, name) in Self.versions {
            let bytes = try read(pair, "printed-\(name).txt")
            let tables = try NftTable.tables(fromListing: bytes)
            #expect(
                firstDifference(listing(tables, version), String(decoding: bytes, as: UTF8.self)) == nil, "nft \(name)")
            #expect(tables.map(\.sortedElements) == loaded.map(\.sortedElements), "nft \(name)")
        }
    }

    /// So is the JSON, but for the comments that nft 1.0 leaves out.
    @Test(arguments: loaded)
    func jsonIsRead(_ pair: String) throws {
        let loaded = try NftTable.tables(fromCommands: read(pair, "loaded.nft"))
        for (_, name) in Self.versions {
            let tables = try NftTable.tables(fromJSON: read(pair, "printed-\(name).json"))
            let expected = loaded.map { table in
                var table = table.sortedElements
                guard name == "1.0.6" else { return table }
                table.omitsComments = true
                table.comment = nil
                for index in table.chains.indices { table.chains[index].comment = nil }
                return table
            }
            #expect(tables.map(\.sortedElements) == expected, "nft \(name)")
        }
    }

    /// Other programs' tables are read too, and what is not known in them does not hinder.
    @Test(arguments: ["1.0.6", "1.1.3"])
    func otherTables(_ version: String) throws {
        let pair = "23-host-with-other-tables"
        let listed = try NftTable.tables(fromListing: read(pair, "printed-\(version).txt"))
        let json = try NftTable.tables(fromJSON: read(pair, "printed-\(version).json"))
        #expect(listed.map(\.name) == json.map(\.name))
        #expect(listed.count > 3)
        #expect(listed.map { $0.chains.map(\.name) } == json.map { $0.chains.map(\.name) })
        let own = { (tables: [NftTable]) in tables.filter { $0.name == "kube-proxy" }.flatMap(\.chains).map(\.rules) }
        #expect(own(listed) == own(json))
    }

    /// A live host's table holds what affinity remembers.
    @Test(arguments: ["1.0.6", "1.1.3"])
    func liveTable(_ version: String) throws {
        let table = try #require(
            NftTable.tables(fromListing: read("24-live-v1.37", "printed-\(version).txt")).first)
        let sets = table.sets.filter(\.isDynamic)
        #expect(sets.contains { !$0.elements.isEmpty })
        #expect(sets.allSatisfy { $0.size == 65535 && $0.timeout != nil })
    }

    /// Texts that are no listing are refused with the line.
    @Test(arguments: [
        ("chain x {\n}\n", 1), ("table ip a {\n", 2), ("table ip a {\n\tset s {\n\t\telements { 1 }\n\t}\n}\n", 3),
        ("table ip {\n}\n", 1),
    ])
    func refusedListings(_ text: String, _ line: Int) {
        let error = #expect(throws: NftError.self) { try NftTable.tables(fromListing: Array(text.utf8)) }
        #expect(error?.line == line)
    }

    /// Commands about what is not there are refused, as nft refuses them.
    @Test(arguments: [
        "add rule ip a b drop\n", "add table ip a\nadd rule ip a b drop\n", "add table ip a\ndelete chain ip a b\n",
        "add table ip a\nadd element ip a s { 1 }\n", "add table ip a\nrename chain ip a b c\n",
        "add table ip a\nadd map ip a m { type inet_service : verdict ; }\nadd element ip a m { 1 : drop }\n"
            + "add element ip a m { 1 : accept }\n",
    ])
    func refusedCommands(_ text: String) {
        #expect(throws: NftError.self) { try NftTable.tables(fromCommands: Array(text.utf8)) }
    }

    /// SPEC-NFTABLES §15.2 f, and what nft 1.0.6 prints of these.
    @Test(arguments: [
        ("mark and 0x00004000 != 0 accept", "meta mark & 0x00004000 != 0x00000000 accept"),
        ("mark set mark or 0x00004000", "meta mark set meta mark | 0x00004000"),
        ("mark set mark xor 0x4000", "meta mark set meta mark ^ 0x00004000"),
        ("meta mark != 0x00000000/1 return", "meta mark & 0x80000000 != 0x00000000 return"),
        ("meta mark 0x00000000/1 return", "meta mark & 0x80000000 == 0x00000000 return"),
        (
            "ip saddr != { 1.0.0.0/8 , 1.2.3.0/24 , 1.2.3.4 , 2.0.0.0/8 } drop",
            "ip saddr != { 1.0.0.0-2.255.255.255 } drop"
        ),
        ("ip saddr != { 10.0.0.3 , 10.0.0.1 , 10.0.0.2 } drop", "ip saddr != { 10.0.0.1, 10.0.0.2, 10.0.0.3 } drop"),
        ("ip saddr != { 10.0.0.1 , 10.0.0.2/32 } drop", "ip saddr != { 10.0.0.1-10.0.0.2 } drop"),
        ("ip saddr != { 10.0.0.7/32 } drop", "ip saddr != 10.0.0.7 drop"),
        ("ip daddr { 172.30.0.41/16,10.0.0.0/8 } drop", "ip daddr { 10.0.0.0/8, 172.30.0.0/16 } drop"),
        ("ip saddr != { 0.0.0.0/1 , 128.0.0.0/1 } drop", "ip saddr != { 0.0.0.0/0 } drop"),
        ("ip6 saddr != { ::/0 } drop", "ip6 saddr != ::/0 drop"),
        ("ip6 saddr { ffff::/16 , fd00::5 } drop", "ip6 saddr { fd00::5, ffff::/16 } drop"),
        ("iifname veth* goto x", "iifname \"veth*\" goto x"), ("iif != cbr0 drop", "iif != \"cbr0\" drop"),
        (
            "meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.0.0.1 . 80 , 1 : 10.0.0.2 . 80 }",
            "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }"
        ),
        ("reject comment \"a { b\"", "reject comment \"a { b\""),
        ("xt match \"comment\" counter packets 1 bytes 2", "xt match \"comment\" counter packets 1 bytes 2"),
    ])
    func spelling(_ given: String, _ listed: String) throws {
        let text = "add table ip a\nadd chain ip a b\nadd rule ip a b \(given)\n"
        let tables = try NftTable.tables(fromCommands: Array(text.utf8))
        #expect(tables[0].chains[0].rules.map(\.line) == [listed])
        // What is listed so is listed so again.
        let again = try NftTable.tables(fromListing: Array("table ip a {\n\tchain b {\n\t\t\(listed)\n\t}\n}\n".utf8))
        #expect(again == tables)
    }

    /// A set of one address is that address.
    @Test func setOfOne() throws {
        func rule(_ words: String) throws -> NftRule {
            let text = "table ip a {\n\tchain b {\n\t\t\(words)\n\t}\n}\n"
            return try #require(NftTable.tables(fromListing: Array(text.utf8))[0].chains[0].rules.first)
        }
        #expect(try rule("ip saddr != { 10.0.0.0/8 } drop") == rule("ip saddr != 10.0.0.0/8 drop"))
        #expect(try rule("ip saddr != { 10.0.0.0/8 } drop") != rule("ip saddr != 10.0.0.0/9 drop"))
    }
}

extension NftTable {
    /// The same with all that has no order sorted.
    fileprivate var sortedElements: NftTable {
        var table = self
        for index in table.sets.indices {
            table.sets[index].elements = NftElement.sorted(table.sets[index].elements, table.sets[index].keyTypes)
        }
        table.chains.sort { $0.name < $1.name }
        table.sets.sort { $0.name < $1.name }
        table.counters.sort()
        return table
    }
}
