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
    /// How bad it is.
    public enum Severity: String, Sendable, Hashable {
        /// The input cannot be used; or a part of it has no effect.
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

    /// How bad it is.
    public let severity: Severity
    /// The place; nil where the message is about the inputs or the settings as a whole.
    public let place: Place?
    /// What was found, what was expected, and what to do; a sentence without a full stop.
    public let message: String

    /// A message about a place, or about the inputs as a whole.
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
    /// The kind of an error.
    public enum Code: Sendable, Hashable {
        /// The input is not JSON, or is recognisably something else.
        case syntax
        /// A value that a field cannot have, or two objects that contradict each other.
        case invalidValue
        /// The settings do not fit the snapshot, or each other.
        case settings
    }

    /// What is wrong, to switch on.
    public let code: Code
    /// What is wrong, where, and what was expected.
    public let diagnostic: Diagnostic

    /// An error with this diagnostic.
    public init(_ code: Code, _ diagnostic: Diagnostic) {
        self.code = code
        self.diagnostic = diagnostic
    }

    public var description: String { diagnostic.description }
}
