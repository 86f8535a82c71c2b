internal import KubeChainsBytes
internal import NetAddress

/// Reads entries as `conntrack -L -o xml` prints them (libnetfilter_conntrack: `snprintf_xml.c`): a `flow` has a `meta` for each
/// direction and one for what is of both. Elements that are not known are ignored.
struct XMLListReader {
    /// The longest name, value or stretch between tags that is read.
    private static let partLimit = 4096

    private let text: ByteView
    private var position: Int
    private var line = 1
    /// Up to where lines are counted.
    private var counted = 0

    init(_ text: ByteView, from start: Int) {
        self.text = text
        position = start
    }

    /// A tag, without what its attributes say.
    private struct Tag {
        enum Kind { case start, end, empty }
        let kind: Kind
        let name: Range<Int>
        let attributes: Range<Int>
        /// The text before it.
        let before: Range<Int>
    }

    /// Calls `body` with each entry.
    mutating func forEachEntry(_ body: (ConntrackEntry) -> Void) throws(ConntrackFault) -> Int {
        var count = 0
        var isOpen = false
        while let tag = try nextTag() {
            if !isOpen {
                guard text.range(tag.name, equals: "conntrack"), tag.kind != .end else {
                    throw ConntrackFault(
                        code: .notConnections, offset: tag.name.lowerBound, found: text.quoted(tag.name),
                        expected: "<conntrack>", remedy: "give what 'conntrack -L -o xml' prints")
                }
                isOpen = tag.kind == .start
            } else if tag.kind == .end {
                isOpen = false
            } else {
                guard text.range(tag.name, equals: "flow") else {
                    throw unexpected(tag.name, "<flow>", ConntrackFault.takeAgain)
                }
                guard attribute("type", of: tag) == nil else {
                    throw unexpected(
                        tag.attributes, "<flow>",
                        "this may be what 'conntrack -E' prints; give what 'conntrack -L' prints")
                }
                count += 1
                if tag.kind == .start, let entry = try flow(tag) { body(entry) }
            }
        }
        if isOpen { throw endOfText }
        return count
    }

    /// The rest of a flow; nil: it is of a protocol that no Service port can have.
    private mutating func flow(_ tag: Tag) throws(ConntrackFault) -> ConntrackEntry? {
        countLines(upTo: tag.name.lowerBound)
        let number = line
        var entry = PartialEntry()
        var isOfService = true
        var direction = WritableKeyPath<PartialEntry, PartialEntry.Direction>?.none
        while let part = try nextTag() {
            if part.kind == .end {
                if text.range(part.name, equals: "flow") {
                    return isOfService
                        ? try entry.entry(line: number, tag.name.lowerBound - 1, part.name.lowerBound - 2) : nil
                }
                if isOfService { try set(part, direction, in: &entry) }
            } else if text.range(part.name, equals: "meta") {
                let name = attribute("direction", of: part)
                direction = nil
                if let name, text.range(name, equals: "original") { direction = \.original }
                if let name, text.range(name, equals: "reply") { direction = \.reply }
            } else if text.range(part.name, equals: "layer4") {
                guard let protocolNumber = attribute("protonum", of: part) else {
                    throw unexpected(part.name, "<layer4 protonum=…>", ConntrackFault.takeAgain)
                }
                if let transport = try text.transport(protocolNumber) {
                    entry.transport = transport
                } else {
                    isOfService = false
                }
            } else if text.range(part.name, equals: "unreplied") {
                entry.status.insert(.unreplied)
            } else if text.range(part.name, equals: "assured") {
                entry.status.insert(.assured)
            }
        }
        throw endOfText
    }

