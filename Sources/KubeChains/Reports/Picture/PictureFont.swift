/// A font of pictures, with how wide its texts are at most.
///
/// Which font a viewer has is not known. The widths are those of DejaVu Sans and DejaVu Sans Mono 2.37, which are as wide as the
/// widest of the usual ones (Verdana), so that texts fit in all of them.
enum PictureFont: String, CaseIterable {
    /// The title of a picture.
    case heading
    /// The title of a box.
    case name
    /// Prose above and below.
    case note
    /// What stands below a box's title.
    case line
    /// Beside an arrow.
    case label

    /// In pixels.
    var size: Double {
        switch self {
        case .heading: 17
        case .name, .note: 12.5
        case .line: 11.5
        case .label: 12
        }
    }

    var isBold: Bool { self == .heading || self == .name }
    var isMonospaced: Bool { self == .line }

    /// How wide a text is, in pixels, rounded up.
    func width(of text: some StringProtocol) -> Int {
        let thousandths = text.unicodeScalars.reduce(0) { width, scalar in
            guard scalar.isASCII, scalar.value >= 0x20, scalar.value < 0x7F else { return width + 1000 }
            if isMonospaced { return width + 602 }
            return width + Int((isBold ? PictureFont.bold : PictureFont.regular)[Int(scalar.value) - 0x20])
        }
        return Int((Double(thousandths) * size / 1000).rounded(.up))
    }

    /// A text in lines of at most `width` pixels. A word that is too long for a line is broken behind a hyphen, slash, dot, comma
    /// or colon, or anywhere if it has none.
    func lines(_ text: String, width room: Int) -> [String] {
        if width(of: text) <= room { return [text] }
        var lines = [""]
        for word in text.split(separator: " ") {
            let line = lines[lines.count - 1]
            let longer = line.isEmpty ? String(word) : line + " " + word
            if width(of: longer) <= room {
                lines[lines.count - 1] = longer
            } else if width(of: word) <= room {
                lines.append(String(word))
            } else {
                if !line.isEmpty { lines.append("") }
                for part in parts(of: word, room) {
                    let longer = lines[lines.count - 1] + part
                    if width(of: longer) <= room { lines[lines.count - 1] = longer } else { lines.append(part) }
                }
            }
        }
        return lines
    }

    /// What stays together of a word that is too long for a line.
    private func parts(of word: Substring, _ room: Int) -> [String] {
        var parts = [""]
        for character in word {
            parts[parts.count - 1].append(character)
            if "-/.,:".contains(character) { parts.append("") }
        }
        return parts.flatMap { part in width(of: part) <= room ? [part] : part.map { String($0) } }
    }

    /// The widths of the letters from U+0020 to U+007E, in thousandths of the font's size.
    private static let regular: [UInt16] = [
        318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636,
        636, 636, 636, 636, 636, 337, 337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295,
        295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732, 684, 989, 685, 611, 685, 390, 337, 390, 838,
        500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635, 635, 411, 521,
        392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
    ]

    private static let bold: [UInt16] = [
        348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696,
        696, 696, 696, 696, 696, 400, 400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372,
        372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812, 774, 1103, 771, 724, 725, 457, 365, 457, 838,
        500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687, 716, 716, 493, 595,
        478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
    ]
}
