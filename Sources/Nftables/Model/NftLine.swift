/// Where a text has an object: the number of its line, counted from 1; 0 where it has none.
///
/// Two of them are always equal, since where an object stands says nothing about what it is.
public struct NftLine: Sendable, Hashable {
    /// The number.
    public let number: Int

    /// A line of a text.
    public init(_ number: Int = 0) { self.number = number }

    public static func == (_: NftLine, _: NftLine) -> Bool { true }

    public func hash(into _: inout Hasher) {}
}
