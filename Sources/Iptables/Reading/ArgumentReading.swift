internal import KubeChainsBytes

// How iptables reads numbers, marks, ports and lists: `xtables_strtoul` and its relatives in libxtables 1.8.9.

extension ByteView {
    /// The number that these bytes begin with, and where it ends: decimal, octal after `0`, hexadecimal after `0x`, as
    /// C's `strtoul` with base 0; nil if there is none or it needs more than 64 bits.
    func leadingNumber(from start: Int = 0, isDecimal: Bool = false) -> (value: UInt64, end: Int)? {
        var index = start
        if self[index] == UInt8(ascii: "+") { index += 1 }
        var base: UInt64 = 10
        if self[index] == UInt8(ascii: "0"), !isDecimal {
            if lowercase(self[index + 1]) == UInt8(ascii: "x"), hexadecimalDigit(self[index + 2]) != nil {
                base = 16
                index += 2
            } else {
                base = 8
            }
        }
        let first = index
        var value: UInt64 = 0
        while let digit = hexadecimalDigit(self[index]), digit < base {
            let (product, overflow) = value.multipliedReportingOverflow(by: base)
            let (sum, carry) = product.addingReportingOverflow(digit)
            guard !overflow, !carry else { return nil }
            value = sum
            index += 1
        }
        return index > first ? (value, index) : nil
    }

    /// The number that these bytes are, if it lies in a range.
    func number(in range: ClosedRange<UInt64>, isDecimal: Bool = false) -> UInt64? {
        guard let (value, end) = leadingNumber(isDecimal: isDecimal), end == count, range.contains(value) else {
            return nil
        }
        return value
    }
}

extension Token {
    /// The number that this word writes; `what` names it in the message.
    func number(_ range: ClosedRange<UInt64>, _ what: String) throws(RuleFault) -> UInt64 {
        if let value = bytes.number(in: range) { return value }
        throw fault(expected: "\(what) from \(range.lowerBound) to \(range.upperBound)")
    }

    func uint32(_ what: String) throws(RuleFault) -> UInt32 {
        UInt32(try number(0...UInt64(UInt32.max), what))
    }

    /// `VALUE` or `VALUE/MASK`; without a mask all bits count.
    func markAndMask() throws(RuleFault) -> (value: UInt32, mask: UInt32) {
        let limit = UInt64(UInt32.max)
        guard let (value, end) = bytes.leadingNumber(), value <= limit else {
            throw fault(expected: "a mark, VALUE or VALUE/MASK, of 32 bits")
        }
        if end == bytes.count { return (UInt32(value), .max) }
        guard bytes[end] == UInt8(ascii: "/"), let mask = bytes.dropFirst(end + 1).number(in: 0...limit) else {
            throw fault(expected: "a mark, VALUE or VALUE/MASK, of 32 bits")
        }
        return (UInt32(value), UInt32(mask))
    }

    /// A port by its number, or by its name where ``PortServiceNames`` has it.
    ///
    /// - Parameter isDecimal: whether `010` is ten, as the options read by `getaddrinfo` have it, and not eight.
    func port(_ bytes: ByteView, isDecimal: Bool = false) throws(RuleFault) -> UInt16 {
        if let value = bytes.number(in: 0...0xFFFF, isDecimal: isDecimal) { return UInt16(value) }
        if let port = PortServiceNames.port(named: bytes) { return port }
        throw fault(
            code: .unsupported, expected: "a port from 0 to 65535",
            remedy: "write the number; of service names only the best known are read here, since each host has its own")
    }

