/// A selector of labels in kubectl's notation: `app=web,tier!=cache,env in (a, b),!canary,replicas>2`.
///
/// What is valid is taken from `labels.Parse` of k8s.io/apimachinery.
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
        case isAbove(Int64)
        case isBelow(Int64)
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
                        + "KEY notin (A, B), KEY, !KEY, KEY>NUMBER or KEY<NUMBER")
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
            case .isAbove(let bound): value.flatMap { Int64($0) }.map { $0 > bound } ?? false
            case .isBelow(let bound): value.flatMap { Int64($0) }.map { $0 < bound } ?? false
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
        func made(_ key: Substring, _ condition: Condition) -> Requirement? {
            let key = trimmed(String(key))
            return isKey(key) ? Requirement(key: key, condition: condition) : nil
        }
        func value(_ text: Substring) -> String? {
            let text = trimmed(String(text))
            return isValue(text) ? text : nil
        }
        if part.hasSuffix(")"), let open = part.firstIndex(of: "(") {
            let words = part[..<open].split(whereSeparator: isBlank)
            let list = part[part.index(after: open)...].dropLast()
            let values = list.split(separator: ",", omittingEmptySubsequences: false).compactMap { value($0) }
            guard words.count == 2, !list.allSatisfy(isBlank), values.count == list.count(where: { $0 == "," }) + 1
            else { return nil }
            switch words[1] {
            case "in": return made(words[0], .isOneOf(Set(values)))
            case "notin": return made(words[0], .isNoneOf(Set(values)))
            default: return nil
            }
        }
        guard let sign = part.firstIndex(where: { $0 == "=" || $0 == "<" || $0 == ">" }) else {
            return part.hasPrefix("!") ? made(part.dropFirst(), .isAbsent) : made(part[...], .exists)
        }
        var (key, rest) = (part[..<sign], part[part.index(after: sign)...])
        if part[sign] != "=" {
            guard let bound = value(rest).flatMap({ Int64($0) }) else { return nil }
            return made(key, part[sign] == ">" ? .isAbove(bound) : .isBelow(bound))
        }
        if key.hasSuffix("!") {
            key.removeLast()
            return value(rest).flatMap { made(key, .isNoneOf([$0])) }
        }
        if rest.hasPrefix("=") { rest.removeFirst() }
        return value(rest).flatMap { made(key, .isOneOf([$0])) }
    }

    // MARK: Names

    /// Whether a text is a label's key: a name, which may have a DNS subdomain and a slash before it.
    private static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return isName(parts[parts.count - 1])
            && (parts.count == 1 || parts.count == 2 && DNSSubdomain(String(parts[0])) != nil)
    }

    private static func isValue(_ text: String) -> Bool { text.isEmpty || isName(text[...]) }

    /// Whether a text has 1 to 63 letters, digits and `-`, `_` and `.`, with a letter or digit at both ends.
    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, text.utf8.count <= 63 else { return false }
        return isLetterOrDigit(first) && isLetterOrDigit(last)
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20)
    }

    private static func isBlank(_ character: Character) -> Bool {
        character == " " || character == "\t" || character.isNewline
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }
}
