/// A set of addresses of one family: those of some ranges, without those of others.
public struct AddressSet: Sendable, Hashable {
    /// The family of all addresses.
    public let family: AddressFamily
    /// The ranges, sorted and disjoint.
    public let ranges: [IPPrefix]
    /// What of the ranges does not belong to the set: sorted, disjoint, each within a range and smaller than it.
    public let except: [IPPrefix]

    /// The addresses of ranges without those of others. Ranges of another family count as none.
    ///
    /// Takes n log n for n ranges.
    public init(_ family: AddressFamily, _ ranges: [IPPrefix], except: [IPPrefix] = []) {
        self.family = family
        let ranges = AddressSet.merged(ranges.filter { $0.family == family })
        let except = AddressSet.merged(except.filter { $0.family == family })
        var kept: [IPPrefix] = []
        var holes: [IPPrefix] = []
        var next = 0
        for range in ranges {
            // Two ranges are disjoint, or one contains the other.
            while next < except.count, except[next].last < range.first { next += 1 }
            if next < except.count, except[next].contains(range) { continue }
            let start = next
            while next < except.count, range.contains(except[next]) { next += 1 }
            kept.append(range)
            holes += except[start..<next]
        }
        self.ranges = kept
        self.except = holes
    }

    /// Whether no address belongs to the set. Merged exceptions never cover a range together without being it.
    public var isEmpty: Bool { ranges.isEmpty }

    /// Whether an address belongs to the set, in logarithmic time.
    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && AddressSet.holds(ranges, address) && !AddressSet.holds(except, address)
    }

    /// The addresses of the set that ranges have, in time linear in both.
    public func intersection(_ others: [IPPrefix]) -> AddressSet {
        let others = AddressSet.merged(others.filter { $0.family == family })
        var common: [IPPrefix] = []
        var (left, right) = (0, 0)
        while left < ranges.count, right < others.count {
            if ranges[left].contains(others[right]) {
                common.append(others[right])
                right += 1
            } else if others[right].contains(ranges[left]) {
                common.append(ranges[left])
                left += 1
            } else if ranges[left].last < others[right].first {
                left += 1
            } else {
                right += 1
            }
        }
        return AddressSet(family, common, except: except)
    }

    /// The addresses of both sets.
    public func intersection(_ other: AddressSet) -> AddressSet {
        intersection(other.ranges).subtracting(other.except)
    }

    /// The addresses of the set that ranges do not have.
    public func subtracting(_ others: [IPPrefix]) -> AddressSet {
        AddressSet(family, ranges, except: except + others)
    }

    /// Whether all addresses of the set are in a range, or none is, in logarithmic time; nil: some are.
    package func areIn(_ range: IPPrefix) -> Bool? {
        guard range.family == family, let first = ranges.first, let last = ranges.last else { return false }
        let position = AddressSet.position(in: ranges, of: range.first)
        guard position < ranges.count, ranges[position].first <= range.last else { return false }
        if range.contains(first), range.contains(last) { return true }
        guard ranges[position].contains(range) else { return nil }
        let hole = AddressSet.position(in: except, of: range.first)
        if hole < except.count, except[hole].contains(range) { return false }
        // All but the range can be left out only if there is an exception for each bit that it is longer.
        let isOneRange = ranges.count == 1 && except.count >= range.length - first.length
        return isOneRange && subtracting([range]).isEmpty ? true : nil
    }

    /// The lowest address of the set; nil: it is empty.
    public var first: IPAddress? {
        guard let range = ranges.first else { return nil }
        var value = range.first
        for hole in except where hole.first <= value {
            guard hole.last >= value else { continue }
            value = hole.last &+ 1
        }
        return IPAddress(value, family)
    }

    /// Sorted and disjoint, with halves of a range as the range.
    static func merged(_ ranges: [IPPrefix]) -> [IPPrefix] {
        var merged: [IPPrefix] = []
        for range in ranges.sorted(by: { ($0.first, $0.length) < ($1.first, $1.length) }) {
            if let last = merged.last, last.contains(range) { continue }
            merged.append(range)
            // Two halves become their whole, which may be a half itself.
            while merged.count > 1 {
                let (left, right) = (merged[merged.count - 2], merged[merged.count - 1])
                guard left.length == right.length, left.length > 0 else { break }
                let whole = IPPrefix(left.network, length: left.length - 1)
                guard whole.network == left.network, whole.contains(right) else { break }
                merged.removeLast(2)
                merged.append(whole)
            }
        }
        return merged
    }

    /// Whether one of sorted, disjoint ranges contains an address.
    private static func holds(_ ranges: [IPPrefix], _ address: IPAddress) -> Bool {
        let position = position(in: ranges, of: address.number)
        return position < ranges.count && ranges[position].contains(address)
    }

    /// The position of the first of sorted, disjoint ranges that does not end before an address.
    private static func position(in ranges: [IPPrefix], of address: UInt128) -> Int {
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].last < address { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension IPAddress {
    /// The address after this one; nil: there is none.
    package var next: IPAddress? {
        let last = family == .ipv4 ? UInt128(UInt32.max) : UInt128.max
        return number == last ? nil : IPAddress(number + 1, family)
    }

    /// The address as a number.
    package var number: UInt128 { UInt128(high) << 64 | UInt128(low) }

    /// The address of a family with a number.
    package init(_ number: UInt128, _ family: AddressFamily) {
        switch family {
        case .ipv4: self.init(ipv4: UInt32(truncatingIfNeeded: number))
        case .ipv6:
            self.init(high: UInt64(truncatingIfNeeded: number >> 64), low: UInt64(truncatingIfNeeded: number))
        }
    }
}

extension IPPrefix {
    /// The first address as a number.
    package var first: UInt128 { network.number }

    /// The last address as a number.
    package var last: UInt128 {
        let bits = family.bitWidth - length
        return bits == 128 ? UInt128.max : first + (UInt128(1) << UInt128(bits) - 1)
    }

    /// The ranges that together have the addresses from one to another of the same family; none if the first is the higher.
    package static func covering(_ first: IPAddress, _ last: IPAddress) -> [IPPrefix] {
        let family = first.family
        var ranges: [IPPrefix] = []
        let end = last.number
        var next = first.number
        while next <= end {
            var length = family.bitWidth - min(next.trailingZeroBitCount, family.bitWidth)
            while case let range = IPPrefix(IPAddress(next, family), length: length), range.last > end { length += 1 }
            let range = IPPrefix(IPAddress(next, family), length: length)
            ranges.append(range)
            guard range.last < end else { break }
            next = range.last + 1
        }
        return ranges
    }

    /// Whether all addresses of a range of the same family are in this one.
    public func contains(_ other: IPPrefix) -> Bool { other.length >= length && contains(other.network) }
}