    /// `PORT`, or `FIRST:LAST` where either may be left out.
    func portRange(isDecimal: Bool = false, ascending: Bool = true) throws(RuleFault) -> PortRange {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
            let port = try port(bytes, isDecimal: isDecimal)
            return PortRange(first: port, last: port)
        }
        let (low, high) = (bytes[0..<colon], bytes.dropFirst(colon + 1))
        let first = low.isEmpty ? 0 : try port(low, isDecimal: isDecimal)
        let last = high.isEmpty ? 0xFFFF : try port(high, isDecimal: isDecimal)
        if ascending, first > last { throw fault(expected: "a range of ports from the lower to the higher") }
        return PortRange(first: first, last: last)
    }

    /// The set of names, separated by commas; names may be abbreviated, and case is ignored.
    ///
    /// - Parameter names: at most 32; the first that fits is taken.
    func nameSet(_ names: [StaticString], _ what: String) throws(RuleFault) -> UInt32 {
        var set: UInt32 = 0
        try bytes.forEachPart(separator: UInt8(ascii: ",")) { part throws(RuleFault) in
            guard !part.isEmpty, let index = names.firstIndex(where: { part.abbreviates($0) }) else {
                throw fault(
                    expected: "\(what), one or more of " + names.map { "\($0)" }.joined(separator: ","))
            }
            set |= 1 << UInt32(index)
        }
        return set
    }

    /// The text of a name. iptables-save writes it without quotes, so it must not need any.
    func name(_ what: String, atMost limit: Int, in table: StringTable) throws(RuleFault) -> String {
        try checkName(what, atMost: limit)
        return table.string(bytes)
    }

    /// Makes sure that this is a name that needs no quotes.
    func checkName(_ what: String, atMost limit: Int) throws(RuleFault) {
        let isPlain = bytes.firstIndex(ofByteBelow: UInt8(ascii: "#"), from: 0) == bytes.count
        guard (1...limit).contains(bytes.count), isPlain || needsNoQuotes else {
            throw fault(expected: "\(what), 1 to \(limit) bytes without blanks and quotes")
        }
    }

    /// Makes sure that this can be the name of a match, a target or a chain.
    func checkExtensionName(_ what: String, atMost limit: Int) throws(RuleFault) {
        try checkName(what, atMost: limit)
        if bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "!") {
            throw fault(expected: "\(what), which does not begin with - or !")
        }
    }

    private var needsNoQuotes: Bool {
        for index in 0..<bytes.count where bytes[index] <= UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\"") {
            return false
        }
        return bytes[0] != UInt8(ascii: "!")
    }

    /// The word's text, cut to the number of bytes that the kernel keeps, but never within a character.
    func text(atMost limit: Int, in table: StringTable) -> String {
        guard bytes.count > limit else { return table.string(bytes) }
        var end = limit
        while end > 0, bytes[end] & 0xC0 == 0x80 { end -= 1 }
        return table.string(bytes[0..<end])
    }
}

extension TextWriter {
    /// Appends the names of a set in the order of the list, separated by commas.
    mutating func append(_ set: UInt32, of names: [StaticString]) {
        var isFirst = true
        for (index, name) in names.enumerated() where set >> UInt32(index) & 1 == 1 {
            if !isFirst { append(UInt8(ascii: ",")) }
            append(name)
            isFirst = false
        }
    }

    /// Appends ` !` if so.
    @inline(__always)
    mutating func append(negation isNegated: Bool) {
        if isNegated { append(" !") }
    }

    /// Appends the text's bytes without making an array of them.
    @inline(__always)
    mutating func append(bytesOf string: String) {
        for byte in string.utf8 { append(byte) }
    }

    /// Appends a text as iptables-save writes those that may hold anything (`xtables_save_string`): bare where it has
    /// only letters, digits, `-` and `_`, otherwise in double quotes, with a backslash before quotes of both kinds and
    /// backslashes.
    mutating func append(quoting string: String) {
        let utf8 = string.utf8
        let isPlain = utf8.allSatisfy { byte in
            isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-")
                || byte == UInt8(ascii: "_")
        }
        if isPlain, !utf8.isEmpty { return append(bytesOf: string) }
        append(UInt8(ascii: "\""))
        for byte in utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "'") {
                append(UInt8(ascii: "\\"))
            }
            append(byte)
        }
        append(UInt8(ascii: "\""))
    }
}
