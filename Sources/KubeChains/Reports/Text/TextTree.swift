internal import KubeChainsBytes

/// A text with what hangs below it, drawn as a tree.
struct TextTree {
    /// The first is the label; the others stand below it. Each is broken into lines where it is too long.
    var lines: [String]
    var children: [TextTree] = []

    init(_ lines: String..., children: [TextTree] = []) {
        self.lines = lines
        self.children = children
    }

    /// The tree as text. Labels of the tree and of its sections are headings.
    func text(_ style: TextStyle) -> String {
        var text = ""
        write(to: &text, style, first: "", rest: "", depth: children.isEmpty ? 2 : 0)
        return text
    }

    private func write(to text: inout String, _ style: TextStyle, first: String, rest: String, depth: Int) {
        let isHeading = depth < 2 && (depth == 0 || !children.isEmpty)
        for (index, line) in lines.enumerated() {
            let below = rest + (children.isEmpty ? "  " : "│ ")
            let lead = index == 0 ? first : below
            let hanging = index == 0 ? below : below + "  "
            // Box-drawing characters have one scalar for each column.
            let parts = TextLayout.lines(
                line.escapingInvisible(), lead: lead.unicodeScalars.count, hanging: hanging.unicodeScalars.count,
                width: style.width)
            for (part, body) in parts.enumerated() {
                let isPainted = isHeading && index == 0
                text += (part == 0 ? lead : hanging) + style.painted(body, isPainted ? .heading : nil) + "\n"
            }
        }
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            child.write(
                to: &text, style, first: rest + (isLast ? "└─ " : "├─ "), rest: rest + (isLast ? "   " : "│  "),
                depth: depth + 1)
        }
    }
}
