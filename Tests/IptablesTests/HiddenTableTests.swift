import Iptables
import NetAddress
import Testing

/// What iptables-nft-save says of tables that it does not show, or not whole.
@Suite struct HiddenTableTests {
    @Test(
        arguments: [
            ("# Table `nat' is incompatible, use 'nft' tool.\n", [HiddenTable(name: "nat", isPartial: false, line: 1)]),
            (
                "*filter\nCOMMIT\n# Table `nat' is incompatible, use 'nft' tool.\n# Table `raw' is incompatible, use 'nft' tool.\n",
                [
                    HiddenTable(name: "nat", isPartial: false, line: 3),
                    HiddenTable(name: "raw", isPartial: false, line: 4),
                ]
            ),
            (
                "# Table `filter' contains incompatible base-chains, use 'nft' tool to list them.\n*filter\nCOMMIT\n",
                [HiddenTable(name: "filter", isPartial: true, line: 1)]
            ),
            ("# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n", []),
            ("# Table nat is mine\n", []), ("# Table `nat' is fine\n", []), ("# Table `nat\n", []),
            (
                "*nat\n-A PREROUTING -m comment --comment \"# Table `nat' is incompatible, use 'nft' tool.\"\nCOMMIT\n",
                []
            ),
        ] as [(String, [HiddenTable])])
    func remarks(_ text: String, _ hidden: [HiddenTable]) throws {
        #expect(try Ruleset(parsing: Array(text.utf8), family: .ipv4).hiddenTables == hidden)
    }
}
