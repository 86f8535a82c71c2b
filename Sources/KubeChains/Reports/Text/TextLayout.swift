internal import KubeChainsBytes

/// How texts for people are laid out.
package enum TextLayout {
    /// Paragraphs in lines of at most `width` columns, all but the first indented. Lines that begin with blanks stay as they are.
    package static func wrapped(_ text: String, indent: Int, width: Int) -> String {
        let all = text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { paragraph in
            paragraph.hasPrefix(" ")
                ? [String(paragraph)] : lines(String(paragraph), lead: indent, hanging: indent, width: width)
        }
        return all.joined(separator: "\n" + String(repeating: " ", count: indent))
    }

    /// A text in lines that fit the remaining width. A word that is too long is cut.
    ///
    /// - Parameters:
    ///   - lead: the columns before the first line.
    ///   - hanging: the columns before the others.
    static func lines(_ text: String, lead: Int = 0, hanging: Int = 0, width: Int) -> [String] {
        // Nearly every line fits as it is.
        if text.utf8.last != UInt8(ascii: " "), columns(text) <= width - lead { return [text] }
        var lines: [String] = []
        var line = ""
        var used = 0
        // Room for a word remains however narrow it gets.
        var room = max(16, width - lead)
        func end() {
            while line.utf8.last == UInt8(ascii: " ") { line.removeLast() }
            lines.append(line)
            line = ""
            used = 0
            room = max(16, width - hanging)
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
            // A word that is too long for this line only goes to the next one.
            if used == 0, columns > room, room < width - hanging { end() }
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
    package static func columns(_ text: some StringProtocol) -> Int {
        text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.count
    }

    /// A text with blanks after it up to a width.
    package static func padded(_ text: String, _ width: Int) -> String {
        var text = text
        var missing = width - columns(text)
        while missing > 0 {
            text += blanks.prefix(missing)
            missing -= blanks.utf8.count
        }
        return text
    }

    /// Parts of it are appended at once, where a text of so many blanks would be made one by one.
    private static let blanks = String(repeating: " ", count: 80)

    /// How wide each column of a table is: as its widest cell.
    static func widths(of rows: [[String]]) -> [Int] {
        (0..<(rows.first?.count ?? 0)).map { column in rows.map { columns($0[column]) }.max() ?? 0 }
    }

    /// A probability in percent, with up to two decimals.
    static func percent(_ probability: Double) -> String {
        let hundredths = Int((probability * 10_000).rounded())
        if hundredths == 0, probability > 0 { return "under 0.01%" }
        if hundredths == 10_000, probability < 1 { return "over 99.99%" }
        return KubeChainsBytes.percent(hundredths: hundredths)
    }
}
