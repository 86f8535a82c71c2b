internal import KubeChainsBytes
internal import NetAddress

/// Reads entries as `conntrack -L`, with `-o extended` and other options too, and `/proc/net/nf_conntrack` have them, one a
/// line:
///
///     udp 17 29 src=10.244.1.9 dst=10.96.0.10 sport=4000 dport=53 [UNREPLIED] src=10.244.2.5 dst=10.244.1.9 sport=53 …
///
/// In front there may be the family (`ipv4 2`); the time and the state are missing where the flow is offloaded (kernel:
/// `ct_seq_show` of `net/netfilter/nf_conntrack_standalone.c`; libnetfilter_conntrack: `snprintf_default.c`).
struct ListLineReader {
    /// The longest line that is read. Lines have some 300 bytes; security contexts and labels add to it.
    static let lineLimit = 4096

    private let text: ByteView
    private let number: Int
    private let line: Range<Int>
    private var position: Int

    init(_ text: ByteView, _ line: Range<Int>, number: Int) {
        self.text = text
        self.number = number
        self.line = line
        position = line.lowerBound
    }

    /// The entry of the line; nil: it is of a protocol that no Service port can have.
    mutating func entry() throws(ConntrackFault) -> ConntrackEntry? {
        guard let transport = try header() else { return nil }
        var entry = PartialEntry()
        entry.transport = transport
        var directions = 0
        while let word = nextWord() {
            if text[word.lowerBound] == UInt8(ascii: "[") {
                if text.range(word, equals: "[UNREPLIED]") {
                    entry.status.insert(.unreplied)
                } else if text.range(word, equals: "[ASSURED]") {
                    entry.status.insert(.assured)
                } else {
                    skipBrackets(word)
                }
                continue
            }
            guard let equals = text[word].firstIndex(of: UInt8(ascii: "=")) else {
                guard directions == 0 else { throw unexpected(word, "a field such as mark=0") }
                // The time until it ends, and the state.
                if text.isClosingState(word) { entry.status.insert(.closing) }
                continue
            }
            let (key, value) = (
                word.lowerBound..<word.lowerBound + equals, word.lowerBound + equals + 1..<word.upperBound
            )
            if text.range(key, equals: "src") {
                directions += 1
                guard directions <= 2 else { throw unexpected(word, "two directions") }
            }
            try set(key, value, in: &entry, directions)
        }
        return try entry.entry(line: number, line.lowerBound, line.upperBound)
    }

    /// Reads the family, where it is, and the protocol.
    private mutating func header() throws(ConntrackFault) -> TransportProtocol? {
        guard var name = nextWord() else { return nil }
        if text.range(name, equals: "ipv4") || text.range(name, equals: "ipv6") {
            guard let family = nextWord(), text.number(family, upTo: 255) != nil, let next = nextWord() else {
                throw unexpected(name, "a family, its number and a protocol, such as 'ipv4 2 tcp 6'")
            }
            name = next
        }
        guard let protocolNumber = nextWord(), isDigit(text[protocolNumber.lowerBound]) else { throw notAnEntry(name) }
        return try text.transport(protocolNumber)
    }

    private func set(
        _ key: Range<Int>, _ value: Range<Int>, in entry: inout PartialEntry, _ directions: Int
    ) throws(ConntrackFault) {
        if text.range(key, equals: "mark") {
            entry.mark = try text.mark(value)
        } else if text.range(key, equals: "zone") {
            guard let zone = text.number(value, upTo: 65535) else { throw unexpected(value, "a zone from 0 to 65535") }
            entry.zone = UInt16(zone)
        } else if directions > 0 {
            if directions == 1 {
                try set(key, value, in: &entry.original)
            } else {
                try set(key, value, in: &entry.reply)
            }
        }
    }

    private func set(
        _ key: Range<Int>, _ value: Range<Int>, in direction: inout PartialEntry.Direction
    ) throws(ConntrackFault) {
        if text.range(key, equals: "src") {
            direction.source = try text.address(value)
        } else if text.range(key, equals: "dst") {
            direction.destination = try text.address(value)
        } else if text.range(key, equals: "sport") {
            direction.sourcePort = try text.port(value)
        } else if text.range(key, equals: "dport") {
            direction.destinationPort = try text.port(value)
        }
    }

    // MARK: Words

    private mutating func nextWord() -> Range<Int>? {
        while position < line.upperBound, text.isBlank(at: position) { position += 1 }
        guard position < line.upperBound else { return nil }
        let start = position
        while position < line.upperBound, !text.isBlank(at: position) { position += 1 }
        return start..<position
    }

    /// Steps over what stands in brackets, which may be several words: `[start=Mon Nov 30 01:00:00 2026]`.
    private mutating func skipBrackets(_ word: Range<Int>) {
        var last = word
        while text[last.upperBound - 1] != UInt8(ascii: "]"), let next = nextWord() { last = next }
    }

    // MARK: Faults

    private func unexpected(_ word: Range<Int>, _ expected: String) -> ConntrackFault {
        ConntrackFault(offset: word.lowerBound, found: text.quoted(word), expected: expected)
    }

    /// That the line is something else than an entry.
    private func notAnEntry(_ word: Range<Int>) -> ConntrackFault {
        var remedy = ConntrackFault.takeAgain
        if text[word.lowerBound] == UInt8(ascii: "[") {
            remedy = "this may be what 'conntrack -E' prints; give what 'conntrack -L' prints"
        } else if text.range(word, equals: "-A") {
            remedy = "give what 'conntrack -L' prints without '-o save'"
        }
        return ConntrackFault(
            code: .notConnections, offset: word.lowerBound, found: text.quoted(word),
            expected: "a protocol with its number, such as 'tcp 6'", remedy: remedy)
    }
}

extension ByteView {
    /// Whether a byte separates words: a blank, a tab, or what Windows has before the end of a line.
    func isBlank(at offset: Int) -> Bool {
        let byte = self[offset]
        return byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
