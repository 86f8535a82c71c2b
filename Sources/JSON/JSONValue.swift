internal import KubeChainsBytes

/// A value of a report in JSON; members keep their order.
package indirect enum JSONValue {
    case string(String)
    case integer(Int)
    case number(Double)
    case boolean(Bool)
    case array([JSONValue])
    case object([(key: String, value: JSONValue?)])

    /// An array of strings.
    package static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }

    /// The value as kubectl prints JSON: four blanks for each level, and a line's end. Members without a value are left out.
    package var text: String {
        var writer = TextWriter()
        write(to: &writer, depth: 0)
        writer.append("\n")
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// The value in one line without blanks, with the line's end.
    package var line: String {
        var writer = TextWriter()
        writeCompactly(to: &writer)
        writer.append("\n")
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    private func writeCompactly(to text: inout TextWriter) {
        switch self {
        case .array(let elements):
            text.append("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(",") }
                element.writeCompactly(to: &text)
            }
            text.append("]")
        case .object(let all):
            text.append("{")
            var isFirst = true
            for case (let key, let value?) in all {
                if !isFirst { text.append(",") }
                isFirst = false
                JSONValue.write(key, to: &text)
                text.append(":")
                value.writeCompactly(to: &text)
            }
            text.append("}")
        case .string, .integer, .number, .boolean: write(to: &text, depth: 0)
        }
    }

    private func write(to text: inout TextWriter, depth: Int) {
        switch self {
        case .string(let string): JSONValue.write(string, to: &text)
        case .integer(let integer): text.append(string: String(integer))
        case .number(let number): text.append(string: number == 1 ? "1" : number == 0 ? "0" : String(number))
        case .boolean(let boolean): text.append(boolean ? "true" : "false")
        case .array(let elements):
            if elements.isEmpty { return text.append("[]") }
            text.append("[")
            for (index, element) in elements.enumerated() {
                JSONValue.breakLine(&text, depth + 1, isFirst: index == 0)
                element.write(to: &text, depth: depth + 1)
            }
            JSONValue.breakLine(&text, depth, isFirst: true)
            text.append("]")
        case .object(let all):
            let members = all.filter { $0.value != nil }
            if members.isEmpty { return text.append("{}") }
            text.append("{")
            for (index, member) in members.enumerated() {
                JSONValue.breakLine(&text, depth + 1, isFirst: index == 0)
                JSONValue.write(member.key, to: &text)
                text.append(": ")
                member.value?.write(to: &text, depth: depth + 1)
            }
            JSONValue.breakLine(&text, depth, isFirst: true)
            text.append("}")
        }
    }

    private static func breakLine(_ text: inout TextWriter, _ depth: Int, isFirst: Bool) {
        if !isFirst { text.append(",") }
        text.append("\n")
        for _ in 0..<depth { text.append("    ") }
    }

    private static func write(_ string: String, to text: inout TextWriter) {
        text.append("\"")
        defer { text.append("\"") }
        let isPlain = string.utf8.allSatisfy { byte in
            (0x20..<0x7F).contains(byte) && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
        if isPlain { return text.append(string: string) }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text.append("\\\"")
            case "\\": text.append("\\\\")
            case "\n": text.append("\\n")
            case "\t": text.append("\\t")
            case _ where scalar.isInvisible:
                for unit in String(scalar).utf16 { text.append(string: "\\u" + hexadecimal(unit, digits: 4)) }
            default: text.append(string: String(scalar))
            }
        }
    }
}
