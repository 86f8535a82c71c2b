/// A JSON value whose object keys have an order.
indirect enum JSONValue {
    case null
    case bool(Bool)
    case number(Int)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])
}

/// How a JSON text is laid out; every style spells the same value.
struct JSONStyle: Sendable {
    /// One field a line, indented by four blanks as kubectl does, instead of no white space at all.
    var isPretty = false
    /// Keys in random order instead of sorted.
    var shufflesKeys = false
    /// Some characters as escape sequences although they need none.
    var escapesAtRandom = false
    /// Fields which have no effect in the newest version stand beside the others, although older ones read them.
    var decoratesFreely = true
}

extension JSONStyle {
    /// The text of a value, without a line feed at its end.
    func text(of value: JSONValue, using generator: inout SeededGenerator) -> String {
        var text = ""
        append(value, to: &text, indentation: "", using: &generator)
        return text
    }

    private func append(
        _ value: JSONValue, to text: inout String, indentation: String, using generator: inout SeededGenerator
    ) {
        switch value {
        case .null: text += "null"
        case .bool(let flag): text += flag ? "true" : "false"
        case .number(let number): text += String(number)
        case .string(let string): text += quoted(string, using: &generator)
        case .array(let values):
            append(values, to: &text, open: "[", close: "]", indentation: indentation) { value, text, inner in
                append(value, to: &text, indentation: inner, using: &generator)
            }
        case .object(let fields):
            let fields = shufflesKeys ? generator.shuffled(fields) : fields.sorted { bytesPrecede($0.key, $1.key) }
            append(fields, to: &text, open: "{", close: "}", indentation: indentation) { field, text, inner in
                text += quoted(field.key, using: &generator) + (isPretty ? ": " : ":")
                append(field.value, to: &text, indentation: inner, using: &generator)
            }
        }
    }

    private func append<Element>(
        _ elements: [Element], to text: inout String, open: String, close: String, indentation: String,
        appendElement: (Element, inout String, String) -> Void
    ) {
        let inner = indentation + "    "
        text += open
        for (index, element) in elements.enumerated() {
            if index > 0 { text += "," }
            if isPretty { text += "\n" + inner }
            appendElement(element, &text, inner)
        }
        if isPretty && !elements.isEmpty { text += "\n" + indentation }
        text += close
    }

    private func quoted(_ string: String, using generator: inout SeededGenerator) -> String {
        var text = "\""
        for character in string.unicodeScalars {
            switch character {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "/" where escapesAtRandom && generator.chance(1, in: 4): text += "\\/"
            case _ where character.value < 0x20 || (escapesAtRandom && generator.chance(1, in: 20)):
                for unit in String(character).utf16 { text += escape(unit, using: &generator) }
            default: text.unicodeScalars.append(character)
            }
        }
        return text + "\""
    }

    private func escape(_ unit: UInt16, using generator: inout SeededGenerator) -> String {
        let digits = String(unit, radix: 16, uppercase: generator.chance(1, in: 2))
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }
}
