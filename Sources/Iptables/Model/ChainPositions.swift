/// Finds chains of a table by name: a hash table of positions, four bytes for each slot. A dictionary would hold the names
/// once more (measured at 55,000 chains: three megabytes for each side of a comparison).
package struct ChainPositions: Sendable {
    /// A chain's position, or -1.
    private var slots: [Int32]
    /// Seeded, so that no dump can be made whose names all collide.
    private let seed = UInt64.random(in: .min ... .max)

    package init(_ chains: [Chain]) {
        var size = 16
        while size < chains.count * 2 { size *= 2 }
        slots = Array(repeating: -1, count: size)
        for index in chains.indices {
            var slot = slot(of: chains[index].name)
            // Names are unique within a table, so none has to be compared.
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(index)
        }
    }

    /// The position of the chain with a name.
    package func position(of name: String, in chains: [Chain]) -> Int? {
        let chains = chains.span
        var slot = slot(of: name)
        while slots[slot] >= 0 {
            let index = Int(slots[slot])
            if chains[index].name == name { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        return nil
    }

    private func slot(of name: String) -> Int {
        let bytes = name.utf8.span
        var hash = seed
        for index in bytes.indices {
            hash = (hash ^ UInt64(bytes[index])) &* 0x9E37_79B9_7F4A_7C15
        }
        return Int(truncatingIfNeeded: (hash ^ hash >> 32)) & (slots.count - 1)
    }
}
