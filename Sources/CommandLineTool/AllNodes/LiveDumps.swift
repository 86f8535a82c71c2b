internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import NetAddress

/// What iptables-save or nft printed on several nodes: the files of a folder or of a tar archive, or one stream.
struct LiveDumps {
    /// Where a dump is.
    private enum Place: Sendable {
        case file(String)
        case part(of: SnapshotSource, Range<Int>, name: String)

        func open() throws(CommandFailure) -> SnapshotSource {
            switch self {
            case .file(let path): try InputFile.open(path)
            case .part(let source, let range, let name): SnapshotSource(name: name, copying: source.bytes[range])
            }
        }
    }

    /// What the folder, archive or stream is called in messages.
    let name: String
    /// The places of each node's dumps, in their order, each with the family that its name says.
    private var places: [String: [(place: Place, family: AddressFamily?)]] = [:]
    /// The names of files, or those in headers, that are no Node's.
    private(set) var others: [String] = []

    /// How a line begins that names the node whose dump follows it in a stream. iptables and nft take it for a comment.
    static let header: StaticString = "# node: "

    /// Reads the names in a folder, the headers of an archive, or those of a stream.
    ///
    /// - Parameters:
    ///   - path: the folder, archive or stream; `-` is standard input.
    ///   - nodes: the names of the Nodes.
    init(_ path: String, nodes: Set<String>) throws(CommandFailure) {
        name = path == "-" ? "<stdin>" : path
        do throws(SystemError) {
            if path != "-", let names = try System.names(inFolder: path) {
                for name in names { add(name, nodes, .file("\(path)/\(name)")) }
                return
            }
        } catch {
            throw .input("\(path): error: cannot be read: \(error)")
        }
        let source = try InputFile.open(path)
        let archive: TarArchive?
        do throws(TarArchive.ReadingError) {
            archive = try TarArchive(source.bytes)
        } catch {
            throw .input("\(source.name): error: \(error.message)")
        }
        guard let archive else {
            if let foreign = ForeignEncoding(source.bytes) {
                throw .input("\(source.name): error: it is \(foreign.name); \(foreign.remedy)")
            }
            try readStream(source, nodes)
            return
        }
        for file in archive.files {
            let name = String(file.name.split(separator: "/").last ?? "")
            // Archives of macOS hold a hidden file beside each file.
            if name.hasPrefix(".") { continue }
            add(name, nodes, .part(of: source, file.range, name: "\(source.name):\(file.name)"))
        }
    }

    /// Whether no Node has a dump.
    var isEmpty: Bool { places.isEmpty }

    /// Whether a node has a dump.
    func has(_ node: String) -> Bool { places[node] != nil }

    /// Opens what there is of a node.
    func files(of node: String) throws(CommandFailure) -> [SnapshotSource] {
        var sources: [SnapshotSource] = []
        for (place, _) in places[node] ?? [] { sources.append(try place.open()) }
        return sources
    }

    /// Opens the dumps of a node, each of one program, with its family where its name or its head says that.
    func dumps(of node: String) throws(CommandFailure) -> [(source: SnapshotSource, family: AddressFamily?)] {
        var dumps: [(SnapshotSource, AddressFamily?)] = []
        for (place, family) in places[node] ?? [] {
            for source in try place.open().dumps { dumps.append((source, family ?? source.headerFamily)) }
        }
        return dumps
    }

    /// Takes a file whose name says the node: `NODE.save` or `NODE.nft`, or with the family as `render --output-dir` names
    /// files, such as `NODE.ipv6.save`.
    private mutating func add(_ name: String, _ nodes: Set<String>, _ place: Place) {
        for ending in [".save", ".nft"] where name.hasSuffix(ending) {
            let stem = String(name.dropLast(ending.utf8.count))
            let names = [(stem, nil), (stem.without(".ipv4"), AddressFamily.ipv4), (stem.without(".ipv6"), .ipv6)]
            for (node, family) in names where nodes.contains(node) {
                places[node, default: []].append((place, family))
                return
            }
        }
        others.append(name)
    }

