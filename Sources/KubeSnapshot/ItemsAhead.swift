/// The second half of a large list's items, read while the first half is.
///
/// Where an item begins in the middle of a list can only be guessed: what looks like one may be in a list of its own, or in
/// what is no JSON. The guess holds once the reading of the first half arrives there and finds an item to begin; if it
/// never does, or if anything is wrong with what was read ahead, that is forgotten and read again in its turn. So the result
/// is that of one reading from start to end, faults and their places included.
struct ItemsAhead {
    /// What is read from the guessed place to the end of the list.
    struct Items: Sendable {
        var objects = ObjectCollection()
        var warnings: [PlacedMessage] = []
        /// The items which do not say their kind.
        var withoutKind: [Int] = []
        /// The offset of the bracket that ends the list.
        var end = 0
    }

    /// Inputs below this many bytes are read faster than a thread is begun.
    private static let smallest = 256 << 10
    /// The depth of a list's items, where the list is a document of its own.
    private static let depth = 2

    let start: Int
    let items: PendingWork<Items?>

    /// Nil: the input is small, or nothing in its middle looks like an item.
    init?(of json: JSONReader, _ workers: Workers) {
        guard json.bytes.count >= ItemsAhead.smallest, let start = ItemsAhead.guess(json.bytes) else { return nil }
        self.start = start
        let reader = json.copy(from: start)
        items = workers.begin { ItemsAhead.read(reader()) }
    }

    /// The first place near the middle where an object follows a comma and begins with one of the keys that items begin
    /// with: kubectl sorts keys, the API server begins with `kind` or `metadata`.
    private static func guess(_ bytes: ByteView) -> Int? {
        let keys: [StaticString] = ["\"apiVersion\"", "\"addressType\"", "\"kind\"", "\"metadata\""]
        func skippingSpace(_ offset: Int, by step: Int) -> Int {
            var offset = offset
            while [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += step }
            return offset
        }
        // A little before the middle: Services, which come first, take more time for each byte than what comes after them.
        let middle = bytes.count / 16 * 7
        for offset in middle..<min(bytes.count, middle + 4 << 20) where bytes[offset] == UInt8(ascii: "{") {
            guard bytes[skippingSpace(offset - 1, by: -1)] == UInt8(ascii: ",") else { continue }
            let key = skippingSpace(offset + 1, by: 1)
            if keys.contains(where: { bytes.range(key..<(key + $0.utf8CodeUnitCount), equals: $0) }) { return offset }
        }
        return nil
    }

    /// Nil: something is wrong with an item, or it is none.
    private static func read(_ json: consuming JSONReader) -> Items? {
        json.depth = depth
        var items = Items()
        do throws(ReadFault) {
            while try json.nextElement() {
                if let unnamed = try items.objects.readObject(&json, isItem: true, assumed: nil) {
                    items.withoutKind.append(unnamed)
                }
                try json.endMember(of: UInt8(ascii: "]"))
                items.end = json.position
                json.tellWhatIsRead()
            }
        } catch {
            return nil
        }
        items.warnings = json.warnings
        return items
    }

    /// What was read ahead, if reading that is at `json` has come to where it begins.
    ///
    /// - Parameter itemKind: the kind of items that do not say their own, if it is known by now; it was not when the items
    ///   were read ahead.
    func items(for json: JSONReader, _ itemKind: ObjectKind?) -> Items? {
        guard json.position == start, json.depth == ItemsAhead.depth, let items = items.value() else { return nil }
        return itemKind == nil || items.withoutKind.isEmpty ? items : nil
    }
}

extension ObjectCollection {
    /// Takes in the rest of a list's items if they have been read ahead, and steps to the list's end.
    ///
    /// - Returns: the items among them which do not say their kind; nil: the next item has to be read.
    mutating func takeItemsAhead(_ json: inout JSONReader, _ itemKind: ObjectKind?) -> [Int]? {
        guard let ahead = json.ahead, json.position >= ahead.start else { return nil }
        json.ahead = nil
        guard let items = ahead.items(for: json, itemKind) else { return nil }
        services += items.objects.services
        endpointSlices += items.objects.endpointSlices
        endpoints += items.objects.endpoints
        nodes += items.objects.nodes
        configurations += items.objects.configurations
        json.warnings += items.warnings
        json.position = items.end
        return items.withoutKind
    }
}
