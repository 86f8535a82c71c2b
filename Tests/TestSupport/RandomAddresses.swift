/// Random addresses, spelled in all the ways that kube-proxy accepts, and texts that it does not.
extension SeededGenerator {
    typealias Family = ClusterDescription.Family

    /// An address whose first octets are given and whose last `free` octets are random.
    mutating func address(_ network: [UInt8], free: Int) -> String {
        let size = network.count > 4 ? 16 : 4
        let zeros = [UInt8](repeating: 0, count: max(0, size - network.count - free))
        let kept = network.prefix(size - free)
        return ReferenceAddress(octets: kept + zeros + (0..<free).map { _ in octet() }).text
    }

    private mutating func octet() -> UInt8 {
        UInt8(chance(1, in: 3) ? number(in: 0...12) : number(in: 0...255))
    }

    mutating func clusterIP(_ family: Family) -> String {
        let address = family == .ipv4 ? address([172, 30], free: 2) : address([0xFD, 0, 1, 0x72, 0, 0x30], free: 2)
        return spelled(address)
    }

    mutating func podIP(_ family: Family) -> String {
        if family == .ipv4 { return address([10, pick([0, 1, 2, 10, 100, 180])], free: 2) }
        let subnet = UInt8(number(in: 0...3))
        return address([0xFD, 0, 0, 0x10, 0, 0, 0, subnet], free: number(in: 1...3))
    }

    mutating func externalIP(_ family: Family) -> String {
        if family == .ipv4 {
            return spelled(address(pick([[198, 51, 100], [192, 168, 98], [192, 168, 99]]), free: 1))
        }
        return spelled(address([0x20, 0x01, 0x0D, 0xB8, 0, pick([0x98, 0x99])], free: 2))
    }

    mutating func loadBalancerIP(_ family: Family) -> String {
        let address =
            family == .ipv4 ? address([1, 2], free: 2) : address([0x20, 0x01, 0x0D, 0xB8, 0xBE, 0xEF], free: 2)
        return spelled(address)
    }

    /// A text which kube-proxy does not take as an address.
    mutating func bogusAddress() -> String {
        pick([
            "bogus", "", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4 ", "1..3.4", "-1.2.3.4", "0x1.2.3.4",
            "10.0.0.1/32", "2001:db8::1::2", "fe80::1%eth0", "[2001:db8::1]", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8",
            "1:2:3:4:5:6:7:8::", "12345::", ":1", "::g", "::1.2.3", "lb.example.com",
        ])
    }

    /// An entry of `loadBalancerSourceRanges`, with white space around it now and then.
    mutating func sourceRange() -> String {
        let range = pick(weighted: [
            (
                30,
                pick([
                    "10.0.0.0/8", "192.168.0.0/16", "192.168.0.0/24", "203.0.113.0/24", "203.0.113.77/24",
                    "203.0.113.0/25", "198.51.100.7/32", "010.1.0.0/016", "::ffff:203.0.113.64/122",
                ])
            ),
            (25, pick(["2001:db8::/32", "2001:DB8::5/64", "2600:5200::/32", "fd00::/8", "2001:db8:0:0::2/128"])),
            (4, pick(["0.0.0.0/0", "::/0", "1.2.3.4/0"])),
            (
                3,
                pick([
                    "nonsense", "", "10.0.0.0", "10.0.0.0/33", "2001:db8::/129", "10.0.0.0/", "/8", "10.0.0.0/+8",
                    "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0 /8",
                ])
            ),
        ])
        return chance(1, in: 8) ? pick([" ", "\t", "", "\n"]) + range + pick([" ", "  ", "\t", "\n"]) : range
    }

    /// The same address, now and then in a form that is not canonical.
    mutating func spelled(_ text: String) -> String {
        guard let address = ReferenceAddress(text), chance(1, in: 10) else { return text }
        let octets = address.octets
        if address.family == .ipv4 {
            let isPadded = octets.map { _ in chance(1, in: 2) }
            let padded = zip(octets, isPadded).map { $1 ? paddedDecimal($0) : String($0) }.joined(separator: ".")
            let words = hexadecimalGroups(octets).joined(separator: ":")
            return pick(weighted: [(6, padded), (1, "::ffff:\(text)"), (1, "0:0:0:0:0:FFFF:\(words)")])
        }
        return pick([text.uppercased(), hexadecimalGroups(octets).joined(separator: ":")])
    }

    private func paddedDecimal(_ octet: UInt8) -> String {
        let digits = String(octet)
        return String(repeating: "0", count: 3 - digits.count) + digits
    }

    /// Groups of four digits.
    private func hexadecimalGroups(_ octets: [UInt8]) -> [String] {
        stride(from: 0, to: octets.count, by: 2).map { index in
            let digits = String(UInt32(octets[index]) << 8 | UInt32(octets[index + 1]) | 0x10000, radix: 16)
            return String(digits.dropFirst())
        }
    }
}
