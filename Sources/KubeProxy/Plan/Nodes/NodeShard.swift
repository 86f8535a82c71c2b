/// Every N-th node: what one of several runs does, which need not know of each other.
public struct NodeShard: Sendable, Hashable, CustomStringConvertible {
    /// Which shard it is, from 0.
    public let index: Int
    /// How many shards there are.
    public let count: Int

    /// All nodes.
    public static let all = NodeShard(index: 0, count: 1)

    private init(index: Int, count: Int) {
        self.index = index
        self.count = count
    }

    /// Reads `I/N`, where I is from 0 to N − 1.
    ///
    /// - Throws: ``SettingError`` for anything else.
    public init(_ text: String) throws(SettingError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(part) : nil
        }
        guard parts.count == 2, let index = parts[0], let count = parts[1] else {
            throw SettingError("invalid shard '\(text)': expected I/N, such as 0/4 for the first of four")
        }
        guard index < count else {
            throw SettingError(
                "invalid shard '\(text)': "
                    + (count == 0
                        ? "there must be at least one shard"
                        : "the shards of \(count) are 0/\(count) to \(count - 1)/\(count)"))
        }
        self.init(index: index, count: count)
    }

    /// `I/N`.
    public var description: String { "\(index)/\(count)" }

    /// Those of some things in their order that the shard takes.
    public func of<Element>(_ all: [Element]) -> [Element] {
        stride(from: index, to: all.count, by: count).map { all[$0] }
    }
}
