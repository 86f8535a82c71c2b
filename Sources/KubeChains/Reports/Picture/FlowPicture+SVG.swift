/// Pictures as a self-contained SVG document: no script, no embedded font.
extension FlowPicture {
    /// Pictures are at least so wide, for texts. For the table of what clients see they are widened.
    private static let narrowest = 680
    private static let widestTable = 860

    static func svg(_ all: FlowGraphs) -> String {
        let pictures = all.graphs.map { FlowPicture($0) }
        let table = pictures.map { OutcomeTable($0.graph.outcomes).width }.max() ?? 0
        let room = max(narrowest, min(table, widestTable), pictures.map(\.width).max() ?? 0)
        var drawing = SVGDrawing(x: margin, y: margin, width: room)
        for remark in all.remarks { drawing.prose(remark, .note) }
        if !all.remarks.isEmpty { drawing.y += 10 }
        for picture in pictures { picture.draw(in: &drawing) }
        drawing.legend(of: all)
        let (width, height) = (room + 2 * margin, drawing.y + margin)
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            role="img" style="max-width:100%;min-width:\(width * 7 / 10)px;height:auto">
            <title>\(pictures.map(\.graph.title).joined(separator: "; ").escapingMarkup)</title>
            <style>
            \(PictureStyle.text)</style>
            <defs>
            <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
            <path d="M0 0 L8 4 L0 8 z" class="tip"/></marker>
            </defs>
            <rect width="\(width)" height="\(height)" class="ground"/>
            \(drawing.text)</svg>

            """
    }

    private func draw(in drawing: inout SVGDrawing) {
        drawing.prose(graph.title, .heading)
        drawing.y += 4
        for note in graph.notes { drawing.prose(note, .note, bullet: "•") }
        drawing.y += 24
        drawing.group(height: height) { drawing in
            for arrow in arrows {
                drawing.add("path", [("d", path(arrow)), ("class", "arrow"), ("marker-end", "url(#tip)")])
            }
            for (box, node) in zip(boxes, graph.nodes) { draw(box, node, in: &drawing) }
            for arrow in arrows { drawLabels(of: arrow, in: &drawing) }
        }
        drawing.y += 30
        OutcomeTable(graph.outcomes).draw(in: &drawing)
    }

    private func draw(_ box: Box, _ node: FlowGraph.Node, in drawing: inout SVGDrawing) {
        drawing.add(
            "rect",
            [
                ("x", "\(box.x)"), ("y", "\(box.y)"), ("width", "\(box.width)"), ("height", "\(box.height)"),
                ("rx", "7"), ("class", node.kind.rawValue + (node.isTarget ? " target" : "")),
            ])
        var y = box.y + 4
        for (font, lines) in [(PictureFont.name, box.title), (.line, box.lines)] {
            for line in lines {
                y += FlowPicture.lineHeight
                drawing.add(line, font, x: box.x + 12, y: y)
            }
        }
    }

    /// An arrow's line in the language of a path's `d`.
    func path(_ arrow: Arrow) -> String {
        guard var last = arrow.points.first else { return "" }
        var text = "M\(last.x) \(last.y)"
        for (index, point) in arrow.points.enumerated().dropFirst() {
            let middle = (last.x + point.x) / 2
            text +=
                index.isMultiple(of: 2) || last.y == point.y
                ? "H\(point.x)" : "C\(middle) \(last.y) \(middle) \(point.y) \(point.x) \(point.y)"
            last = point
        }
        return text
    }

    private func drawLabels(of arrow: Arrow, in drawing: inout SVGDrawing) {
        guard let end = arrow.points.last else { return }
        for (index, label) in arrow.labels.enumerated() {
            let y = end.y - 5 - (arrow.labels.count - 1 - index) * FlowPicture.labelHeight
            drawing.add(label, .label, x: arrow.points[arrow.points.count - 2].x + 2, y: y)
        }
    }
}

/// A table of what clients see, by frontend and sender.
private struct OutcomeTable {
    private let rows: [FlowGraph.Outcome]
    /// Where its columns begin.
    private let sender: Int
    private let result: Int
    let width: Int

    init(_ rows: [FlowGraph.Outcome]) {
        func widest(_ font: PictureFont, _ text: (FlowGraph.Outcome) -> String) -> Int {
            rows.map { font.width(of: text($0)) }.max() ?? 0
        }
        self.rows = rows
        sender = widest(.name) { $0.entry } + 24
        result = sender + widest(.note) { "from \($0.sender)" } + 24
        width = result + widest(.note) { $0.clientSees }
    }

    func draw(in drawing: inout SVGDrawing) {
        guard !rows.isEmpty else { return }
        drawing.add("What clients see", .name, x: drawing.x, y: drawing.y)
        drawing.y += 6
        var previous = ""
        for row in rows {
            let y = drawing.y + FlowPicture.lineHeight + 2
            if row.entry != previous { drawing.add(row.entry, .name, x: drawing.x, y: y) }
            drawing.add("from \(row.sender)", .note, x: drawing.x + sender, y: y)
            for line in PictureFont.note.lines(row.clientSees, width: max(200, drawing.width - result)) {
                drawing.y += FlowPicture.lineHeight + 2
                drawing.add(line, .note, x: drawing.x + result, y: drawing.y)
            }
            previous = row.entry
        }
        drawing.y += 34
    }
}

extension SVGDrawing {
    /// What the colours of boxes mean.
    fileprivate mutating func legend(of all: FlowGraphs) {
        let start = x
        var left = x
        for (kind, word) in all.legend {
            let width = PictureFont.note.width(of: word) + 20
            if left > start, left + width > start + self.width {
                left = start
                y += FlowPicture.lineHeight + 6
            }
            add(
                "rect",
                [
                    ("x", "\(left)"), ("y", "\(y - 10)"), ("width", "14"), ("height", "12"), ("rx", "3"),
                    ("class", kind.rawValue),
                ])
            add(word, .note, x: left + 20, y: y)
            left += width + 24
        }
    }
}
