package import KubeChainsBytes

/// Where a text of iptables-save has the chains of Service ports and endpoints, found without reading its rules.
///
/// Only what iptables-save prints is taken: in the nat table first the chains, each once, then the rules, chain by chain, without
/// counters. Chains for local traffic and source ranges are not looked for.
package struct SavedChains: Sendable {
    /// A chain in the text.
    struct Place: Sendable {
        let kind: KubeChain
        let hash: ChainHash
        /// The bytes of the line that declares it, with its end, and the line's number from 1.
        let declaration: Range<Int>
        let line: Int32
        /// Where its rules begin, and the number of the first one's line; -1: it has none.
        var rules = -1
        var rulesLine: Int32 = 0
        /// Whether its rules do not follow each other.
        var isScattered = false
    }

    /// In the order of their declarations.
    private(set) var places: [Place] = []
    /// The positions of chains in the order of their rules.
    private(set) var rulesOrder: [Int32] = []
    private var slots = HashSlots(entries: 0)
    /// Seeded, so that no text can be made whose names all collide.
    private let seed = UInt64.random(in: .min ... .max)

    /// None.
    init() {}

    /// - Returns: nil where the text is not of that form.
    package init?(_ text: ByteView) {
        guard text[text.endOfLine(from: 0) - 1] != UInt8(ascii: "\r") else { return nil }
        var search = Search(text)
        while let line = search.next() {
            switch line {
            case .chain(let place): places.append(place)
            case .endOfChains: guard index() else { return nil }
            case .rules(let kind, let hash, let offset, let number):
                guard let position = position(of: kind, hash) else { continue }
                if places[position].rules >= 0 {
                    places[position].isScattered = true
                    continue
                }
                places[position].rules = offset
                places[position].rulesLine = number
                rulesOrder.append(Int32(truncatingIfNeeded: position))
            }
        }
        guard search.isWhole else { return nil }
    }

    /// Makes the chains known by name; false where one is declared twice.
    private mutating func index() -> Bool {
        slots = HashSlots(entries: places.count)
        for index in places.indices {
            guard position(of: places[index].kind, places[index].hash) == nil else { return false }
            slots.insert(index, mixed(places[index].kind, places[index].hash))
        }
        return true
    }

    /// The position of a chain; nil: the text does not have it.
    func position(of kind: KubeChain, _ hash: ChainHash) -> Int? {
        var slot = slots.first(mixed(kind, hash))
        while case let index = slots[slot], index >= 0 {
            if places[index].hash == hash, places[index].kind == kind { return index }
            slot = slots.next(slot)
        }
        return nil
    }

    private func mixed(_ kind: KubeChain, _ hash: ChainHash) -> UInt64 {
        var mixed = (hash.first ^ seed) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ mixed >> 32 ^ hash.second) &* 0xD6E8_FEB8_6659_FD93
        return (mixed ^ mixed >> 32) &+ UInt64(kind.rawValue)
    }
}

extension ChainName {
    /// The chain of a policy of the whole cluster, of external traffic or of an endpoint whose name is the word at an offset.
    init?(in text: ByteView, at offset: Int) {
        // `KUBE-`, then as in other places.
        guard let start = text.word(at: offset), start & 0xFF_FFFF_FFFF == 0x2D_4542_554B,
            text[offset + 8] == UInt8(ascii: "-"), text[offset + 25] <= UInt8(ascii: " "),
            let first = text.word(at: offset + 9), let second = text.word(at: offset + 17)
        else { return nil }
        let kind: Kind
        switch start >> 40 {
        case 0x50_4553: kind = .endpoint
        case 0x43_5653: kind = .clusterPolicy
        case 0x54_5845: kind = .external
        default: return nil
        }
        self.init(kind, ChainHash(first: first.byteSwapped, second: second.byteSwapped))
    }
}

/// Walks over the lines of the nat table.
private struct Search {
    enum Line {
        case chain(SavedChains.Place)
        case endOfChains
        /// The first rule of a chain that follows those of another.
        case rules(KubeChain, ChainHash, offset: Int, line: Int32)
    }

    private let text: ByteView
    private var position = 0
    private var number: Int32 = 0
    private var isNAT = false
    private var hasRules = false
    /// The chain of the last rule.
    private var last: ChainName?
    /// Whether the text is of the form that is looked for, so far.
    private(set) var isWhole = true

    init(_ text: ByteView) { self.text = text }

    mutating func next() -> Line? {
        while position < text.count, isWhole {
            let start = position
            if isNAT, hasRules, text[start] == UInt8(ascii: "-"), text[start + 1] == UInt8(ascii: "A") {
                guard isPlain(start + 2) else { return fail() }
                number += 1
                position = text.endOfLine(from: start) + 1
                let name = ChainName(in: text, at: start + 3)
                if name == last { continue }
                last = name
                if let name, let hash = name.hash { return .rules(name.kind, hash, offset: start, line: number) }
                continue
            }
            let end = text.endOfLine(from: start)
            switch text[start] {
            case UInt8(ascii: "*"):
                guard !isNAT else { return fail() }
                isNAT = text[start..<end] == "*nat"
                if isNAT, hasRules { return fail() }
            case UInt8(ascii: ":") where isNAT:
                guard !hasRules else { return fail() }
                // Another declaration is read as it is written.
                guard let name = ChainName(in: text, at: start + 1), let hash = name.hash,
                    text[start + 26..<end] == " - [0:0]"
                else { break }
                number += 1
                position = end + 1
                return .chain(
                    SavedChains.Place(
                        kind: name.kind, hash: hash, declaration: start..<min(position, text.count), line: number))
            case UInt8(ascii: "-") where isNAT:
                // The first rule is looked at again.
                guard text[start + 1] == UInt8(ascii: "A") else { return fail() }
                hasRules = true
                return .endOfChains
            case UInt8(ascii: "C") where isNAT: isNAT = false
            case UInt8(ascii: "#"), UInt8(ascii: "\n"): break
            default: guard !isNAT else { return fail() }
            }
            number += 1
            position = end + 1
        }
        return nil
    }

    /// Whether one blank and a word without quotes stand at an offset.
    private func isPlain(_ offset: Int) -> Bool {
        guard text[offset] == UInt8(ascii: " "), text[offset + 1] > UInt8(ascii: " ") else { return false }
        let end = text.firstIndex(ofByteBelow: UInt8(ascii: "#"), from: offset + 1)
        return text[end] == UInt8(ascii: " ") || text[end] == UInt8(ascii: "\n")
    }

    private mutating func fail() -> Line? {
        isWhole = false
        return nil
    }
}
