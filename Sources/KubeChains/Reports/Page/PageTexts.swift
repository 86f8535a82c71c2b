internal import KubeChainsBytes

/// The texts of a page's data, and its parts. What many Services have alike stands in the page once:
///
/// - a text is a template with gaps for words that name something: what has a digit, a slash or a chain's hash in it;
/// - a part, such as the rules of a Service port, is a shape, whose texts name the part's words by their position, and the
///   numbers of those words: two Services that differ in names and addresses alone have the same shape.
struct PageTexts {
    /// Where a word goes in a template. Texts are free of control characters.
    private static let gap = "\u{1F}"

    private(set) var templates = Numbered()
    private(set) var shapes = Numbered()
    /// Words of several Services.
    private(set) var shared = Numbered()
    /// Words that one Service has so far, with its position.
    private var owners: [String: Int] = [:]
    /// The words of the Service at hand that no other one before it has.
    private(set) var own = Numbered()
    private var service = -1
    /// The words of the part at hand.
    private var wordsOfPart: [Int] = []
    private var positionsInPart: [Int: Int] = [:]

    init() { _ = templates.number(of: "") }

    /// Begins the next Service: words belong to it from here on.
    mutating func beginService() {
        service += 1
        own = Numbered()
    }

    /// A part as JSON: its shape's number, or an array of it and of the numbers of its words. A word of several Services has a
    /// number below zero.
    ///
    /// - Parameter shape: writes JSON in which ``text(_:)`` and ``list(_:)`` give the texts.
    mutating func part(_ shape: (inout PageTexts) -> String) -> String {
        wordsOfPart = []
        positionsInPart = [:]
        let number = shapes.number(of: shape(&self))
        if wordsOfPart.isEmpty { return "\(number)" }
        return "[" + ([number] + wordsOfPart).map(String.init).joined(separator: ",") + "]"
    }

    /// Texts of a part as JSON.
    mutating func list(_ texts: [String]) -> String {
        "[" + texts.map { text($0) }.joined(separator: ",") + "]"
    }

    /// A text of a part as JSON: its template's number, or an array of it and of its words' positions in the part.
    mutating func text(_ text: String) -> String {
        var template = ""
        var positions = ""
        for piece in PageTexts.pieces(of: text.escapingInvisible()) {
            if piece.isWord {
                template += PageTexts.gap
                positions += ",\(position(ofWord: String(piece.text)))"
            } else {
                template += piece.text
            }
        }
        let number = templates.number(of: template)
        return positions.isEmpty ? "\(number)" : "[\(number)\(positions)]"
    }

    private mutating func position(ofWord word: String) -> Int {
        let number = number(ofWord: word)
        if let position = positionsInPart[number] { return position }
        wordsOfPart.append(number)
        positionsInPart[number] = wordsOfPart.count - 1
        return wordsOfPart.count - 1
    }

    private mutating func number(ofWord word: String) -> Int {
        if let number = own.known(word) { return number }
        if let number = shared.known(word) { return -1 - number }
        if let owner = owners[word], owner != service { return -1 - shared.number(of: word) }
        owners[word] = service
        return own.number(of: word)
    }

    // MARK: Words

    /// The words that name something, and what is between them.
    private static func pieces(of text: String) -> [(text: Substring, isWord: Bool)] {
        var pieces: [(text: Substring, isWord: Bool)] = []
        let bytes = text.utf8
        var start = text.startIndex
        func end(at end: String.Index) {
            let word = text[start..<end]
            guard namesSomething(word.utf8) else { return pieces.append((word, false)) }
            // An address and its port, or a Service and its port. IPv6 addresses have more colons.
            guard let colon = word.utf8.firstIndex(of: UInt8(ascii: ":")),
                word.utf8.lastIndex(of: UInt8(ascii: ":")) == colon
            else { return pieces.append((word, true)) }
            let parts = [word[..<colon], word[bytes.index(after: colon)...]]
            for (part, separator) in zip(parts, [word[colon...colon], ""]) {
                pieces += [(part, !part.isEmpty), (separator, false)]
            }
        }
        for index in bytes.indices where isSeparator(bytes[index]) {
            end(at: index)
            pieces.append((text[index...index], false))
            start = bytes.index(after: index)
        }
        end(at: text.endIndex)
        return pieces
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: " "), UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "["), UInt8(ascii: "]"):
            true
        default: false
        }
    }

    /// Whether a word has a digit or a slash, or is the name of a chain with a hash, which may happen to have no digit.
    private static func namesSomething(_ word: Substring.UTF8View) -> Bool {
        word.contains { (0x30...0x39).contains($0) || $0 == UInt8(ascii: "/") }
            || word.count > "KUBE-PROXY-FIREWALL".utf8.count && word.starts(with: "KUBE-".utf8)
    }

    /// A string in JSON that can stand within a script element of HTML: nothing in it can end the element.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "<": result += "\\u003c"
            case ">": result += "\\u003e"
            case "&": result += "\\u0026"
            case "\u{1F}": result += "\\u001f"
            case " "..."~": result.unicodeScalars.append(scalar)
            // Shown as in all reports: the letters \u{…}.
            case _ where scalar.isInvisible: result += "\\\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Texts by number, in the order in which they were first asked for.
struct Numbered {
    private(set) var texts: [String] = []
    private var numbers: [String: Int] = [:]

    /// The number of a text, if it has one.
    func known(_ text: String) -> Int? { numbers[text] }

    /// The number of a text; it gets one if it has none.
    mutating func number(of text: String) -> Int {
        if let number = numbers[text] { return number }
        texts.append(text)
        numbers[text] = texts.count - 1
        return texts.count - 1
    }
}
