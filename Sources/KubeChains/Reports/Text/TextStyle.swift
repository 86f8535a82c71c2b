/// How a text for people is laid out: how wide, and with colours or not.
public struct TextStyle: Sendable, Hashable {
    /// The greatest number of columns of a line of prose. Rules are not cut.
    public let width: Int
    /// Whether words are coloured with the control sequences that terminals know (ECMA-48, SGR).
    public let isColored: Bool
    /// Whether reports of one line for each finding or fact are wrapped too. In files and pipes they are not, so that grep and
    /// editors find each in one line.
    let wrapsLines: Bool

    /// For a terminal.
    ///
    /// - Parameters:
    ///   - width: at least 40; a smaller number counts as 40.
    ///   - isColored: whether words are coloured.
    public init(width: Int, isColored: Bool) {
        self.init(width: max(40, width), isColored: isColored, wrapsLines: true)
    }

    private init(width: Int, isColored: Bool, wrapsLines: Bool) {
        self.width = width
        self.isColored = isColored
        self.wrapsLines = wrapsLines
    }

    /// For files and pipes: 80 columns, no colours.
    public static let plain = TextStyle(width: 80, isColored: false, wrapsLines: false)
}

/// What is coloured.
package enum TextPaint: String {
    case error = "1;31"
    case warning = "1;33"
    case information = "1;36"
    case heading = "1"
    case added = "32"
    case removed = "31"
}

extension TextStyle {
    /// A word in its colour.
    package func painted(_ text: String, _ paint: TextPaint?) -> String {
        guard isColored, let paint, !text.isEmpty else { return text }
        return "\u{1B}[\(paint.rawValue)m\(text)\u{1B}[0m"
    }
}
