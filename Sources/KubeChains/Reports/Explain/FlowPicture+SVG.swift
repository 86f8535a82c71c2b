internal import KubeProxy

/// The picture as a self-contained SVG document: no script, no embedded font.
extension FlowPicture {
    /// A letter of the notes is narrower than one of the boxes.
    private static let noteLetter = 6

    static func svg(_ all: FlowGraphs) -> String {
        let pictures = all.graphs.map { FlowPicture($0) }
        let width = max(640, pictures.map(\.width).max() ?? 0) + 2 * margin
        var body = ""
        var y = margin
        for remark in all.remarks {
            for line in TextLayout.lines(remark, width: (width - 2 * margin) / letter) {
                y += lineHeight
                body += element("text", [("x", "\(margin)"), ("y", "\(y)"), ("class", "note")], line)
            }
        }
        if !all.remarks.isEmpty { y += 10 }
        for picture in pictures { body += picture.drawing(&y, width) }
        body += legend(y, all.chains, Set(pictures.flatMap { $0.graph.nodes.map(\.kind) }))
        let height = y + margin
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" viewBox="0 0 \(width) \(height)" \
            role="img" style="max-width:100%;min-width:\(width * 7 / 10)px;height:auto">
            <title>\(escaped(pictures.map(\.graph.title).joined(separator: "; ")))</title>
            <style>
            \(style)</style>
            <defs>
            <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
            <path d="M0 0 L8 4 L0 8 z" fill="#57606a"/></marker>
            </defs>
            <rect width="\(width)" height="\(height)" fill="#ffffff"/>
            \(body)</svg>

            """
    }

    private static var style: String {
        var text = """
            text { font: 12.5px system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1b1f24 }
            .heading { font-size: 17px; font-weight: 600 }
            .name { font-weight: 600 }
            .line { font: 11.5px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #424a53 }
            .note { fill: #424a53 }
            .label { font-size: 12px; fill: #424a53; stroke: #ffffff; stroke-width: 4px; paint-order: stroke }
            .arrow { fill: none; stroke: #57606a; stroke-width: 1.3px }

            """
        for kind in FlowGraph.Node.Kind.allCases {
            let dashes = kind == .leftOut ? "; stroke-dasharray: 5 3" : ""
            text += ".\(kind.rawValue) { fill: \(kind.fill); stroke: \(kind.stroke); stroke-width: 1.3px\(dashes) }\n"
        }
        return text + ".target { stroke-width: 3.5px }\n"
    }

    /// Draws the picture from `y` on downwards.
    private func drawing(_ y: inout Int, _ width: Int) -> String {
        let left = FlowPicture.margin
        var text = ""
        y += 20
        text += FlowPicture.element("text", [("x", "\(left)"), ("y", "\(y)"), ("class", "heading")], graph.title)
        y += 10
        for note in graph.notes {
            let room = (width - 2 * left - 14) / FlowPicture.noteLetter
            for (index, line) in TextLayout.lines(note, width: room).enumerated() {
                y += FlowPicture.lineHeight
                let bullet = index == 0 ? "•" : ""
                if !bullet.isEmpty {
                    text += FlowPicture.element("text", [("x", "\(left)"), ("y", "\(y)"), ("class", "note")], bullet)
                }
                text += FlowPicture.element(
                    "text", [("x", "\(left + 14)"), ("y", "\(y)"), ("class", "note")], line)
            }
        }
        y += 24
        text += "<g transform=\"translate(\(left) \(y))\">\n"
        for arrow in arrows { text += path(arrow) }
        for (index, box) in boxes.enumerated() { text += drawing(box, graph.nodes[index]) }
        for arrow in arrows { text += labels(arrow) }
        text += "</g>\n"
        y += height + 30
        return text + outcomes(&y)
    }

    /// A table of what clients see, by frontend and sender.
    private func outcomes(_ y: inout Int) -> String {
        var text = ""
        let left = FlowPicture.margin
        var previous = ""
        for outcome in graph.outcomes {
            let cells = [
                (left, outcome.entry == previous ? "" : outcome.entry, "name"),
                (left + tableColumns.sender, "from \(outcome.sender)", "note"),
                (left + tableColumns.result, outcome.clientSees, "note"),
            ]
            for (x, cell, style) in cells where !cell.isEmpty {
                text += FlowPicture.element("text", [("x", "\(x)"), ("y", "\(y)"), ("class", style)], cell)
            }
            previous = outcome.entry
            y += FlowPicture.lineHeight + 2
        }
        y += 22
        return text
    }

    private func drawing(_ box: Box, _ node: FlowGraph.Node) -> String {
        var text = FlowPicture.element(
            "rect",
            [
                ("x", "\(box.x)"), ("y", "\(box.y)"), ("width", "\(box.width)"), ("height", "\(box.height)"),
                ("rx", "7"), ("class", node.kind.rawValue + (node.isTarget ? " target" : "")),
            ])
        let x = box.x + 12
        var y = box.y + FlowPicture.lineHeight + 4
        text += FlowPicture.element("text", [("x", "\(x)"), ("y", "\(y)"), ("class", "name")], node.title)
        for line in box.lines {
            y += FlowPicture.lineHeight
            text += FlowPicture.element("text", [("x", "\(x)"), ("y", "\(y)"), ("class", "line")], line)
        }
        return text
    }

    private func path(_ arrow: Arrow) -> String {
        let (start, end) = (arrow.start, arrow.end)
        let bend = max(28, (end.x - start.x) / 2)
        let curve =
            arrow.isVertical
            ? "M\(start.x) \(start.y) L\(end.x) \(end.y)"
            : "M\(start.x) \(start.y) C\(start.x + bend) \(start.y) \(end.x - bend) \(end.y) \(end.x) \(end.y)"
        return FlowPicture.element("path", [("d", curve), ("class", "arrow"), ("marker-end", "url(#tip)")])
    }

    /// Labels stand above an arrow's tip, or beside an arrow that goes down.
    private func labels(_ arrow: Arrow) -> String {
        var text = ""
        let count = arrow.labels.count
        for (index, label) in arrow.labels.enumerated() {
            let x = arrow.isVertical ? arrow.start.x + 10 : arrow.end.x - 12
            let y =
                arrow.isVertical
                ? (arrow.start.y + arrow.end.y - (count - 1) * FlowPicture.lineHeight) / 2 + 4
                    + index * FlowPicture.lineHeight
                : arrow.end.y - 5
            let anchor = arrow.isVertical ? "start" : "end"
            text += FlowPicture.element(
                "text", [("x", "\(x)"), ("y", "\(y)"), ("text-anchor", anchor), ("class", "label")], label)
        }
        return text
    }

    private static func legend(_ y: Int, _ chains: String, _ kinds: Set<FlowGraph.Node.Kind>) -> String {
        var text = ""
        var x = margin
        for (kind, word) in [
            (FlowGraph.Node.Kind.entry, "way in"), (.chain, chains), (.endpoint, "endpoint with its share"),
            (.leftOut, "endpoint left out"), (.refusal, "refused"),
        ] where kinds.contains(kind) {
            let box = [
                ("x", "\(x)"), ("y", "\(y - 10)"), ("width", "14"), ("height", "12"), ("rx", "3"),
                ("class", kind.rawValue),
            ]
            text += element("rect", box)
            text += element("text", [("x", "\(x + 20)"), ("y", "\(y)"), ("class", "note")], word)
            x += word.count * letter + 44
        }
        return text
    }

    // MARK: XML

    private static func element(_ name: String, _ attributes: [(String, String)], _ content: String? = nil) -> String {
        let list = attributes.map { " \($0.0)=\"\(escaped($0.1))\"" }.joined()
        return content.map { "<\(name)\(list)>\(escaped($0))</\(name)>\n" } ?? "<\(name)\(list)/>\n"
    }

    private static func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.append(character)
            }
        }
    }
}
