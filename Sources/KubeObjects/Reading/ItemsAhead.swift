internal import KubeChainsBytes
internal import KubeChainsJSON
internal import Synchronization

/// The items of a large list, read from its end by a second thread while the first thread reads from its beginning.
///
/// The input is split into parts. The second thread reads them one by one, the last one first, until both threads meet.
/// So neither waits for the other, although the time per byte varies: Services take longer than
/// what comes after them (measured at 5,000 Services: of two fixed halves one was read a fifth to a half sooner).
///
/// Where an item begins in the middle of a list can only be guessed: what looks like one may be in a nested list, or in
/// invalid JSON. The guess is confirmed once the first thread arrives there and an item begins; if it
/// never does, or if what was read ahead has an error, that part is discarded and read again in order. So the result
/// equals that of reading from start to end, errors and their places included.
final class ItemsAhead {
    /// The items from the beginning of one part to the beginning of a later one, or to the end of the list.
    struct Items: Sendable {
        /// The last one of each kind first, as ``Swift/Array/append(movingFromLast:)`` takes them.
        var objects = ObjectCollection()
        var warnings: [PlacedMessage] = []
        /// The items without a kind.
        var withoutKind: [Int] = []
        /// The offset after the last item.
        var end = 0
    }

    /// Inputs below this many bytes are read faster than a thread is begun.
    private static let smallest = 256 << 10
    /// The more parts there are, the shorter one thread waits for the other in the end.
    private static let partCount = 64
    /// The least number of bytes in a part.
    private static let smallestPart = 16 << 10
    /// The depth of a list's items, where the list is a document of its own.
    private static let depth = 2

    /// The offsets of the parts that may be read ahead, in order.
    private let starts: [Int]
    /// The first part that the first thread has not reached.
    private var next = 0
    private let meeting: Meeting
    private let reading: PendingWork<[Items?]>
    /// What was read ahead, as long as it has not been adopted.
    private lazy var parts = reading.value()

    /// Nil: the input is small, or nothing within it looks like an item.
    init?(of json: JSONReader, _ workers: Workers) {
        guard json.bytes.count >= ItemsAhead.smallest else { return nil }
        let starts = ItemsAhead.guess(json.bytes)
        guard !starts.isEmpty else { return nil }
        let meeting = Meeting(starts.count)
        let reader = json.copy()
        self.starts = starts
        self.meeting = meeting
        reading = workers.begin {
            var json = reader()
            var parts = [Items?](repeating: nil, count: starts.count)
            while let part = meeting.takeLast() { parts[part] = ItemsAhead.read(&json, starts[part...]) }
            return parts
        }
    }

    deinit { meeting.takeFirst(upTo: starts.count) }

    /// In each part except the first: the first place where an object follows a comma and begins with one of the keys
    /// that items begin with: kubectl sorts keys, the API server begins with `kind` or `metadata`. No item is as long
    /// as the range that is searched.
    private static func guess(_ bytes: ByteView) -> [Int] {
        let keys: [StaticString] = ["\"apiVersion\"", "\"addressType\"", "\"kind\"", "\"metadata\""]
        func skippingSpace(_ offset: Int, by step: Int) -> Int {
            var offset = offset
            while [0x20, 0x0A, 0x0D, 0x09].contains(bytes[offset]) { offset += step }
            return offset
        }
        func isGuess(_ offset: Int) -> Bool {
            guard bytes[offset] == UInt8(ascii: "{") else { return false }
            guard bytes[skippingSpace(offset - 1, by: -1)] == UInt8(ascii: ",") else { return false }
            let key = skippingSpace(offset + 1, by: 1)
            return keys.contains { bytes.range(key..<(key + $0.utf8CodeUnitCount), equals: $0) }
        }
        let length = max(bytes.count / partCount, smallestPart)
        return (1..<bytes.count / length).compactMap { part in
            ((part * length)..<(part * length + min(length, 4 << 20))).first(where: isGuess)
        }
    }

