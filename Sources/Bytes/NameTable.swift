/// Interned strings: repeated ones, such as the names of nodes, are stored once.
package struct NameTable {
    package init() {}

    private var slots = HashSlots(entries: 32)
    private var strings: [String] = []
    private let seed = UInt64.random(in: .min ... .max)

    /// The string of these bytes. Up to 15 bytes fit into a string itself; longer ones are shared.
    package mutating func string(_ bytes: Span<UInt8>) -> String {
        if bytes.count <= 15 { return String(copying: bytes) }
        let hash = hash(bytes)
        var slot = slots.first(hash)
        while case let number = slots[slot], number >= 0 {
            if NameTable.equal(strings[number], bytes) { return strings[number] }
            slot = slots.next(slot)
        }
        let string = String(copying: bytes)
        strings.append(string)
        if slots.hasRoom(for: strings.count) { slots.insert(strings.count - 1, hash) } else { grow() }
        return string
    }

    private static func equal(_ string: String, _ bytes: Span<UInt8>) -> Bool {
        let other = string.utf8.span
        guard other.count == bytes.count else { return false }
        for index in bytes.indices where other[index] != bytes[index] { return false }
        return true
    }

    /// Seeded, so that no snapshot can be crafted whose names all collide.
    private func hash(_ bytes: Span<UInt8>) -> UInt64 {
        var hash = seed
        for index in bytes.indices {
            hash = (hash ^ UInt64(bytes[index])) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 32
        }
        return hash
    }

    private mutating func grow() {
        slots = HashSlots(entries: strings.count * 2)
        for number in strings.indices { slots.insert(number, hash(strings[number].utf8.span)) }
    }
}

extension String {
    /// The string of these UTF-8 bytes.
    @inlinable
    package init(copying bytes: Span<UInt8>) {
        unsafe self.init(unsafeUninitializedCapacity: bytes.count) { buffer in
            for index in bytes.indices { unsafe buffer[index] = bytes[index] }
            return bytes.count
        }
    }
}
