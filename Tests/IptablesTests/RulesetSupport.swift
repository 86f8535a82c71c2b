import Iptables
import NetAddress
import Testing

extension Ruleset {
    init(_ text: String, family: AddressFamily? = nil) throws(RulesetError) {
        try self.init(parsing: Array(text.utf8), family: family)
    }

    /// The text in iptables-save's form.
    func text(_ options: SaveOptions = SaveOptions()) -> String {
        String(decoding: saved(options), as: UTF8.self)
    }
}

/// A rule as a line in the chain TEST of a table.
struct RuleText: Sendable, CustomStringConvertible {
    let rule: String
    var table = "filter"
    var family = AddressFamily.ipv4

    /// The rules text around the rule, which stands in its third line after `-A TEST `.
    var text: String { "*\(table)\n:TEST - [0:0]\n-A TEST \(rule)\nCOMMIT\n" }

    /// The rules that the line stands for.
    func rules() throws -> [Rule] { try #require(Ruleset(text, family: family)[table: table]?[chain: "TEST"]).rules }

    var description: String { "\(family.name) \(table): \(rule)" }
}

/// SplitMix64, so that a seed gives the same rules everywhere.
struct Seeded {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(next().multipliedFullWidth(by: UInt64(range.count)).high)
    }

    mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }
}
