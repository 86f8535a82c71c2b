extension ChainHash {
    /// The hash that a chain's name ends with, from `start` on.
    init?(_ name: Span<UInt8>, from start: Int) {
        guard name.count == start + 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<16 {
            let byte = name[start + index]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "2")...UInt8(ascii: "7"): break
            default: return nil
            }
            if index < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(first: words.0, second: words.1)
    }
}

extension ChainName {
    /// The hashed chain with this name; nil for any other chain.
    init?(_ text: String) {
        let name = text.utf8.span
        // `KUBE-`, then `SVC-`, `SVL-`, `SEP-`, `EXT-` or `FW-`. Bytes, since large dumps ask this for every jump.
        guard name.count == 24 || name.count == 25, name[0] == UInt8(ascii: "K"), name[4] == UInt8(ascii: "-") else {
            return nil
        }
        let kind: Kind
        switch (name[5], name[6], name[7]) {
        case (UInt8(ascii: "S"), UInt8(ascii: "E"), UInt8(ascii: "P")): kind = .endpoint
        case (UInt8(ascii: "S"), UInt8(ascii: "V"), UInt8(ascii: "C")): kind = .clusterPolicy
        case (UInt8(ascii: "S"), UInt8(ascii: "V"), UInt8(ascii: "L")): kind = .localPolicy
        case (UInt8(ascii: "E"), UInt8(ascii: "X"), UInt8(ascii: "T")): kind = .external
        case (UInt8(ascii: "F"), UInt8(ascii: "W"), UInt8(ascii: "-")): kind = .sourceRanges
        default: return nil
        }
        let prefix = kind.text.utf8CodeUnitCount
        guard let hash = ChainHash(name, from: prefix), text.hasPrefix("KUBE-"),
            name[prefix - 1] == UInt8(ascii: "-")
        else { return nil }
        self.init(kind, hash)
    }
}
