internal import KubeChainsBytes
internal import KubeChainsJSON

extension NftTable {
    /// The tables of what `nft -j list ruleset` or `nft -j list table` prints, of nft 1.0 and 1.1.
    ///
    /// nft 1.0 leaves the comments of tables and chains out.
    ///
    /// - Throws: ``NftError`` if the text is not that.
    public static func tables(fromJSON bytes: [UInt8]) throws(NftError) -> [NftTable] {
        let source = SnapshotSource(name: "", bytes: bytes)
        var json = JSONReader(source.bytes, source: 0, owner: source)
        do throws(ReadFault) {
            let document = try NftJSON(&json)
            return try tables(document)
        } catch {
            let line = bytes.prefix(error.offset).count { $0 == UInt8(ascii: "\n") } + 1
            throw NftError(line: line, message: error.message)
        }
    }

    private static func tables(_ document: NftJSON) throws(ReadFault) -> [NftTable] {
        guard let objects = document["nftables"] else {
            throw .value(at: 0, "the object has no member 'nftables'; expected what 'nft -j list ruleset' prints")
        }
        var reader = JSONObjects()
        for object in objects.elements {
            if let (kind, value) = object.only { reader.add(kind, value) }
        }
        return reader.tables
    }
}

/// Gathers the objects of a ruleset, which come one after the other.
private struct JSONObjects {
    private(set) var tables: [NftTable] = []
    private var places: [String: Int] = [:]
    /// The places of chains by table and name.
    private var chains: [[String: Int]] = []
    /// Whether comments on tables and chains are left out.
    private var omitsComments = false

    mutating func add(_ kind: String, _ object: NftJSON) {
        if kind == "metainfo" {
            omitsComments = object["version"]?.text?.hasPrefix("1.0") ?? false
            return
        }
        let family = object["family"]?.text ?? ""
        let key = "\(family) \((kind == "table" ? object["name"] : object["table"])?.text ?? "")"
        if kind == "table" {
            var table = NftTable(family: family, name: object["name"]?.text ?? "")
            table.comment = object["comment"]?.text
            table.flags = (object["flags"]?.elements.compactMap(\.text) ?? []).sorted()
            table.omitsComments = omitsComments
            places[key] = tables.count
            tables.append(table)
            chains.append([:])
            return
        }
        guard let place = places[key] else { return }
        let name = object["name"]?.text ?? ""
        switch kind {
        case "chain":
            var chain = NftChain(name: name)
            chain.comment = object["comment"]?.text
            if let hook = object["hook"]?.text {
                chain.base = NftBase(
                    type: object["type"]?.text ?? "", hook: hook,
                    priority: object["prio"]?.text.flatMap { Int32($0) }.map(Int.init) ?? 0)
                chain.base?.policy = object["policy"]?.text ?? "accept"
            }
            chains[place][name] = tables[place].chains.count
            tables[place].chains.append(chain)
        case "rule":
            guard let chain = object["chain"]?.text.flatMap({ chains[place][$0] }) else { return }
            let tokens = object["expr"]?.elements.flatMap { JSONExpression.statement($0) } ?? []
            let comment = object["comment"]?.text.map { [NftToken.word("comment"), .quoted($0)] } ?? []
            tables[place].chains[chain].rules.append(NftRule(tokens + comment))
        case "set", "map": tables[place].sets.append(NftSet(object, isMap: kind == "map", omitsComments))
        case "counter": tables[place].counters.append(name)
        default: tables[place].unknown.append("\(kind) \(name)")
        }
    }
}

extension NftSet {
    fileprivate init(_ object: NftJSON, isMap: Bool, _ isOld: Bool) {
        self.init(name: object["name"]?.text ?? "", isMap: isMap)
        keyTypes = object["type"]?.elements.compactMap(\.text) ?? []
        dataType = object["map"]?.text
        flags = (object["flags"]?.elements.compactMap(\.text) ?? []).sorted()
        timeout = object["timeout"]?.text.flatMap { UInt32($0) }.map { Int($0) * 1000 }
        size = object["size"]?.text.flatMap { Int($0) }
        comment = object["comment"]?.text
        // nft 1.0 does not say that rules add elements.
        if isOld, flags == ["timeout"], size != nil { flags = ["dynamic", "timeout"] }
        elements = object["elem"]?.elements.map { NftElement($0, isMap: isMap) } ?? []
    }
}

extension NftElement {
    fileprivate init(_ value: NftJSON, isMap: Bool) {
        var key = value
        var data: String?
        if isMap, case .array(let pair) = value, pair.count == 2 {
            key = pair[0]
            data = JSONExpression.statement(pair[1]).map(\.text).joined(separator: " ")
        }
        let comment = key["elem"]?["comment"]?.text
        if let inner = key["elem"]?["val"] { key = inner }
        let parts = key["concat"]?.elements ?? [key]
        self.init(
            key: parts.map { JSONExpression.value($0).map(\.text).joined() }, comment: comment, data: data)
    }
}

