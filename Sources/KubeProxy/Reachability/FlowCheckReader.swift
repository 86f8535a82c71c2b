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
        do throws(ReadFault) {
            json.skipSpace()
            guard json.position < json.bytes.count else {
                throw .syntax(at: 0, "the input is empty; expected an object with 'checks'")
            }
            var isThere = false
            try json.object("the document") { json, key throws(ReadFault) in
                guard json.string(key, equals: "checks") else { return try json.skipValue() }
                isThere = true
                checks = []
                try json.array("checks") { json throws(ReadFault) in checks.append(try FlowCheck(&json)) }
            }
            json.skipSpace()
            guard json.position == json.bytes.count else { throw json.unexpected("the end of the document") }
            guard isThere else { throw .value(at: 0, "the document has no 'checks'; expected a list of them") }
        } catch {
            throw ReadFailure(error, in: 0).snapshotError(in: [source])
        }
        return checks
    }

    private init(_ json: inout JSONReader) throws(ReadFault) {
        let start = json.position
        var (name, to, expect): (String?, Target?, Expectation?) = (nil, nil, nil)
        var from: [Source] = []
        var (except, only): ([IPPrefix], [IPPrefix]) = ([], [])
        var nodes: [String]?
        try json.object("a check") { json, key throws(ReadFault) in
            if json.string(key, equals: "name") {
                name = try json.string("name").map { json.text($0.range) }
            } else if json.string(key, equals: "from") {
                from = try json.words("from").map { text, offset throws(ReadFault) in
                    try FlowCheck.source(text, at: offset)
                }
            } else if json.string(key, equals: "except") {
                except = try json.words("except").map { text, offset throws(ReadFault) in
                    try FlowCheck.range(text, at: offset)
                }
            } else if json.string(key, equals: "only") {
                only = try json.words("only").map { text, offset throws(ReadFault) in
                    try FlowCheck.range(text, at: offset)
                }
            } else if json.string(key, equals: "nodes") {
                nodes = try json.words("nodes").map { text, _ in text }
            } else if json.string(key, equals: "to") {
                to = try json.words("to").first.map { text, offset throws(ReadFault) in
                    try FlowCheck.target(text, at: offset)
                }
            } else if json.string(key, equals: "expect") {
                expect = try json.words("expect").first.map { text, offset throws(ReadFault) in
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
        guard let to else {
            throw .value(at: start, "the check has no 'to'; expected a Service, an address or a range")
        }
        guard let expect else { throw .value(at: start, "the check has no 'expect'") }
        guard !from.isEmpty else {
            throw .value(at: start, "the check has no 'from'; expected pods, node, nodes, outside, anybody, or ranges")
        }
        guard (expect == .reachesOnly) == !only.isEmpty else {
            throw .value(at: start, "'only' names the endpoints of reaches-only; give both or neither")
        }
        self.init(
            name: name ?? "a check without a name", from: from, except: except, to: to, expect: expect, only: only,
            nodes: nodes)
    }

    private static func source(_ text: String, at offset: Int) throws(ReadFault) -> Source {
        switch text {
        case "pods": return .origins([.pod, .otherPod])
        case "node": return .origins([.node])
        case "nodes": return .origins([.node, .otherNode])
        case "outside": return .origins([.outside])
        case "anybody": return .origins(SenderOrigin.allCases)
        default:
            guard let range = IPPrefix(text) ?? IPAddress(text).map({ IPPrefix(single: $0) }) else {
                throw .value(
                    at: offset,
                    "from is \"\(text)\"; expected pods, node, nodes, outside, anybody, an address or a range")
            }
            return .range(range)
        }
    }

    private static func range(_ text: String, at offset: Int) throws(ReadFault) -> IPPrefix {
        guard let range = IPPrefix(text) ?? IPAddress(text).map({ IPPrefix(single: $0) }) else {
            throw .value(at: offset, "\"\(text)\" is no address or range")
        }
        return range
    }

    private static func target(_ text: String, at offset: Int) throws(ReadFault) -> Target {
        if let range = IPPrefix(text) { return .addresses(range, port: nil) }
        let target: ExplainTarget?
        do throws(ExplainTargetError) { target = try ExplainTarget(text) } catch { target = nil }
        switch target {
        case .service(let namespace, let name, let port): return .service(namespace: namespace, name: name, port: port)
        case .address(let address, let port, _): return .addresses(IPPrefix(single: address), port: port)
        default:
            throw .value(
                at: offset, "to is \"\(text)\"; expected namespace/service[:port], IP[:port] or a range")
        }
    }
}

extension JSONReader {
    /// A string, or an array of strings, each with its offset; no string for `null`.
    fileprivate mutating func words(_ what: StaticString) throws(ReadFault) -> [(text: String, offset: Int)] {
        if try skipNull() { return [] }
        var words: [(text: String, offset: Int)] = []
        guard bytes[position] == UInt8(ascii: "[") else {
            return try string(what).map { [(text($0.range), $0.offset)] } ?? []
        }
        try strings(what) { json, string throws(ReadFault) in words.append((json.text(string.range), string.offset)) }
        return words
    }
}
