internal import KubeChainsJSON

/// An object that can be sorted and found.
protocol NamedObject: Equatable {
    /// The kind's name in messages.
    static var kind: String { get }
    /// Empty where there is none.
    var orderNamespace: String { get }
    var orderName: String { get }
    var location: SourceLocation? { get }
}

extension NamedObject {
    var orderNamespace: String { "" }
}

extension Service: NamedObject {
    static var kind: String { "Service" }
    var orderNamespace: String { namespace.text }
    var orderName: String { name.text }
}

extension EndpointSlice: NamedObject {
    static var kind: String { "EndpointSlice" }
    var orderNamespace: String { namespace.text }
    var orderName: String { name }
}

extension EndpointsObject: NamedObject {
    static var kind: String { "Endpoints" }
    var orderNamespace: String { namespace.text }
    var orderName: String { name.text }
}

extension Node: NamedObject {
    static var kind: String { "Node" }
    var orderName: String { name.text }
}

extension ServiceCIDR: NamedObject {
    static var kind: String { "ServiceCIDR" }
    var orderName: String { name.text }
}

extension KubeProxyConfiguration: NamedObject {
    static var kind: String { "KubeProxyConfiguration" }
    /// There can be only one object of this kind.
    var orderName: String { "" }
}

/// The first bytes of an object's names, and the object's position.
///
/// These are sorted instead of the objects, which are large; most names differ within that many bytes (measured at
/// 5,000 Services: a fifth of the instructions of sorting by the names themselves).
private struct OrderKey {
    /// The first 24 bytes of the namespace, a zero byte and the name, in big-endian words, filled up with zeros.
    var words: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var index: Int

    init(_ namespace: String, _ name: String, _ index: Int) {
        self.index = index
        var bytes = InlineArray<24, UInt8>(repeating: 0)
        // In spans, which is twice as fast as in views of UTF-8.
        let (space, own) = (namespace.utf8.span, name.utf8.span)
        let end = min(space.count, bytes.count)
        for position in 0..<end { bytes[position] = space[position] }
        let start = end + 1
        if start < bytes.count {
            for position in 0..<min(own.count, bytes.count - start) { bytes[start + position] = own[position] }
        }
        func word(_ start: Int) -> UInt64 {
            var word: UInt64 = 0
            for position in start..<(start + 8) { word = word << 8 | UInt64(bytes[position]) }
            return word
        }
        words = (word(0), word(8), word(16))
    }
}

extension Array where Element: NamedObject {
    /// Sorts by namespace and name, in byte order. The same object twice is taken once.
    ///
    /// - Throws: ``ReadFailure`` if an object occurs twice with different contents.
    ///
    /// - Parameter watched: the inputs of several documents, in which the same object may be that of a later event.
    mutating func sortUnique(watched: Set<Int> = []) throws(ReadFailure) {
        guard var keys = orderKeys() else { return }
        permute(&keys)
        try dropDuplicates(keys, watched)
    }

    /// The objects' keys, sorted; nil if the objects are sorted already and have no duplicates.
    private func orderKeys() -> [OrderKey]? {
        let objects = span
        var keys: [OrderKey] = []
        keys.reserveCapacity(count)
        for index in objects.indices {
            keys.append(OrderKey(objects[index].orderNamespace, objects[index].orderName, index))
        }
        if !keys.indices.dropFirst().contains(where: { !precedes(keys[$0 - 1], keys[$0]) }) { return nil }
        keys.sort { left, right in precedes(left, right) || left.index < right.index && !precedes(right, left) }
        return keys
    }

    private func precedes(_ left: OrderKey, _ right: OrderKey) -> Bool {
        if left.words != right.words { return left.words < right.words }
        let objects = span
        let namespaces = (objects[left.index].orderNamespace, objects[right.index].orderNamespace)
        if namespaces.0 != namespaces.1 { return namespaces.0.utf8.lexicographicallyPrecedes(namespaces.1.utf8) }
        return objects[left.index].orderName.utf8.lexicographicallyPrecedes(objects[right.index].orderName.utf8)
    }

    /// Moves each object to the position of its key by swaps, which do not copy objects in a span.
    private mutating func permute(_ keys: inout [OrderKey]) {
        var objects = mutableSpan
        for start in keys.indices {
            var position = start
            while keys[position].index != start {
                let source = keys[position].index
                keys[position].index = position
                objects.swapAt(position, source)
                position = source
            }
            keys[position].index = position
        }
    }

    private func difference(_ first: Element, _ second: Element, _ watched: Set<Int>) -> ReadFailure {
        let places = [first.location, second.location].compactMap(\.self).sorted()
        let name = [first.orderNamespace, first.orderName].filter { !$0.isEmpty }.joined(separator: "/")
        let title = Element.kind + (name.isEmpty ? "" : " " + name)
        let isWatched = places.count == 2 && places[0].source == places[1].source && watched.contains(places[0].source)
        return ReadFailure(
            "\(title) is given twice with a difference; expected each object once"
                + (isWatched ? ", not every change of it, as a watch prints them: ask without -w" : ""),
            at: places.last,
            other: places.dropLast().last)
    }

    /// - Parameter keys: those of the objects as they stand, sorted.
    private mutating func dropDuplicates(_ keys: [OrderKey], _ watched: Set<Int>) throws(ReadFailure) {
        var duplicates: Set<Int> = []
        for index in keys.indices.dropFirst() where !precedes(keys[index - 1], keys[index]) {
            let (last, object) = (self[index - 1], self[index])
            guard last == object else {
                throw difference(last, object, watched)
            }
            duplicates.insert(index)
        }
        guard !duplicates.isEmpty else { return }
        self = indices.filter { !duplicates.contains($0) }.map { self[$0] }
    }
}
