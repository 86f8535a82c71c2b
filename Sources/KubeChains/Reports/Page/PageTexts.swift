internal import KubeChainsBytes

/// The texts of a page's data. A text is a template, which many Services share, and the words in it that name something: what
/// has a digit, a slash or a quote in it. Words that several Services have stand in the page once.
struct PageTexts {
    /// Where a word goes in a template. Texts are free of control characters.
    private static let gap = "\u{1F}"

    private(set) var templates: [String] = [""]
    /// Words of several Services.
    private(set) var shared: [String] = []
    private var templateNumbers: [String: Int] = ["": 0]
    private var sharedNumbers: [String: Int] = [:]
    /// Words that one Service has so far, with its position.
    private var owners: [String: Int] = [:]

    /// The words of the Service at hand that no other one before it has.
    private(set) var own: [String] = []
    private var ownNumbers: [String: Int] = [:]
    private var service = -1

    /// Begins the next Service: words belong to it from here on.
    mutating func beginService() {
        service += 1
        own = []
        ownNumbers = [:]
    }

    /// The text as JSON: the template's number, or an array of it and of the words' numbers. A word of several Services has a
    /// number below zero.
    mutating func json(_ text: String) -> String {
        var template = ""
        var words = ""
        for (index, part) in text.escapingInvisible().split(separator: " ", omittingEmptySubsequences: false)
            .enumerated()
        {
            if index > 0 { template += " " }
            let names = part.utf8.contains { (0x30...0x39).contains($0) || $0 == 0x2F || $0 == 0x22 }
            if names {
                template += PageTexts.gap
                words += ",\(number(ofWord: String(part)))"
            } else {
                template += part
            }
        }
        let number = number(ofTemplate: template)
        return words.isEmpty ? "\(number)" : "[\(number)\(words)]"
    }

    private mutating func number(ofTemplate template: String) -> Int {
        if let number = templateNumbers[template] { return number }
        templates.append(template)
        templateNumbers[template] = templates.count - 1
        return templates.count - 1
    }

    private mutating func number(ofWord word: String) -> Int {
        if let number = ownNumbers[word] { return number }
        if let number = sharedNumbers[word] { return -1 - number }
        if let owner = owners[word], owner != service {
            shared.append(word)
            sharedNumbers[word] = shared.count - 1
            return -shared.count
        }
        owners[word] = service
        own.append(word)
        ownNumbers[word] = own.count - 1
        return own.count - 1
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
