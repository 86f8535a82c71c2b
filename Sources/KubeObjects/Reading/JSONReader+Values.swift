internal import KubeChainsBytes
internal import KubeChainsJSON
internal import NetAddress

// Values that several kinds of objects have.

extension JSONReader {
    /// The address that a string writes.
    @inline(__always)
    func address(_ string: JSONString) -> IPAddress? { withContents(string) { IPAddress(parsing: $0) } }

    /// The CIDR that a string writes, with white space around it allowed, as kube-proxy has it for source ranges.
    func prefix(_ string: JSONString) -> IPPrefix? {
        let text = withContents(string) { String(copying: $0) }
        var scalars = Substring(text).unicodeScalars
        while scalars.first?.properties.isWhitespace == true { scalars.removeFirst() }
        while scalars.last?.properties.isWhitespace == true { scalars.removeLast() }
        return IPPrefix(String(scalars))
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
}
