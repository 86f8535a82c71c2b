/// What is drawn of an SVG document, from the top down.
struct SVGDrawing {
    /// The left edge.
    let x: Int
    /// How far down it has got.
    var y: Int
    /// How wide texts may be.
    let width: Int
    private(set) var text = ""

    init(x: Int, y: Int, width: Int) {
        self.x = x
        self.y = y
        self.width = width
    }

    /// Adds an element without content.
    mutating func add(_ name: String, _ attributes: [(String, String)]) {
        text += "<\(name)\(SVGDrawing.list(attributes))/>\n"
    }

    /// Adds a line of text.
    mutating func add(_ line: String, _ font: PictureFont, x: Int, y: Int) {
        let attributes = SVGDrawing.list([("x", "\(x)"), ("y", "\(y)"), ("class", font.rawValue)])
        text += "<text\(attributes)>\(line.escapingMarkup)</text>\n"
    }

    /// Adds a text in as many lines as it needs.
    ///
    /// - Parameter bullet: stands before the first line; the text is indented behind it.
    mutating func prose(_ text: String, _ font: PictureFont, bullet: String = "") {
        let indent = bullet.isEmpty ? 0 : 14
        for (index, line) in font.lines(text, width: width - indent).enumerated() {
            y += max(FlowPicture.lineHeight, Int(font.size * 1.3))
            if index == 0, !bullet.isEmpty { add(bullet, font, x: x, y: y) }
            add(line, font, x: x + indent, y: y)
        }
    }

    /// Adds what is drawn with coordinates of its own, below what there is.
    mutating func group(height: Int, _ draw: (inout SVGDrawing) -> Void) {
        text += "<g transform=\"translate(\(x) \(y))\">\n"
        draw(&self)
        text += "</g>\n"
        y += height
    }

    private static func list(_ attributes: [(String, String)]) -> String {
        attributes.map { " \($0.0)=\"\($0.1.escapingMarkup)\"" }.joined()
    }
}
