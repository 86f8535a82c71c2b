/// The slots of a hash table with open addressing. Each holds the number of an entry, or none; its owner keeps the entries,
/// hashes them with a seed that no input can know, and compares them.
public struct HashSlots: Sendable {
    /// The number of the entry in each slot, or -1; as many as a power of two.
    @usableFromInline internal var numbers: [Int32]

    /// Slots for so many entries: at most half of them are taken.
    public init(entries: Int) {
        var size = 16
        while size < entries * 2 { size *= 2 }
        numbers = Array(repeating: -1, count: size)
    }

    /// Whether so many entries leave half of the slots free.
    @inlinable
    public func hasRoom(for entries: Int) -> Bool { entries * 2 <= numbers.count }

    /// The slot where the search for a hash begins.
    @inlinable @inline(__always)
    public func first(_ hash: UInt64) -> Int { Int(truncatingIfNeeded: hash) & (numbers.count - 1) }

    /// The slot where it goes on.
    @inlinable @inline(__always)
    public func next(_ slot: Int) -> Int { (slot + 1) & (numbers.count - 1) }

    /// The number of the entry in a slot; negative if the slot is free, where a search ends.
    @inlinable @inline(__always)
    public subscript(slot: Int) -> Int { Int(numbers[slot]) }

    /// Puts a new entry into the first free slot of its hash.
    @inlinable
    public mutating func insert(_ number: Int, _ hash: UInt64) {
        var slot = first(hash)
        while numbers[slot] >= 0 { slot = next(slot) }
        numbers[slot] = Int32(truncatingIfNeeded: number)
    }
}
