/// A text with what hangs below it, drawn as a tree.
struct TextTree {
    /// The first is the label; the others stand below it. Each is broken into lines where it is too long.
    var lines: [String]
    var children: [TextTree] = []

    init(_ lines: String..., children: [TextTree] = []) {
        self.lines = lines
        self.children = children
    }

    /// The greatest number of columns of a line.
    static let width = 100

    /// The tree as text.
    var text: String {
        var text = ""
        write(to: &text, first: "", rest: "")
        return text
    }

    private func write(to text: inout String, first: String, rest: String) {
        for (index, line) in lines.enumerated() {
            let below = rest + (children.isEmpty ? "  " : "│ ")
            let lead = index == 0 ? first : below
            let hanging = index == 0 ? below : below + "  "
            // Box-drawing characters have one scalar for each column.
            let parts = TextTree.wrapped(line, lead.unicodeScalars.count, hanging.unicodeScalars.count)
            for (part, body) in parts.enumerated() { text += (part == 0 ? lead : hanging) + body + "\n" }
        }
        for (index, child) in children.enumerated() {
            let isLast = index == children.count - 1
            child.write(to: &text, first: rest + (isLast ? "└─ " : "├─ "), rest: rest + (isLast ? "   " : "│  "))
        }
    }

    /// Wraps text to the remaining width. A word that is too long is cut.
    ///
    /// - Parameters:
    ///   - lead: the columns before the first line.
    ///   - hanging: the columns before the others.
    static func wrapped(_ text: String, _ lead: Int = 0, _ hanging: Int = 0, width: Int = width) -> [String] {
        // Nearly every line fits as it is.
        if text.utf8.last != UInt8(ascii: " "), columns(text) <= width - lead { return [text] }
        var lines: [String] = []
        var line = ""
        var used = 0
        var room = width - lead
        func end() {
            while line.utf8.last == UInt8(ascii: " ") { line.removeLast() }
            lines.append(line)
            line = ""
            used = 0
            room = width - hanging
        }
        for (index, part) in text.split(separator: " ", omittingEmptySubsequences: false).enumerated() {
            var word = part
            var columns = columns(word)
            if index > 0 {
                if used + 1 + columns > room, used > 0 {
                    end()
                } else {
                    line += " "
                    used += 1
                }
            }
            while used + columns > room {
                line += word.prefix(room - used)
                word = word.dropFirst(room - used)
                columns -= room - used
                end()
            }
            line += word
            used += columns
        }
        end()
        return lines
    }

    /// The number of letters; of ASCII, which is nearly all of it, without looking for letters of several scalars.
    private static func columns(_ text: some StringProtocol) -> Int {
        text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.count
    }
}
