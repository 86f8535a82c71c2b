internal import KubeChainsBytes

/// Finds chains of a table by name: a hash table of positions, four bytes for each slot. A dictionary would hold the names
/// once more (measured at 55,000 chains: three megabytes for each side of a comparison).
package struct ChainPositions: Sendable {
    private var slots: HashSlots
    /// Seeded, so that no dump can be made whose names all collide.
    private let seed = UInt64.random(in: .min ... .max)

    package init(_ chains: [Chain]) {
        slots = HashSlots(entries: chains.count)
        // Names are unique within a table, so none has to be compared.
        for index in chains.indices { slots.insert(index, hash(of: chains[index].name)) }
    }

    /// The position of the chain with a name.
    package func position(of name: String, in chains: [Chain]) -> Int? {
        let chains = chains.span
        var slot = slots.first(hash(of: name))
        while case let index = slots[slot], index >= 0 {
            if chains[index].name == name { return index }
            slot = slots.next(slot)
        }
        return nil
    }

    private func hash(of name: String) -> UInt64 {
        let bytes = name.utf8.span
        var hash = seed
        for index in bytes.indices {
            hash = (hash ^ UInt64(bytes[index])) &* 0x9E37_79B9_7F4A_7C15
        }
        return hash ^ hash >> 32
    }
}
