package import NetAddress

/// Addresses from one to another, both included.
package struct AddressRange: Sendable, Hashable, CustomStringConvertible {
    package let family: AddressFamily
    /// The first address and the last, as numbers.
    package let low: UInt128
    package let high: UInt128

    /// Reads an address, a CIDR or two addresses with `-` between them; nil if the text is none of these.
    init?(_ text: String) {
        if let prefix = IPPrefix(text) {
            family = prefix.family
            (low, high) = (prefix.first, prefix.last)
        } else if let address = IPAddress(text) {
            family = address.family
            low = address.number
            high = low
        } else {
            let ends = text.split(separator: "-").compactMap { IPAddress(String($0)) }
            guard ends.count == 2, ends[0].family == ends[1].family else { return nil }
            family = ends[0].family
            low = ends[0].number
            high = ends[1].number
            guard low <= high else { return nil }
        }
    }

    private init(_ family: AddressFamily, _ low: UInt128, _ high: UInt128) {
        self.family = family
        self.low = low
        self.high = high
    }

    /// The ranges sorted, each address in one of them only.
    ///
    /// - Parameter adjacentToo: whether ranges that touch become one, as in a set that has any range.
    static func merged(_ ranges: [AddressRange], adjacentToo: Bool) -> [AddressRange] {
        var result: [AddressRange] = []
        for range in ranges.sorted(by: { ($0.low, $0.high) < ($1.low, $1.high) }) {
            if let last = result.last,
                range.low <= last.high || adjacentToo && last.high < .max && range.low == last.high + 1
            {
                result[result.count - 1] = AddressRange(range.family, last.low, max(last.high, range.high))
            } else {
                result.append(range)
            }
        }
        return result
    }

    /// An address, a CIDR, or two addresses with `-` between them: the first of these that there is.
    package var description: String {
        if low == high { return IPAddress(low, family).description }
        let size = high &- low &+ 1
        let bits = size == 0 ? 128 : size.trailingZeroBitCount
        if size == 0 || size == UInt128(1) << UInt128(bits), bits == 128 || low & (size &- 1) == 0 {
            return IPPrefix(IPAddress(low, family), length: family.bitWidth - bits).description
        }
        return "\(IPAddress(low, family))-\(IPAddress(high, family))"
    }
}