/// Statements and expressions of JSON as the words of a listing.
private enum JSONExpression {
    /// The words of a statement.
    static func statement(_ json: NftJSON) -> [NftToken] {
        guard let (kind, value) = json.only else { return unknown(json) }
        switch kind {
        case "accept", "drop", "continue", "return": return [.word(kind)]
        case "goto", "jump": return [.word(kind), .word(value["target"]?.text ?? "")]
        case "match": return match(value)
        case "mangle":
            guard let key = value["key"], let new = value["value"] else { return unknown(json) }
            return self.value(key) + [.word("set")] + self.value(new)
        case "masquerade":
            return [.word(kind)] + (value["flags"]?.elements.compactMap(\.text).map { .word($0) } ?? [])
        case "reject":
            let isDefault = value["expr"]?.text == "port-unreachable" && value["type"]?.text?.hasPrefix("icmp") == true
            guard !isDefault, let type = value["type"]?.text else { return [.word(kind)] }
            return [.word(kind), .word("with"), .word(type)] + (value["expr"].map { self.value($0) } ?? [])
        case "dnat", "snat": return translation(kind, value)
        case "set":
            guard let operation = value["op"]?.text, let set = value["set"]?.text, let element = value["elem"] else {
                return unknown(json)
            }
            return [.word(operation), .word(set), .symbol("{")] + self.value(element) + [.symbol("}")]
        case "vmap":
            guard let key = value["key"], let data = value["data"] else { return unknown(json) }
            return self.value(key) + [.word("vmap")] + self.value(data)
        case "counter":
            if let name = value.text { return [.word(kind), .word("name"), .quoted(name)] }
            // What it has counted is no part of the rule.
            return [.word(kind)]
        default: return unknown(json)
        }
    }

    private static func match(_ json: NftJSON) -> [NftToken] {
        guard let left = json["left"], let right = json["right"] else { return unknown(json) }
        var operation = json["op"]?.text ?? "=="
        let isMask = left["&"] != nil
        if operation == "in" || operation == "==" && !isMask { operation = "" }
        let isInterface = ["iifname", "oifname", "iif", "oif"].contains(left["meta"]?["key"]?.text ?? "")
        let words = isInterface ? right.text.map { [NftToken.quoted($0)] } ?? value(right) : value(right)
        return value(left) + (operation.isEmpty ? [] : [.word(operation)]) + words
    }

    private static func translation(_ kind: String, _ json: NftJSON) -> [NftToken] {
        guard let address = json["addr"] else { return unknown(json) }
        var words: [NftToken] = [.word(kind)]
        if let family = json["family"]?.text { words.append(.word(family)) }
        words.append(.word("to"))
        if let text = address.text {
            let port = json["port"]?.text
            let isIPv6 = text.contains { $0 == ":" }
            return words + [.word(port.map { (isIPv6 ? "[\(text)]" : text) + ":\($0)" } ?? text)]
        }
        guard let map = address["map"], let key = map["key"], let data = map["data"] else { return unknown(json) }
        return words + value(key) + [.word("map")] + value(data)
    }

    /// The words of an expression.
    static func value(_ json: NftJSON) -> [NftToken] {
        if let text = json.text { return [.word(text)] }
        guard let (kind, inner) = json.only else { return unknown(json) }
        func key(_ words: [String]) -> [NftToken] { (words + [inner["key"]?.text ?? ""]).map { .word($0) } }
        switch kind {
        case "meta":
            let bare = ["iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup", "iiftype", "oiftype"]
            return key(bare.contains(inner["key"]?.text ?? "") ? [] : ["meta"])
        case "ct": return key(["ct"])
        case "payload":
            return [.word(inner["protocol"]?.text ?? ""), .word(inner["field"]?.text ?? "")]
        case "fib":
            let flags = inner["flags"]?.elements.compactMap(\.text).joined(separator: " . ") ?? ""
            return [.word("fib"), .word(flags), .word(inner["result"]?.text ?? "")]
        case "concat":
            return Array(inner.elements.map { value($0) }.joined(separator: [.word(".")]))
        case "prefix": return [.word("\(inner["addr"]?.text ?? "")/\(inner["len"]?.text ?? "")")]
        case "range": return [.word(inner.elements.compactMap(\.text).joined(separator: "-"))]
        case "&", "|", "^":
            let sides = inner.elements
            guard sides.count == 2 else { return unknown(json) }
            return value(sides[0]) + [.word(kind)] + value(sides[1])
        case "numgen":
            return ["numgen", inner["mode"]?.text ?? "", "mod", inner["mod"]?.text ?? "", "offset"].map { .word($0) }
                + [.word(inner["offset"]?.text ?? "0")]
        case "set":
            let members = inner.elements.map { member -> [NftToken] in
                guard case .array(let pair) = member, pair.count == 2 else { return value(member) }
                let isVerdict = pair[1].only.map { ["goto", "jump", "drop", "accept", "return"].contains($0.key) }
                return value(pair[0]) + [.word(":")] + (isVerdict == true ? statement(pair[1]) : value(pair[1]))
            }
            return [.symbol("{")] + Array(members.joined(separator: [.symbol(",")])) + [.symbol("}")]
        case "elem": return inner["val"].map { value($0) } ?? unknown(json)
        default: return unknown(json)
        }
    }

    /// The words for what is not known.
    private static func unknown(_ json: NftJSON) -> [NftToken] {
        [.word("unknown"), .word(json.only?.key ?? "expression")]
    }
}

extension NftToken {
    fileprivate static func word(_ text: String) -> NftToken { NftToken(kind: .word, text: text) }
    fileprivate static func quoted(_ text: String) -> NftToken { NftToken(kind: .quoted, text: text) }
    fileprivate static func symbol(_ text: String) -> NftToken { NftToken(kind: .symbol, text: text) }
}
