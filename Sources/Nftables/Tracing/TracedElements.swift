internal import NetAddress

/// A set or map with its elements by key.
struct TracedElements: Sendable, Hashable {
    let set: NftSet
    /// By key, of a set without ranges; nil: each element has to be compared.
    let byKey: [[String]: Int]?
    /// Of a set of addresses and ranges of them, which do not overlap: these, sorted, each with its element.
    private let byRange: [RangePlace]?

    private struct RangePlace: Hashable {
        let range: AddressRange
        let element: Int
    }

    init(_ set: NftSet) {
        self.set = set
        let hasRanges =
            set.flags.contains("interval")
            || set.elements.contains { element in
                element.key.contains { part in part.contains { $0 == "/" || $0 == "-" || $0 == "*" } }
            }
        guard !hasRanges else {
            byKey = nil
            byRange = TracedElements.ranges(set.elements)
            return
        }
        byRange = nil
        var byKey: [[String]: Int] = [:]
        byKey.reserveCapacity(set.elements.count)
        for (index, element) in set.elements.enumerated() {
            byKey[element.key.map { IPAddress($0)?.description ?? $0 }] = index
        }
        self.byKey = byKey
    }

    /// An anonymous set.
    init(values: [[String]]) {
        var set = NftSet(name: "", isMap: false)
        set.elements = values.map { NftElement(key: $0) }
        self.init(set)
    }

    private static func ranges(_ elements: [NftElement]) -> [RangePlace]? {
        var found: [RangePlace] = []
        for (index, element) in elements.enumerated() {
            guard element.key.count == 1, let range = AddressRange(element.key[0]) else { return nil }
            found.append(RangePlace(range: range, element: index))
        }
        found.sort { $0.range.low < $1.range.low }
        for (one, next) in zip(found, found.dropFirst())
        where one.range.family != next.range.family || one.range.high >= next.range.low { return nil }
        return found
    }

    /// The element whose range holds an address; nil: none does.
    ///
    /// - Returns: nil for a set that is not one of addresses and ranges alone.
    func element(holding address: IPAddress) -> NftElement?? {
        guard let byRange else { return nil }
        var (low, high) = (0, byRange.count)
        while low < high {
            let middle = (low + high) / 2
            if byRange[middle].range.low <= address.number { low = middle + 1 } else { high = middle }
        }
        guard low > 0, byRange[low - 1].range.family == address.family, address.number <= byRange[low - 1].range.high
        else { return .some(nil) }
        return set.elements[byRange[low - 1].element]
    }
}
