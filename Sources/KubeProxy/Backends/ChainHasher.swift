internal import KubeChainsBytes
internal import NetAddress

/// Hashes the names of a Service port's chain and of its endpoints' chains, up to four at a time.
struct ChainHasher {
    /// The messages in big-endian words: the first words of all lanes, the second ones, and so on.
    private var lanes = [UInt32](repeating: 0, count: 64 * SHA256.laneCount)
    private var lengths = InlineArray<4, Int>(repeating: 0)
    /// The lanes in use.
    private(set) var count = 0
    /// The messages' common beginning, which names the Service port.
    private var prefix: [UInt8] = []
    /// Those bytes of it that do not fill a word, in the word's high bits.
    private var prefixEnd: UInt32 = 0

    /// Whether all lanes are in use.
    var isFull: Bool { count == SHA256.laneCount }

    /// Selects the Service port that all messages begin with.
    mutating func begin(_ port: ServicePortPlan, _ naming: some ChainNaming) {
        count = 0
        prefix.removeAll(keepingCapacity: true)
        naming.appendPrefix(of: port, to: &prefix)
        let bytes = prefix
        var words = lanes.mutableSpan
        var word: UInt32 = 0
        for (index, byte) in bytes.enumerated() {
            word |= UInt32(byte) << UInt32(24 - (index & 3) * 8)
            guard index & 3 == 3 else { continue }
            for lane in 0..<SHA256.laneCount { words[index / 4 * SHA256.laneCount + lane] = word }
            word = 0
        }
        prefixEnd = word
    }

    /// Uses a lane for an endpoint of the Service port, or without a text for the Service port itself.
    mutating func add(_ endpoint: AddressText? = nil) {
        let lane = count
        let textLength = endpoint?.count ?? 0
        let length = prefix.count + textLength
        lengths[lane] = length
        count += 1
        let bits = UInt32(prefix.count & 3) * 8
        var (index, rest) = (prefix.count / 4, prefixEnd)
        var words = lanes.mutableSpan
        // The text, and the byte 0x80 that FIPS 180-4 puts behind every message.
        for position in 0...(textLength / 4) {
            var word: UInt32 = 0
            if let endpoint {
                word = UInt32(truncatingIfNeeded: endpoint.words[position >> 1] >> (position & 1 == 0 ? 32 : 0))
            }
            if position == textLength / 4 { word |= 0x80 << UInt32(24 - (textLength & 3) * 8) }
            words[index * SHA256.laneCount + lane] = rest | word >> bits
            rest = word << (32 - bits)
            index += 1
        }
        words[index * SHA256.laneCount + lane] = rest
        let end = SHA256.blockCount(of: length) * 16
        for blank in stride(from: index + 1, to: end - 1, by: 1) { words[blank * SHA256.laneCount + lane] = 0 }
        words[(end - 1) * SHA256.laneCount + lane] = UInt32(length * 8)
    }

    /// The hashes of the lanes in use, which are free afterwards.
    mutating func finish() -> InlineArray<4, ChainHash> {
        while count < SHA256.laneCount {
            lengths[count] = 0
            count += 1
        }
        count = 0
        let digests = SHA256.prefixes(of: lanes.span, lengths)
        return InlineArray { ChainHash(digests[$0]) }
    }

    /// The hash for an endpoint of the selected Service port whose text is not the canonical one.
    func hash(of endpoint: String) -> ChainHash {
        let bytes = prefix + endpoint.utf8
        return ChainHash(of: bytes.span)
    }
}