    /// Reads from the first of the places to another of them or to the list's end.
    ///
    /// - Returns: nil if an item has an error or is not an item.
    private static func read(_ json: inout JSONReader, _ starts: ArraySlice<Int>) -> Items? {
        var others = starts.dropFirst()
        json.begin(at: starts[starts.startIndex])
        json.depth = depth
        json.warnings = []
        var items = Items()
        do throws(ReadFault) {
            while try json.nextElement() {
                while let other = others.first, other < json.position { others = others.dropFirst() }
                if others.first == json.position { break }
                if let unnamed = try items.objects.readObject(&json, isItem: true, assumed: nil) {
                    items.withoutKind.append(unnamed)
                }
                items.end = json.position
                try json.endMember(of: UInt8(ascii: "]"))
                json.reportConsumed()
            }
        } catch {
            return nil
        }
        items.warnings = json.warnings
        items.objects.reverse()
        return items
    }

    /// What was read ahead, if `json` has reached the beginning of a part of it.
    ///
    /// - Parameter itemKind: the kind of items that do not say their own, if it is known by now; it was not when the
    ///   items were read ahead.
    fileprivate func items(for json: JSONReader, _ itemKind: ObjectKind?) -> Items? {
        while next < starts.count, starts[next] < json.position { next += 1 }
        guard next < starts.count, starts[next] == json.position else { return nil }
        next += 1
        guard meeting.takeFirst(upTo: next), json.depth == ItemsAhead.depth else { return nil }
        guard let items = parts[next - 1].take() else { return nil }
        return itemKind == nil || items.withoutKind.isEmpty ? items : nil
    }
}

/// Divides the parts between two threads: one takes parts from the front, the other from the back.
private final class Meeting: Sendable {
    private let rest: Mutex<Range<Int>>

    init(_ count: Int) { rest = Mutex(0..<count) }

    /// Takes the last of the remaining parts; nil if none remains.
    func takeLast() -> Int? {
        rest.withLock { rest in
            guard let last = rest.last else { return nil }
            rest = rest.dropLast()
            return last
        }
    }

    /// Takes the remaining parts before `end`, from the front.
    ///
    /// - Returns: whether the other thread had taken the last of them.
    @discardableResult
    func takeFirst(upTo end: Int) -> Bool {
        rest.withLock { rest in
            let isTaken = end > rest.upperBound
            rest = min(max(end, rest.lowerBound), rest.upperBound)..<rest.upperBound
            return isTaken
        }
    }
}

extension ObjectCollection {
    /// Adopts items of a list if the next ones have been read ahead, and skips them in the text.
    ///
    /// - Returns: the items among them without a kind; nil if the next item has to be read.
    mutating func takeItemsAhead(_ json: inout JSONReader, _ itemKind: ObjectKind?) -> [Int]? {
        guard var items = (json.readAhead as? ItemsAhead)?.items(for: json, itemKind) else { return nil }
        services.append(movingFromLast: &items.objects.services)
        endpointSlices.append(movingFromLast: &items.objects.endpointSlices)
        endpoints.append(movingFromLast: &items.objects.endpoints)
        nodes.append(movingFromLast: &items.objects.nodes)
        serviceCIDRs.append(movingFromLast: &items.objects.serviceCIDRs)
        configurations.append(movingFromLast: &items.objects.configurations)
        json.warnings += items.warnings
        json.position = items.end
        return items.withoutKind
    }

    /// Brings the objects of each kind into the opposite order.
    fileprivate mutating func reverse() {
        services.reverse()
        endpointSlices.reverse()
        endpoints.reverse()
        nodes.reverse()
        serviceCIDRs.reverse()
        configurations.reverse()
    }
}

extension Array {
    /// Appends the elements of another array, the last one first, which is empty afterwards. They are moved: to copy objects and to
    /// release them would take a thirtieth of the time of rendering, in which the other thread has nothing to do.
    fileprivate mutating func append(movingFromLast others: inout [Element]) {
        while let element = others.popLast() { append(element) }
    }
}
