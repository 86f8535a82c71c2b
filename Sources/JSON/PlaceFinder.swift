internal import KubeChainsBytes

/// Finds lines, columns and JSON paths of byte offsets, all offsets of an input in one pass.
///
/// Places are needed only for messages, so reading does not keep track of them.
package struct PlaceFinder {
    private struct Level {
        let isArray: Bool
        /// The element's index in an array.
        var index = 0
        /// The present key of an object.
        var key: Range<Int>?
    }

    private let name: String
    private let bytes: ByteView
    private var position = 0
    private var line = 1
    /// The offset of the present line; that of the first is the file's, a byte-order mark included.
    private var lineStart: Int
    private var levels: [Level] = []
    /// Whether the next string of the innermost object is a key.
    private var expectsKey = false

    package init(_ source: SnapshotSource) {
        name = source.name
        bytes = source.bytes
        lineStart = -source.markLength
    }

    /// The places of ascending offsets.
    package static func places(of offsets: [Int], in source: SnapshotSource) -> [Diagnostic.Place] {
        var finder = PlaceFinder(source)
        return offsets.map { finder.place(of: $0) }
    }

    private mutating func place(of offset: Int) -> Diagnostic.Place {
        while position < offset, position < bytes.count { step(before: offset) }
        return Diagnostic.Place(file: name, line: line, column: offset - lineStart + 1, path: path(of: offset))
    }

    /// Steps over one token or byte, but not beyond `limit`.
    private mutating func step(before limit: Int) {
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\n"):
            line += 1
            lineStart = position
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            levels.append(Level(isArray: byte == UInt8(ascii: "[")))
            expectsKey = byte == UInt8(ascii: "{")
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            _ = levels.popLast()
        case UInt8(ascii: ","):
            guard let last = levels.indices.last else { return }
            if levels[last].isArray { levels[last].index += 1 }
            levels[last].key = nil
            expectsKey = !levels[last].isArray
        case UInt8(ascii: "\""):
            stepOverString(before: limit)
        default:
            break
        }
    }

    private mutating func stepOverString(before limit: Int) {
        let start = position
        while position < limit, bytes[position] != UInt8(ascii: "\"") {
            if bytes[position] == UInt8(ascii: "\n") {
                line += 1
                lineStart = position + 1
            }
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        // A string that contains the place is incomplete; as a key it names nothing yet.
        guard position < limit else { return }
        if expectsKey, let last = levels.indices.last {
            levels[last].key = start..<position
            expectsKey = false
        }
        position += 1
    }

    /// The path of the value at an offset: `items[3].spec.ports[0].port`.
    private func path(of offset: Int) -> String {
        var path = ""
        for level in levels {
            if level.isArray {
                path += "[\(level.index)]"
            } else if let key = level.key {
                let text = JSONReader(bytes, source: 0).text(key)
                let isPlain = text.utf8.allSatisfy { byte in
                    isDigit(byte) || byte | 0x20 &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
                }
                path += isPlain ? (path.isEmpty ? "" : ".") + text : "[\"\(text)\"]"
            }
        }
        return path
    }
}

extension [SnapshotSource] {
    /// Messages with their places, in the order of the messages.
    package func diagnostics(_ severity: Diagnostic.Severity, _ messages: [PlacedMessage]) -> [Diagnostic] {
        let places = self.places(of: messages.compactMap(\.location))
        return messages.map { message in
            Diagnostic(severity, message.message, at: message.location.flatMap { places[$0] })
        }
    }

    /// The places of these locations, one walk for each input.
    package func places(of locations: [SourceLocation]) -> [SourceLocation: Diagnostic.Place] {
        var found: [SourceLocation: Diagnostic.Place] = [:]
        let sorted = locations.sorted()
        var start = 0
        while start < sorted.count {
            let source = sorted[start].source
            let end = sorted[start...].firstIndex { $0.source != source } ?? sorted.count
            let places = PlaceFinder.places(of: sorted[start..<end].map(\.offset), in: self[source])
            for (location, place) in zip(sorted[start..<end], places) { found[location] = place }
            start = end
        }
        return found
    }
}
