internal import NetAddress

extension NftElement {
    /// Elements in the order in which nft lists them: by the key as one number. Of a concatenation that is the number
    /// whose lowest byte comes first (nft 1.0.6, `list_expr_sort`).
    static func sorted(_ elements: [NftElement], _ types: [String]) -> [NftElement] {
        var keys: [[UInt8]] = []
        keys.reserveCapacity(elements.count)
        for element in elements {
            guard let key = sortKey(element.key, types) else { return elements }
            keys.append(key)
        }
        let order = elements.indices.sorted { left, right in keys[left].lexicographicallyPrecedes(keys[right]) }
        return order.map { elements[$0] }
    }

    /// The bytes of a key, the highest first; nil if a part is not known.
    private static func sortKey(_ key: [String], _ types: [String]) -> [UInt8]? {
        guard key.count == types.count else { return nil }
        var bytes: [UInt8] = []
        for (part, type) in zip(key, types) {
            guard let own = data(of: part, type) else { return nil }
            bytes += own
            // The parts of a concatenation are filled up to words.
            if types.count > 1 { bytes += [UInt8](repeating: 0, count: (4 - own.count % 4) % 4) }
        }
        return types.count > 1 ? bytes.reversed() : bytes
    }

    /// A part of a key as the kernel holds it.
    private static func data(of part: String, _ type: String) -> [UInt8]? {
        switch type {
        case "ipv4_addr", "ipv6_addr":
            guard let address = IPAddress(part) else { return nil }
            let words = address.family == .ipv4 ? [UInt64(address.low) << 32] : [address.high, address.low]
            let bytes = words.flatMap { word in
                stride(from: UInt64(56), through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
            }
            return address.family == .ipv4 ? Array(bytes.prefix(4)) : bytes
        case "inet_proto":
            if let known = TransportProtocol(name: part) { return [known.number] }
            return UInt8(part).map { [$0] }
        case "inet_service": return UInt16(part).map { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        default: return nil
        }
    }
}
