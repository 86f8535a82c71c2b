internal import KubeChainsBytes
internal import NetAddress

/// An entry while it is read.
struct PartialEntry {
    /// One direction, as far as it was read.
    struct Direction {
        var source: IPAddress?
        var destination: IPAddress?
        var sourcePort: UInt16?
        var destinationPort: UInt16?

        /// The first field that is missing; nil: none is.
        var missing: String? {
            if source == nil { return "src" }
            if destination == nil { return "dst" }
            if sourcePort == nil { return "sport" }
            return destinationPort == nil ? "dport" : nil
        }

        /// The direction, if it is whole and of one family.
        var tuple: ConntrackTuple? {
            guard let source, let destination, let sourcePort, let destinationPort,
                source.family == destination.family
            else { return nil }
            return ConntrackTuple(
                source: source, destination: destination, sourcePort: sourcePort, destinationPort: destinationPort)
        }
    }

    var transport = TransportProtocol.tcp
    var original = Direction()
    var reply = Direction()
    var status: ConntrackEntry.Status = []
    var mark: UInt32 = 0
    var zone: UInt16 = 0

    /// The whole entry.
    ///
    /// - Parameters:
    ///   - start: where the entry begins in the text.
    ///   - end: where it ends.
    func entry(line: Int, _ start: Int, _ end: Int) throws(ConntrackFault) -> ConntrackEntry {
        guard let there = original.tuple, let back = reply.tuple, there.source.family == back.source.family else {
            if let missing = original.missing ?? reply.missing {
                let direction = original.missing == nil ? "answers'" : "client's"
                throw ConntrackFault(
                    code: .truncated, offset: end, found: "the end of the entry",
                    expected: "the \(direction) \(missing)")
            }
            throw ConntrackFault(
                offset: start, found: "an entry with addresses of both families", expected: "addresses of one family")
        }
        return ConntrackEntry(transport, there, reply: back, status: status, mark: mark, zone: zone, line: line)
    }
}

// MARK: Values

extension ByteView {
    /// The address in a range.
    func address(_ range: Range<Int>) throws(ConntrackFault) -> IPAddress {
        guard range.count <= 45, let address = withSpan(range, { IPAddress(parsing: $0) }) else {
            throw ConntrackFault(
                offset: range.lowerBound, found: quoted(range), expected: "an IPv4 or IPv6 address")
        }
        return address
    }

    /// The port in a range.
    func port(_ range: Range<Int>) throws(ConntrackFault) -> UInt16 {
        guard let port = number(range, upTo: 65535) else {
            throw ConntrackFault(offset: range.lowerBound, found: quoted(range), expected: "a port from 0 to 65535")
        }
        return UInt16(port)
    }

    /// The number of a protocol in a range: nil for one that no Service port can have.
    func transport(_ range: Range<Int>) throws(ConntrackFault) -> TransportProtocol? {
        guard let number = number(range, upTo: 255) else {
            throw ConntrackFault(
                offset: range.lowerBound, found: quoted(range), expected: "the number of a protocol from 0 to 255")
        }
        return TransportProtocol(number: UInt8(number))
    }

    /// The mark in a range.
    func mark(_ range: Range<Int>) throws(ConntrackFault) -> UInt32 {
        guard let mark = number(range, upTo: Int(UInt32.max)) else {
            throw ConntrackFault(offset: range.lowerBound, found: quoted(range), expected: "a mark of 32 bits")
        }
        return UInt32(mark)
    }

    /// Whether the state in a range is one of a connection that ends: TCP's from FIN_WAIT on, and the SHUTDOWN states of SCTP.
    func isClosingState(_ range: Range<Int>) -> Bool {
        let states: [StaticString] = [
            "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "CLOSED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
            "SHUTDOWN_ACK_SENT",
        ]
        return states.contains { self.range(range, equals: $0) }
    }

    /// The decimal number in a range; nil: it is none, or greater.
    func number(_ range: Range<Int>, upTo limit: Int) -> Int? {
        guard !range.isEmpty, range.count <= 10 else { return nil }
        var value = 0
        for index in range {
            guard isDigit(self[index]) else { return nil }
            value = value * 10 + Int(self[index] - UInt8(ascii: "0"))
        }
        return value <= limit ? value : nil
    }
}
