internal import KubeChainsBytes
public import NetAddress

/// The connections that a list shows: `conntrack -L`, `conntrack -L -o xml` or `/proc/net/nf_conntrack`.
public struct ConntrackList: Sendable {
    /// How many connections the list shows, of any protocol.
    public private(set) var count = 0
    /// Those of TCP, UDP and SCTP that were asked for, in the order of the list.
    public private(set) var entries: [ConntrackEntry] = []

    /// No connections.
    public init() {}

    /// Reads a list; its content tells the form. Takes time linear in the text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8.
    ///   - isWanted: which entries are kept.
    /// - Throws: ``ConntrackError`` with the place of the first error. A text without any entry is no error.
    public init(
        parsing bytes: Span<UInt8>, where isWanted: (ConntrackEntry) -> Bool = { _ in true }
    ) throws(ConntrackError) {
        let result: Result<ConntrackList, ConntrackError> = unsafe bytes.withUnsafeBufferPointer { buffer in
            let text = unsafe ByteView(buffer)
            var list = ConntrackList()
            do throws(ConntrackFault) {
                try list.read(text, isWanted)
                return .success(list)
            } catch {
                return .failure(error.error(in: text))
            }
        }
        self = try result.get()
    }

    /// Adds what another list shows, such as that of the other family.
    public mutating func append(_ other: ConntrackList) {
        count += other.count
        entries += other.entries
    }

    /// The families of the entries.
    public var families: [AddressFamily] {
        AddressFamily.allCases.filter { family in entries.contains { $0.family == family } }
    }

    private mutating func read(_ text: ByteView, _ isWanted: (ConntrackEntry) -> Bool) throws(ConntrackFault) {
        if let encoding = ForeignEncoding(text) {
            throw ConntrackFault(
                code: .notConnections, offset: 0, found: encoding.name, expected: "a list of connections",
                remedy: encoding.remedy)
        }
        var start = text.byteOrderMarkLength
        while start < text.count, text[start] <= 0x20 { start += 1 }
        guard text[start] == UInt8(ascii: "<") else { return try readLines(text, isWanted) }
        var reader = XMLListReader(text, from: start)
        count = try reader.forEachEntry { if isWanted($0) { entries.append($0) } }
    }

    private mutating func readLines(_ text: ByteView, _ isWanted: (ConntrackEntry) -> Bool) throws(ConntrackFault) {
        var number = 0
        var start = 0
        while start < text.count {
            number += 1
            let end = text.firstIndex(of: UInt8(ascii: "\n"), from: start) ?? text.count
            defer { start = end + 1 }
            let line = start..<end
            guard line.count <= ListLineReader.lineLimit else {
                throw ConntrackFault(
                    offset: start, found: "a line of \(line.count) bytes",
                    expected: "at most \(ListLineReader.lineLimit)")
            }
            // Blank lines, and what conntrack says on standard error: `conntrack v1.4.7 (conntrack-tools): 3 flow entries …`.
            if line.allSatisfy({ text.isBlank(at: $0) }) || text[line].hasPrefix("conntrack v") { continue }
            count += 1
            var reader = ListLineReader(text, line, number: number)
            if let entry = try reader.entry(), isWanted(entry) { entries.append(entry) }
        }
    }
}
