/// Keeps one copy of each text that occurs in the rules: a chain's name occurs many times in a dump, and a Service's
/// comment at each of its endpoints.
@safe package final class StringTable {
    fileprivate struct Entry {
        let hash: UInt64
        /// The bytes of the text's first occurrence.
        let bytes: ByteView
        let string: String
    }

    fileprivate struct Contents {
        var slots = HashSlots(entries: 512)
        var entries: [Entry] = []
    }

    private var contents = Contents()
    /// The text whose bytes outlive the table.
    private let text: ByteView
    /// Copies of bytes from elsewhere.
    private var copies: [UnsafeMutableBufferPointer<UInt8>] = unsafe []
    /// Differs from process to process, so that no text can be made to collide.
    private let seed: UInt64

    package init(_ text: ByteView) {
        self.text = text
        seed = UInt64(bitPattern: Int64(Hasher().finalize()))
    }

    deinit {
        for index in unsafe copies.indices { unsafe copies[index].deallocate() }
    }

    /// The number of the text in this table.
    package func number(of bytes: ByteView) -> Int {
        let hash = bytes.hash(seed: seed)
        if let number = contents.find(bytes, hash) { return number }
        return contents.add(Entry(hash: hash, bytes: kept(bytes), string: bytes.string))
    }

    /// The text with a number.
    package subscript(number: Int) -> String { contents.entries[number].string }

    /// The text of these bytes. One of 15 bytes and less lies within its `String` and is not kept here.
    package func string(_ bytes: ByteView) -> String {
        if bytes.count <= 15 { return bytes.string }
        let hash = bytes.hash(seed: seed)
        if let number = contents.find(bytes, hash) { return contents.entries[number].string }
        let string = bytes.string
        _ = contents.add(Entry(hash: hash, bytes: kept(bytes), string: string))
        return string
    }

    private func kept(_ bytes: ByteView) -> ByteView {
        if bytes.lies(in: text) { return bytes }
        let block = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        for index in 0..<bytes.count { unsafe block[index] = bytes[index] }
        unsafe copies.append(block)
        return unsafe ByteView(UnsafeBufferPointer(block))
    }
}

extension StringTable.Contents {
    @inline(__always)
    fileprivate func find(_ bytes: ByteView, _ hash: UInt64) -> Int? {
        var slot = slots.first(hash)
        while case let number = slots[slot], number >= 0 {
            if entries[number].hash == hash, entries[number].bytes == bytes { return number }
            slot = slots.next(slot)
        }
        return nil
    }

    fileprivate mutating func add(_ entry: StringTable.Entry) -> Int {
        entries.append(entry)
        if slots.hasRoom(for: entries.count) {
            slots.insert(entries.count - 1, entry.hash)
        } else {
            slots = HashSlots(entries: entries.count * 2)
            for number in entries.indices { slots.insert(number, entries[number].hash) }
        }
        return entries.count - 1
    }
}

extension ByteView {
    /// A hash of the bytes: each word is multiplied into a state of 64 bits, and the halves of the product are folded.
    @inline(__always)
    fileprivate func hash(seed: UInt64) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
        var index = 0
        while let word = word(at: index) {
            state = fold(state ^ word)
            index += 8
        }
        if index < count {
            var rest: UInt64 = 0
            while index < count {
                rest = rest << 8 | UInt64(self[index])
                index += 1
            }
            state = fold(state ^ rest)
        }
        return fold(state)
    }
}

@inline(__always)
private func fold(_ value: UInt64) -> UInt64 {
    let (high, low) = value.multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
    return high ^ low
}
