internal import KubeChainsBytes
internal import KubeChainsJSON
internal import NetAddress

// Values that several kinds of objects have.

extension JSONReader {
    /// The address that a string writes.
    @inline(__always)
    func address(_ string: JSONString) -> IPAddress? { withContents(string) { IPAddress(parsing: $0) } }

    /// Whether a string writes an address as its canonical text does. May be false where it does, for a string with
    /// escapes.
    @inline(__always)
    func isCanonical(_ string: JSONString, _ address: IPAddress) -> Bool {
        // No other text of an IPv4 address is as long as the canonical one: what is added to it makes it longer, be it
        // leading zeros or the form of an IPv4-mapped address.
        if address.family == .ipv4 { return string.range.count == address.ipv4TextCount }
        return isCanonicalIPv6(string, address)
    }

    private func isCanonicalIPv6(_ string: JSONString, _ address: IPAddress) -> Bool {
        let text = address.text
        guard string.range.count == text.count else { return false }
        return withContents(string) { bytes in
            guard bytes.count == text.count else { return false }
            for index in bytes.indices where bytes[index] != text[index] { return false }
            return true
        }
    }

    /// The contents of a string without white space around it.
    func trimmedContents(_ string: JSONString) -> String {
        var scalars = Substring(contents(string)).unicodeScalars
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return String(scalars)
    }

    /// The CIDR that a string writes, with white space around it allowed, as kube-proxy has it for source ranges.
    func prefix(_ string: JSONString) -> IPPrefix? {
        IPPrefix(trimmedContents(string))
    }

    /// Reads a port number; nil for `null`.
    mutating func port(_ what: StaticString, from lowest: Int) throws(ReadFault) -> UInt16? {
        try integer(what, in: lowest...65_535).map { UInt16($0) }
    }

    /// Reads a protocol; TCP for `null`.
    mutating func transport() throws(ReadFault) -> TransportProtocol {
        guard let name = try string("protocol") else { return .tcp }
        guard let transport = withContents(name, { TransportProtocol(kubernetesName: $0) }) else {
            throw .value(at: name.offset, "protocol is \(quoted(name)); expected TCP, UDP or SCTP")
        }
        return transport
    }

    /// Skips an object; whether it has any member.
    mutating func hasMembers() throws(ReadFault) -> Bool {
        let start = position
        try skipValue()
        // A member has a key in quotation marks.
        for offset in start..<position where bytes[offset] == UInt8(ascii: "\"") { return true }
        return false
    }

    /// Whether a string begins with a text.
    func string(_ string: JSONString, startsWith text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard !string.hasEscapes, string.range.count >= length else { return false }
        let start = string.range.lowerBound
        return bytes.range(start..<(start + length), equals: text)
    }

    /// Whether a string has a text in it.
    func string(_ string: JSONString, contains text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard !string.hasEscapes, string.range.count >= length else { return false }
        for start in string.range.lowerBound...(string.range.upperBound - length)
        where bytes.range(start..<(start + length), equals: text) {
            return true
        }
        return false
    }
}
