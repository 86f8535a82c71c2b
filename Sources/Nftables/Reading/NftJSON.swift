internal import KubeChainsBytes
internal import KubeChainsJSON

/// A value of nft's JSON (libnftables-json(5)).
indirect enum NftJSON {
    case null
    /// A word, or a number's text.
    case word(String)
    case string(String)
    case array([NftJSON])
    case object([(key: String, value: NftJSON)])

    init(_ json: inout JSONReader) throws(ReadFault) {
        json.skipSpace()
        let start = json.position
        switch json.bytes[start] {
        case UInt8(ascii: "{"):
            var members: [(key: String, value: NftJSON)] = []
            try json.enter()
            while let key = try json.nextKey() {
                members.append((json.shared(key), try NftJSON(&json)))
                try json.endMember(of: UInt8(ascii: "}"))
            }
            self = .object(members)
        case UInt8(ascii: "["):
            var elements: [NftJSON] = []
            try json.enter()
            while try json.nextElement() {
                elements.append(try NftJSON(&json))
                try json.endMember(of: UInt8(ascii: "]"))
            }
            self = .array(elements)
        case UInt8(ascii: "\""):
            let string = try json.readString()
            self = .string(json.shared(string))
        case UInt8(ascii: "n"):
            try json.skipLiteral("null")
            self = .null
        default:
            try json.skipValue()
            self = .word(json.bytes[start..<json.position].string)
        }
    }

    subscript(key: String) -> NftJSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }

    /// The only member, of an object that has one.
    var only: (key: String, value: NftJSON)? {
        guard case .object(let members) = self, members.count == 1 else { return nil }
        return members[0]
    }

    /// A string or a number as text.
    var text: String? {
        switch self {
        case .string(let text), .word(let text): text
        default: nil
        }
    }

    /// The elements; of a value that is no array, itself.
    var elements: [NftJSON] {
        switch self {
        case .array(let elements): elements
        case .null: []
        default: [self]
        }
    }
}

extension JSONReader {
    /// What a string says.
    fileprivate func shared(_ string: JSONString) -> String {
        string.hasEscapes ? String(decoding: decode(string), as: UTF8.self) : bytes[string.range].string
    }
}
