internal import KubeChainsBytes
internal import KubeProxy

/// A report for people, written line by line. What comes from input is escaped here, so that nothing in it can move the cursor,
/// change the direction of writing or begin a line.
struct ReportText {
    /// Words in one colour.
    struct Span: ExpressibleByStringInterpolation {
        var text: String
        var paint: TextPaint?

        init(_ text: String, _ paint: TextPaint? = nil) {
            self.text = text.escapingInvisible()
            self.paint = paint
        }

        init(stringLiteral text: String) { self.init(text) }

        /// A severity with its colon.
        static func severity(_ severity: FindingSeverity) -> Span {
            let paint: TextPaint =
                switch severity {
                case .error: .error
                case .warning: .warning
                case .info: .information
                }
            return Span(severity.rawValue + ":", paint)
        }
    }

    let style: TextStyle
    private(set) var text = ""

    init(_ style: TextStyle) { self.style = style }

    /// Appends a line: `spans`, and then words. They are wrapped to lines that begin with `hanging` blanks.
    ///
    /// - Parameter isProse: whether they are wrapped in files too.
    mutating func line(_ spans: Span..., words: String, hanging: Int = 4, isProse: Bool = false) {
        let lead = spans.count == 1 ? spans[0].text : spans.map(\.text).joined()
        let words = words.escapingInvisible()
        let lines =
            isProse || style.wrapsLines
            ? TextLayout.lines(words, lead: TextLayout.columns(lead), hanging: hanging, width: style.width) : [words]
        for span in spans { text += style.painted(span.text, span.paint) }
        if lines[0].isEmpty, text.utf8.last == UInt8(ascii: " ") { text.removeLast() }
        text += lines.count == 1 ? lines[0] : lines.joined(separator: "\n" + String(repeating: " ", count: hanging))
        text += "\n"
    }

    /// Appends a line that is never wrapped, such as a rule.
    mutating func line(_ spans: Span...) {
        for span in spans { text += style.painted(span.text, span.paint) }
        text += "\n"
    }

    /// Appends an empty line.
    mutating func emptyLine() { text += "\n" }

    /// Appends the lines of another report.
    mutating func add(_ report: ReportText) { text += report.text }
}
