/// An IP address as kube-proxy reads and prints it.
///
/// Reading follows Go's old `net.ParseIP` (`netutils.ParseIPSloppy`): IPv4 octets are decimal and may have leading
/// zeros; an IPv4-mapped IPv6 address is an IPv4 address.
struct ReferenceAddress: Equatable {
    /// 4 octets for IPv4, 16 for IPv6.
    let octets: [UInt8]

    init(octets: [UInt8]) {
        let isMapped = octets.count == 16 && octets.prefix(12) == Self.mappedPrefix
        self.octets = isMapped ? Array(octets.suffix(4)) : octets
    }

    init?(_ text: String) {
        guard let octets = Self.parse(Array(text.utf8)) else { return nil }
        self.init(octets: octets)
    }

    static let mappedPrefix: ArraySlice<UInt8> = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]

    var family: ClusterDescription.Family { octets.count == 4 ? .ipv4 : .ipv6 }

    var isLoopback: Bool {
        family == .ipv4 ? octets[0] == 127 : octets.dropLast().allSatisfy { $0 == 0 } && octets[15] == 1
    }

    var isUnspecified: Bool { octets.allSatisfy { $0 == 0 } }

    /// Dotted decimal, or the shortest lower-case form of RFC 5952.
    var text: String {
        if family == .ipv4 { return octets.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { Int(octets[$0]) << 8 | Int(octets[$0 + 1]) }
        let words = groups.map { String($0, radix: 16) }
        let gap = Self.longestZeroRun(groups)
        guard gap.count > 1 else { return words.joined(separator: ":") }
        return words[..<gap.lowerBound].joined(separator: ":") + "::" + words[gap.upperBound...].joined(separator: ":")
    }

    private static func longestZeroRun(_ groups: [Int]) -> Range<Int> {
        var best = 0..<0
        for start in groups.indices {
            var end = start
            while end < groups.count, groups[end] == 0 { end += 1 }
            if end - start > best.count { best = start..<end }
        }
        return best
    }
}

extension ReferenceAddress {
    /// The octets that a text spells: 4 for dotted decimal, 16 for the colon form.
    static func parse(_ text: [UInt8]) -> [UInt8]? {
        for byte in text {
            if byte == UInt8(ascii: ".") { return parseIPv4(text[...]) }
            if byte == UInt8(ascii: ":") { return parseIPv6(text[...]) }
        }
        return nil
    }

    private static func parseIPv4(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var octets: [UInt8] = []
        for part in parts {
            guard let number = decimal(part), number <= 255 else { return nil }
            octets.append(UInt8(number))
        }
        return octets
    }

    private static func parseIPv6(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let halves = splitAtDoubleColon(text)
        if halves.count == 1 {
            guard let octets = parseGroups(halves[0]), octets.count == 16 else { return nil }
            return octets
        }
        // A dotted tail stands only at the very end of the text, and "::" stands for one group of zeros at least.
        guard halves.count == 2, !halves[0].contains(UInt8(ascii: ".")),
            let head = parseGroups(halves[0]), let tail = parseGroups(halves[1]), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }

    private static func splitAtDoubleColon(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        let colon = UInt8(ascii: ":")
        for index in text.indices.dropLast() where text[index] == colon && text[index + 1] == colon {
            return [text[..<index], text[(index + 2)...]]
        }
        return [text]
    }

    /// Groups of hexadecimal digits between colons, the last of which may be an IPv4 address; none for an empty text.
    private static func parseGroups(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        if text.isEmpty { return [] }
        var octets: [UInt8] = []
        let groups = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        for (index, group) in groups.enumerated() {
            if index == groups.count - 1, group.contains(UInt8(ascii: ".")) {
                guard let tail = parseIPv4(group) else { return nil }
                octets += tail
            } else {
                guard let word = hexadecimal(group) else { return nil }
                octets += [UInt8(word >> 8), UInt8(word & 0xFF)]
            }
        }
        return octets
    }

    /// A decimal number below 0xFFFFFF; leading zeros are allowed.
    static func decimal(_ digits: ArraySlice<UInt8>) -> Int? {
        number(digits, radix: 10, limit: 0xFFFFFF)
    }

    private static func hexadecimal(_ digits: ArraySlice<UInt8>) -> Int? {
        number(digits, radix: 16, limit: 0x10000)
    }

    private static func number(_ digits: ArraySlice<UInt8>, radix: Int, limit: Int) -> Int? {
        guard !digits.isEmpty else { return nil }
        var number = 0
        for digit in digits {
            guard let value = Character(Unicode.Scalar(digit)).hexDigitValue, value < radix else { return nil }
            number = number * radix + value
            guard number < limit else { return nil }
        }
        return number
    }
}

/// A CIDR as kube-proxy reads and prints it: masked to its network, an IPv4-mapped one as IPv4.
struct ReferencePrefix {
    let network: ReferenceAddress
    let length: Int
    /// The text that was read, which older versions print.
    let given: String

    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let slash = bytes.firstIndex(of: UInt8(ascii: "/")),
            let octets = ReferenceAddress.parse(Array(bytes[..<slash])),
            let length = ReferenceAddress.decimal(bytes[(slash + 1)...]), length <= octets.count * 8
        else { return nil }
        network = ReferenceAddress(octets: Self.masked(octets, to: length))
        self.length = octets.count == network.octets.count ? length : length - 96
        given = text
    }

    var family: ClusterDescription.Family { network.family }

    var text: String { "\(network.text)/\(length)" }

    func contains(_ address: ReferenceAddress) -> Bool {
        address.family == family && Self.masked(address.octets, to: length) == network.octets
    }

    private static func masked(_ octets: [UInt8], to length: Int) -> [UInt8] {
        octets.enumerated().map { index, octet in
            let kept = min(max(length - index * 8, 0), 8)
            return octet & UInt8(truncatingIfNeeded: 0xFF00 >> kept)
        }
    }
}
