/// A position in the inputs: which input, and which byte.
public struct SourceLocation: Sendable, Hashable, Comparable {
    /// The input's position in the list of inputs.
    package let source: Int
    /// The byte's offset from the beginning of the input.
    package let offset: Int

    package init(source: Int, offset: Int) {
        self.source = source
        self.offset = offset
    }

    public static func < (left: SourceLocation, right: SourceLocation) -> Bool {
        (left.source, left.offset) < (right.source, right.offset)
    }
}

/// A message about a place in the inputs, or about all of them. Its line, column and path are found when it is shown.
public struct PlacedMessage: Sendable, Hashable {
    /// The message, a sentence without a full stop.
    public let message: String
    /// What the message is about; nil: the inputs as a whole.
    public let location: SourceLocation?

    package init(message: String, location: SourceLocation?) {
        self.message = message
        self.location = location
    }
}

/// A message for people, with its place.
public struct Diagnostic: Sendable, Hashable {
    public enum Severity: String, Sendable, Hashable {
        case error, warning
        /// Something worth knowing that changes nothing.
        case notice
    }

    /// A place as people and editors read it.
    public struct Place: Sendable, Hashable {
        /// The input's name.
        public let file: String
        /// The line, from 1.
        public let line: Int
        /// The column in bytes, from 1.
        public let column: Int
        /// The JSON path within the document, such as `items[3].spec.ports[0].port`; empty for the document itself.
        public let path: String

        /// `file:line:column`.
        public var position: String { "\(file):\(line):\(column)" }
    }

    public let severity: Severity
    /// The place; nil where the message is about the inputs or the settings as a whole.
    public let place: Place?
    public let message: String

    public init(_ severity: Severity, _ message: String, at place: Place? = nil) {
        self.severity = severity
        self.place = place
        self.message = message
    }
}

extension Diagnostic: CustomStringConvertible {
    /// `file:line:column: error: path: message`.
    public var description: String {
        guard let place else { return "\(severity.rawValue): \(message)" }
        let path = place.path.isEmpty ? "" : place.path + ": "
        return "\(place.position): \(severity.rawValue): \(path)\(message)"
    }
}

/// Why a snapshot cannot be used.
public struct SnapshotError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, where, and what was expected.
    public let diagnostic: Diagnostic

    public init(_ diagnostic: Diagnostic) {
        self.diagnostic = diagnostic
    }

    public var description: String { diagnostic.description }
}
