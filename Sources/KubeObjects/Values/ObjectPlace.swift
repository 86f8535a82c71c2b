public import KubeChainsJSON

/// Where an object or a setting stands in the inputs; nowhere for one that was made from values.
///
/// Two places always compare equal, so that objects are equal if they say the same.
public struct ObjectPlace: Sendable, Hashable {
    /// The place; nil for an object that was made from values.
    public let location: SourceLocation?

    /// No place: the object was made from values.
    public static let none = ObjectPlace(nil)

    package init(_ location: SourceLocation?) { self.location = location }

    public static func == (left: ObjectPlace, right: ObjectPlace) -> Bool { true }

    public func hash(into hasher: inout Hasher) {}
}