    /// Sets the field that ends with a tag.
    private func set(
        _ tag: Tag, _ direction: WritableKeyPath<PartialEntry, PartialEntry.Direction>?, in entry: inout PartialEntry
    ) throws(ConntrackFault) {
        let (name, value) = (tag.name, tag.before)
        if let direction {
            if text.range(name, equals: "src") {
                entry[keyPath: direction].source = try text.address(value)
            } else if text.range(name, equals: "dst") {
                entry[keyPath: direction].destination = try text.address(value)
            } else if text.range(name, equals: "sport") {
                entry[keyPath: direction].sourcePort = try text.port(value)
            } else if text.range(name, equals: "dport") {
                entry[keyPath: direction].destinationPort = try text.port(value)
            }
        } else if text.range(name, equals: "mark") {
            entry.mark = try text.mark(value)
        } else if text.range(name, equals: "zone") {
            guard let zone = text.number(value, upTo: 65535) else {
                throw unexpected(value, "a zone from 0 to 65535", ConntrackFault.takeAgain)
            }
            entry.zone = UInt16(zone)
        } else if text.range(name, equals: "state"), text.isClosingState(value) {
            entry.status.insert(.closing)
        }
    }

    // MARK: Tags

    /// The next tag, past declarations such as `<?xml …?>`; nil: there is none.
    private mutating func nextTag() throws(ConntrackFault) -> Tag? {
        while true {
            let start = position
            guard let open = text.firstIndex(of: UInt8(ascii: "<"), from: start) else {
                position = text.count
                return nil
            }
            guard let close = text.firstIndex(of: UInt8(ascii: ">"), from: open) else { throw endOfText }
            guard close - start <= XMLListReader.partLimit else {
                throw ConntrackFault(
                    offset: start, found: "\(close - start) bytes up to the end of a tag",
                    expected: "at most \(XMLListReader.partLimit)")
            }
            position = close + 1
            var inside = open + 1..<close
            if text[inside.lowerBound] == UInt8(ascii: "?") { continue }
            var kind = Tag.Kind.start
            if text[inside.lowerBound] == UInt8(ascii: "/") {
                kind = .end
                inside = inside.lowerBound + 1..<inside.upperBound
            } else if inside.count > 1, text[inside.upperBound - 1] == UInt8(ascii: "/") {
                kind = .empty
                inside = inside.lowerBound..<inside.upperBound - 1
            }
            var end = inside.lowerBound
            while end < inside.upperBound, XMLListReader.isOfName(text[end]) { end += 1 }
            let name = inside.lowerBound..<end
            guard !name.isEmpty else {
                throw unexpected(open..<close + 1, "a tag", ConntrackFault.takeAgain)
            }
            return Tag(kind: kind, name: name, attributes: end..<inside.upperBound, before: start..<open)
        }
    }

    private static func isOfName(_ byte: UInt8) -> Bool {
        lowercase(byte) &- UInt8(ascii: "a") < 26 || isDigit(byte) || byte == UInt8(ascii: "-")
    }

    /// The value of an attribute, without its quotes; nil: the tag does not have it.
    private func attribute(_ name: StaticString, of tag: Tag) -> Range<Int>? {
        var position = tag.attributes.lowerBound
        while position < tag.attributes.upperBound {
            if text[position] <= 0x20 {
                position += 1
                continue
            }
            let start = position
            while position < tag.attributes.upperBound, text[position] != UInt8(ascii: "=") { position += 1 }
            let key = start..<position
            let quote = text[position + 1]
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'"),
                let end = text.firstIndex(of: quote, from: position + 2), end < tag.attributes.upperBound
            else { return nil }
            if text.range(key, equals: name) { return position + 2..<end }
            position = end + 1
        }
        return nil
    }

    private mutating func countLines(upTo end: Int) {
        while counted < end {
            if text[counted] == UInt8(ascii: "\n") { line += 1 }
            counted += 1
        }
    }

    // MARK: Faults

    private var endOfText: ConntrackFault {
        ConntrackFault(
            code: .truncated, offset: text.count, found: "the end of the text", expected: "</conntrack>",
            remedy: "the list is cut off; take it again")
    }

    private func unexpected(_ range: Range<Int>, _ expected: String, _ remedy: String) -> ConntrackFault {
        ConntrackFault(offset: range.lowerBound, found: text.quoted(range), expected: expected, remedy: remedy)
    }
}