    private mutating func readStream(_ source: SnapshotSource, _ nodes: Set<String>) throws(CommandFailure) {
        let bytes = source.bytes
        var node: String?
        var start = 0
        func end(_ dumps: inout LiveDumps, at offset: Int) {
            guard let node else { return }
            guard nodes.contains(node) else { return dumps.others.append(node) }
            let place = Place.part(of: source, start..<offset, name: "\(source.name):\(node)")
            dumps.places[node, default: []].append((place, nil))
        }
        bytes.eachLine { line in
            guard bytes[line].hasPrefix(LiveDumps.header) else { return }
            end(&self, at: line.lowerBound)
            node = bytes[(line.lowerBound + LiveDumps.header.utf8CodeUnitCount)..<line.upperBound].string.trimmed
            start = min(line.upperBound + 1, bytes.count)
        }
        end(&self, at: bytes.count)
        guard node != nil else {
            throw .input(
                "\(source.name): error: it is neither a folder nor a tar archive, and no line begins with "
                    + "'\(LiveDumps.header)'; expected NODE.save in a folder or archive, or a stream with "
                    + "'\(LiveDumps.header)NODE' before each node's dump")
        }
    }
}

extension SnapshotSource {
    /// A copy of some bytes, below empty lines.
    fileprivate convenience init(name: String, copying bytes: ByteView, below emptyLines: Int = 0) {
        var text = [UInt8](repeating: UInt8(ascii: "\n"), count: emptyLines)
        unsafe bytes.withBytes { unsafe text.append(contentsOf: $0) }
        self.init(name: name, bytes: text)
    }

    /// What each program printed, where several printed one after the other: iptables-save and ip6tables-save, both backends,
    /// or nft before them. Each begins with a remark that names the program.
    fileprivate var dumps: [SnapshotSource] {
        var programs: [(name: String?, start: Int, line: Int)] = [(nil, 0, 0)]
        var number = 0
        bytes.eachLine { line in
            defer { number += 1 }
            // `# Generated by iptables-save v1.8.9 (nf_tables) on DATE`; nft's backend writes it before each table.
            guard bytes[line].hasPrefix("# Generated by ip") else { return }
            let words = bytes[line].string.split(separator: " ").dropFirst(3).prefix { $0 != "on" }
            let program = words.joined(separator: " ")
            if programs.last?.name != program { programs.append((program, line.lowerBound, number)) }
        }
        // Before the first remark there is mostly nothing.
        if programs.count > 1, bytes[0..<programs[1].start].isBlankOrRemarks { programs.removeFirst() }
        guard programs.count > 1 else { return [self] }
        return programs.indices.map { index in
            let end = index + 1 < programs.count ? programs[index + 1].start : bytes.count
            let (_, start, line) = programs[index]
            // Empty lines in the place of what comes before keep the numbers of lines.
            return SnapshotSource(name: name, copying: bytes[start..<end], below: line)
        }
    }
}

extension ByteView {
    /// Calls `body` with the range of each line, without its end.
    fileprivate func eachLine(_ body: (Range<Int>) -> Void) {
        var start = 0
        while start < count {
            let end = firstIndex(of: UInt8(ascii: "\n"), from: start) ?? count
            body(start..<end)
            start = end + 1
        }
    }

    /// Whether each line is empty or a remark.
    fileprivate var isBlankOrRemarks: Bool {
        var isBlank = true
        eachLine { line in
            let text = self[line].string.trimmed
            if !text.isEmpty, !text.hasPrefix("#") { isBlank = false }
        }
        return isBlank
    }
}

extension String {
    fileprivate func without(_ ending: String) -> String {
        hasSuffix(ending) ? String(dropLast(ending.utf8.count)) : self
    }

    /// Without white space at both ends.
    fileprivate var trimmed: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\r" || $0 == "\r\n" }
        var rest = self[...].drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return String(rest)
    }
}
