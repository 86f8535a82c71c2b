/// A selector of labels in kubectl's notation: `app=web,tier!=cache,env in (a, b),!canary`.
public struct LabelSelector: Sendable, Hashable {
    /// A text that is no selector.
    public struct InvalidText: Error, Sendable, CustomStringConvertible {
        /// What was found and what is expected.
        public let description: String
    }

    private enum Condition: Hashable {
        case isOneOf(Set<String>)
        case isNoneOf(Set<String>)
        case exists, isAbsent
    }

    private struct Requirement: Hashable {
        let key: String
        let condition: Condition
    }

    private let requirements: [Requirement]

    /// Reads a selector; an empty one selects everything.
    public init(_ text: String) throws(InvalidText) {
        var requirements: [Requirement] = []
        for part in LabelSelector.parts(text) {
            guard let requirement = LabelSelector.requirement(part) else {
                throw InvalidText(
                    description: "invalid selector '\(part)': expected KEY=VALUE, KEY!=VALUE, KEY in (A, B), "
                        + "KEY notin (A, B), KEY or !KEY")
            }
            requirements.append(requirement)
        }
        self.requirements = requirements
    }

    /// Whether an object with these labels is selected. One without the label fulfils `!=` and `notin`, as with kubectl.
    public func selects(_ labels: [String: String]) -> Bool {
        requirements.allSatisfy { requirement in
            let value = labels[requirement.key]
            return switch requirement.condition {
            case .isOneOf(let values): value.map { values.contains($0) } ?? false
            case .isNoneOf(let values): value.map { !values.contains($0) } ?? true
            case .exists: value != nil
            case .isAbsent: value == nil
            }
        }
    }

    /// The parts between commas that stand outside parentheses, without blanks around them.
    private static func parts(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        let trimmed = parts.map(trimmed)
        return trimmed == [""] ? [] : trimmed
    }

    private static func requirement(_ part: String) -> Requirement? {
        func made(_ key: String, _ condition: Condition) -> Requirement? {
            let key = trimmed(key)
            let isName = !key.isEmpty && key.utf8.allSatisfy { isNameByte($0) || $0 == UInt8(ascii: "/") }
            return isName ? Requirement(key: key, condition: condition) : nil
        }
        func value(_ text: Substring) -> Set<String>? {
            let text = trimmed(String(text))
            return text.utf8.allSatisfy(isNameByte) ? [text] : nil
        }
        if part.hasSuffix(")"), let open = part.firstIndex(of: "(") {
            let words = part[..<open].split(separator: " ")
            let values = part[part.index(after: open)...].dropLast().split(
                separator: ",", omittingEmptySubsequences: false
            ).map { trimmed(String($0)) }
            guard words.count == 2, values.allSatisfy({ $0.utf8.allSatisfy(isNameByte) }) else { return nil }
            switch words[1] {
            case "in": return made(String(words[0]), .isOneOf(Set(values)))
            case "notin": return made(String(words[0]), .isNoneOf(Set(values)))
            default: return nil
            }
        }
        guard let equals = part.firstIndex(of: "=") else {
            return part.hasPrefix("!") ? made(String(part.dropFirst()), .isAbsent) : made(part, .exists)
        }
        var (key, rest) = (part[..<equals], part[part.index(after: equals)...])
        if key.hasSuffix("!") {
            key.removeLast()
            return value(rest).flatMap { made(String(key), .isNoneOf($0)) }
        }
        if rest.hasPrefix("=") { rest.removeFirst() }
        return value(rest).flatMap { made(String(key), .isOneOf($0)) }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
