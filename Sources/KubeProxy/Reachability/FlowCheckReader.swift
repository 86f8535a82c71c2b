internal import KubeChainsBytes
public import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

extension FlowCheck {
    /// Reads the checks of a JSON document: `{"checks": [{"name", "from", "except"?, "to", "expect", "only"?, "nodes"?}]}`.
    ///
    /// - Throws: ``SnapshotError`` with the place of the first fault.
    public static func read(_ source: SnapshotSource) throws(SnapshotError) -> [FlowCheck] {
        var json = JSONReader(source.bytes, source: 0, owner: source)
        var checks: [FlowCheck] = []
        var offsets: [Int] = []
        do throws(ReadFault) {
            json.skipSpace()
            guard json.position < json.bytes.count else {
                throw .syntax(at: json.start, "the input is empty; expected an object with 'checks'")
            }
            var isThere = false
            try json.object("the document") { json, key throws(ReadFault) in
                guard json.string(key, equals: "checks") else { return try json.skipValue() }
                isThere = true
                (checks, offsets) = ([], [])
                var names: Set<String> = []
                try json.array("checks") { json throws(ReadFault) in
                    offsets.append(json.position)
                    let check = try FlowCheck(&json)
                    guard names.insert(check.name).inserted else {
                        throw .value(
                            at: offsets[offsets.count - 1],
                            "two checks have the name \"\(check.name)\"; reports tell checks by their names")
                    }
                    checks.append(check)
                }
            }
            json.skipSpace()
            guard json.position == json.bytes.count else { throw json.unexpected("the end of the document") }
            guard isThere else { throw .value(at: 0, "the document has no 'checks'; expected a list of them") }
        } catch {
            throw ReadFailure(error, in: 0).snapshotError(in: [source])
        }
        for (index, place) in PlaceFinder.places(of: offsets, in: source).enumerated() {
            checks[index].line = place.line
        }
        return checks
    }

    private init(_ json: inout JSONReader) throws(ReadFault) {
        let start = json.position
        var question = FlowQuestion()
        var (name, expect): (String?, Expectation?) = (nil, nil)
        var only: [IPPrefix] = []
        var onlyNodes: [String] = []
        var nodes: [String]?
        try json.object("a check") { json, key throws(ReadFault) in
            if json.string(key, equals: "name") {
                name = try json.word("name")?.text
            } else if json.string(key, equals: "from") {
                question.sources = try json.words("from").map { text, offset throws(ReadFault) in
                    if let source = FlowQuestion.Source(text) { return source }
                    throw .value(
                        at: offset,
                        "from is \"\(text)\"; expected pods, node, nodes, outside, anybody, an address or a range")
                }
            } else if json.string(key, equals: "except") {
                question.except = try json.ranges("except")
            } else if json.string(key, equals: "only") {
                (only, onlyNodes) = ([], [])
                for (text, offset) in try json.words("only") {
                    if let range = IPPrefix(addressOrRange: text) {
                        only.append(range)
                    } else if text.isEmpty || text.utf8.contains(where: { $0 == 0x2F || $0 == 0x3A }) {
                        throw .value(at: offset, "\"\(text)\" is no address, range or node")
                    } else {
                        onlyNodes.append(text)
                    }
                }
            } else if json.string(key, equals: "nodes") {
                nodes = try json.words("nodes").map { text, _ in text }
            } else if json.string(key, equals: "to") {
                question.target = try json.word("to").map { text, offset throws(ReadFault) in
                    if let target = FlowQuestion.Target(text) { return target }
                    throw .value(
                        at: offset, "to is \"\(text)\"; expected namespace/service[:port], IP[:port] or a range")
                }
            } else if json.string(key, equals: "expect") {
                expect = try json.word("expect").map { text, offset throws(ReadFault) in
                    guard let expectation = Expectation(rawValue: text) else {
                        let all = Expectation.allCases.map(\.rawValue).joined(separator: ", ")
                        throw .value(at: offset, "expect is \"\(text)\"; expected one of \(all)")
                    }
                    return expectation
                }
            } else {
                throw .value(
                    at: key.offset,
                    "a check has no member \(json.quoted(key)); expected name, from, except, to, expect, only or nodes")
            }
        }
        guard question.target != nil else {
            throw .value(at: start, "the check has no 'to'; expected a Service, an address or a range")
        }
        guard let expect else { throw .value(at: start, "the check has no 'expect'") }
        guard question.sources?.isEmpty == false else {
            throw .value(at: start, "the check has no 'from'; expected pods, node, nodes, outside, anybody, or ranges")
        }
        guard (expect == .reachesOnly) == !(only.isEmpty && onlyNodes.isEmpty) else {
            throw .value(at: start, "'only' names the endpoints of reaches-only; give both or neither")
        }
        guard let name, !name.isEmpty else {
            throw .value(at: start, "the check has no 'name', by which reports tell it from others")
        }
        self.init(name: name, question, expect: expect, only: only, onlyNodes: onlyNodes, nodes: nodes)
    }
}

extension JSONReader {
    /// A string with its offset; nil for `null`.
    fileprivate mutating func word(_ what: StaticString) throws(ReadFault) -> (text: String, offset: Int)? {
        try string(what).map { (contents($0), $0.offset) }
    }

    /// A string, or an array of strings, each with its offset; no string for `null`.
    fileprivate mutating func words(_ what: StaticString) throws(ReadFault) -> [(text: String, offset: Int)] {
        if try skipNull() { return [] }
        var words: [(text: String, offset: Int)] = []
        guard bytes[position] == UInt8(ascii: "[") else {
            if let string = try string(what) { words.append((contents(string), string.offset)) }
            return words
        }
        try strings(what) { json, string throws(ReadFault) in words.append((json.contents(string), string.offset)) }
        return words
    }

    /// Addresses and ranges.
    fileprivate mutating func ranges(_ what: StaticString) throws(ReadFault) -> [IPPrefix] {
        try words(what).map { text, offset throws(ReadFault) in
            if let range = IPPrefix(addressOrRange: text) { return range }
            throw .value(at: offset, "\"\(text)\" is no address or range")
        }
    }
}
