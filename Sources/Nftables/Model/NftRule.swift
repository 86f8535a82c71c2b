internal import KubeChainsBytes
internal import NetAddress

/// A rule, as nft lists it.
///
/// Spellings that mean the same are one text: `mark set mark or 0x4000` is `meta mark set meta mark | 0x00004000`, and an
/// anonymous set of addresses is sorted, its overlapping and adjacent ranges merged. What this grammar does not know stays
/// word for word.
public struct NftRule: Sendable {
    /// The statements as nft 1.1 lists them, without the comment.
    public let text: String
    /// The comment; nil: none.
    public let comment: String?
    /// The line on which it stands.
    public let place: NftLine
    /// The text in which a set of one address is that address.
    private let meaning: String
    /// The words as they were, where nft lists the rule in another way once it has read ``text``: it takes the braces off a set
    /// of one member, but not off a set whose members it has merged.
    private let original: String?

    init(_ tokens: [NftToken], line: Int = 0) {
        place = NftLine(line)
        var tokens = tokens[...]
        var comment: String?
        if tokens.count >= 2, tokens.last?.kind == .quoted, tokens.dropLast().last?.isWord("comment") == true {
            comment = tokens.last?.text
            tokens = tokens.dropLast(2)
        }
        self.comment = comment
        var writer = RuleSpelling(Array(tokens))
        writer.rewrite()
        text = writer.text
        meaning = writer.meaning
        original = writer.mergesToOne ? tokens.map(\.spelling).joined(separator: " ") : nil
    }

    /// Whether both do the same to packets: comments do not count.
    public func hasSameEffect(as other: NftRule) -> Bool { meaning == other.meaning }

    /// The words for a command that adds the rule, with its comment.
    var command: String { (original ?? text) + (comment.map { " comment \"\($0)\"" } ?? "") }

    /// The rule with its comment.
    public var line: String { text + (comment.map { " comment \"\($0)\"" } ?? "") }
}

extension NftRule: Hashable {
    public static func == (left: NftRule, right: NftRule) -> Bool {
        left.meaning == right.meaning && left.comment == right.comment
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(meaning)
        hasher.combine(comment)
    }
}

/// Rewrites a rule's words as nft lists them.
private struct RuleSpelling {
    private let tokens: [NftToken]
    private var index = 0
    private(set) var text = ""
    private(set) var meaning = ""
    /// Whether members of an anonymous set were merged to one.
    private(set) var mergesToOne = false

    init(_ tokens: [NftToken]) { self.tokens = tokens }

    private func word(_ offset: Int) -> String? {
        let place = index + offset
        return place >= 0 && place < tokens.count ? tokens[place].text : nil
    }

    private mutating func append(_ word: String) {
        let separator = text.isEmpty || word == "," ? "" : " "
        text += separator + word
        meaning += separator + word
    }

    mutating func rewrite() {
        while index < tokens.count {
            if !rewriteMark(), !rewriteTranslation(), !rewriteInterface(), !rewriteAddress(), !skipDefault() {
                append(tokens[index].spelling)
                index += 1
            }
        }
    }

    /// `mark and M != 0`, `mark set mark or M`, and the form with a prefix by which nft 1.0 lists the highest bits.
    private mutating func rewriteMark() -> Bool {
        guard word(0) == "mark", tokens[index].kind == .word else { return false }
        if word(-1) != "meta", word(-1) != "ct" { append("meta") }
        append("mark")
        index += 1
        switch word(0) {
        case "and", "&":
            guard let mask = word(1).flatMap(UInt32.init(nft:)) else { return true }
            append("&")
            append(RuleSpelling.hexadecimal(mask))
            index += 2
            guard let comparison = word(0), ["==", "!="].contains(comparison),
                let value = word(1).flatMap(UInt32.init(nft:))
            else { return true }
            append(comparison)
            append(RuleSpelling.hexadecimal(value))
            index += 2
        case "or", "|", "xor", "^":
            guard let value = word(1).flatMap(UInt32.init(nft:)) else { return true }
            append(word(0) == "or" || word(0) == "|" ? "|" : "^")
            append(RuleSpelling.hexadecimal(value))
            index += 2
        default:
            let isNegated = word(0) == "!="
            let parts = (word(isNegated ? 1 : 0) ?? "").split(separator: "/")
            guard parts.count == 2, let value = UInt32(nft: String(parts[0])), let length = Int(parts[1]),
                (1...32).contains(length)
            else { return true }
            append("&")
            append(RuleSpelling.hexadecimal(~0 << UInt32(32 - length)))
            append(isNegated ? "!=" : "==")
            append(RuleSpelling.hexadecimal(value))
            index += isNegated ? 2 : 1
        }
        return true
    }

    /// `dnat ip addr . port to` is listed as `dnat ip to`.
    private mutating func rewriteTranslation() -> Bool {
        guard word(0) == "addr", word(1) == ".", word(2) == "port", word(3) == "to" else { return false }
        index += 3
        return true
    }

    private mutating func rewriteInterface() -> Bool {
        guard let keyword = word(0), ["iifname", "iif", "oifname", "oif"].contains(keyword) else { return false }
        append(keyword)
        index += 1
        if word(0) == "!=" {
            append("!=")
            index += 1
        }
        if index < tokens.count, tokens[index].kind == .word, word(0) != ".", word(0)?.hasPrefix("@") == false {
            append("\"\(tokens[index].text)\"")
            index += 1
        }
        return true
    }

    /// An address, or a set of addresses.
    private mutating func rewriteAddress() -> Bool {
        guard let keyword = word(0), keyword == "saddr" || keyword == "daddr" else { return false }
        append(keyword)
        index += 1
        if word(0) == "!=" {
            append("!=")
            index += 1
        }
        guard index < tokens.count else { return true }
        if tokens[index].kind == .word, let range = AddressRange(tokens[index].text) {
            append(range.description)
            index += 1
            return true
        }
        guard tokens[index].isSymbol("{"), let end = tokens[index...].firstIndex(where: { $0.isSymbol("}") }) else {
            return true
        }
        let members = tokens[(index + 1)..<end].filter { !$0.isSymbol(",") }
        let ranges = members.compactMap { AddressRange($0.text) }
        guard let family = ranges.first?.family, ranges.count == members.count,
            ranges.allSatisfy({ $0.family == family })
        else { return true }
        let hasRange = members.contains { $0.text.contains { $0 == "/" || $0 == "-" } }
        let merged = AddressRange.merged(ranges, adjacentToo: hasRange).map(\.description)
        let list = merged.joined(separator: ", ")
        if merged.count == 1, members.count > 1 { mergesToOne = true }
        text += members.count == 1 ? " \(list)" : " { \(list) }"
        meaning += merged.count == 1 ? " \(list)" : " { \(list) }"
        index = end + 1
        return true
    }

    /// What is not listed since it is the default.
    private mutating func skipDefault() -> Bool {
        guard word(0) == "offset", word(1) == "0", word(-2) == "mod" else { return false }
        index += 2
        return true
    }

    private static func hexadecimal(_ value: UInt32) -> String { "0x" + KubeChainsBytes.hexadecimal(value, digits: 8) }
}
