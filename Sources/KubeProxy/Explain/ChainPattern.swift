/// A chain's name or the beginning of it, to be compared with many.
struct ChainPattern {
    private enum Test {
        case all
        /// These characters of the hash.
        case characters(ChainHash, mask: ChainHash)
    }

    let text: String
    /// By the kind's raw value; nil: no chain of the kind has such a name.
    private let tests: [Test?]

    init(_ text: String) {
        self.text = text
        tests = ChainName.Kind.allCases.map { kind in
            let name = kind.text.description
            if name.hasPrefix(text) { return .all }
            return text.hasPrefix(name) ? ChainPattern.test(text.dropFirst(name.count)) : nil
        }
    }

    private static func test(_ characters: Substring) -> Test? {
        let bytes = Array(characters.utf8)
        guard bytes.count <= 16 else { return nil }
        func words(_ byte: (Int) -> UInt8) -> ChainHash {
            var words: (UInt64, UInt64) = (0, 0)
            for index in 0..<8 { words.0 = words.0 << 8 | UInt64(byte(index)) }
            for index in 8..<16 { words.1 = words.1 << 8 | UInt64(byte(index)) }
            return ChainHash(first: words.0, second: words.1)
        }
        return .characters(
            words { $0 < bytes.count ? bytes[$0] : 0 }, mask: words { $0 < bytes.count ? 0xFF : 0 })
    }

    /// Whether a chain has the name, or its name begins so.
    func matches(_ chain: ChainName) -> Bool {
        switch (tests[Int(chain.kind.rawValue)], chain.hash) {
        case (nil, _): return false
        case (.all, _): return true
        case (.characters(let wanted, let mask), let hash?):
            return hash.first & mask.first == wanted.first && hash.second & mask.second == wanted.second
        case (.characters, nil): return false
        }
    }
}
