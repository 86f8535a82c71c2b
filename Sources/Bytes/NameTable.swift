/// Interned strings: repeated ones, such as the names of nodes, are stored once.
package struct NameTable {
    package init() {}

    private var slots: [String?] = Array(repeating: nil, count: 64)
    private var count = 0
    private let seed = UInt64.random(in: .min ... .max)

    /// The string of these bytes. Up to 15 bytes fit into a string itself; longer ones are shared.
    package mutating func string(_ bytes: Span<UInt8>) -> String {
        if bytes.count <= 15 { return String(copying: bytes) }
        if count * 2 >= slots.count { grow() }
        let slot = slot(for: bytes)
        if let known = slots[slot] { return known }
        let string = String(copying: bytes)
        slots[slot] = string
        count += 1
        return string
    }

    /// The slot of these bytes, or the free slot for them.
    private func slot(for bytes: Span<UInt8>) -> Int {
        var slot = Int(truncatingIfNeeded: hash(bytes)) & (slots.count - 1)
        while let candidate = slots[slot], !NameTable.equal(candidate, bytes) {
            slot = (slot + 1) & (slots.count - 1)
        }
        return slot
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
        let old = slots
        slots = Array(repeating: nil, count: old.count * 2)
        for case let string? in old { slots[slot(for: string.utf8.span)] = string }
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
