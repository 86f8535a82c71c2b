extension NftRule {
    /// The chains to which the rule's verdicts lead.
    public var targets: [String] {
        words { word, before in before == "goto" || before == "jump" ? word : nil }
    }

    /// The sets and maps that the rule looks up or changes.
    public var sets: [String] {
        words { word, _ in word.hasPrefix("@") ? word.dropFirst() : nil }
    }

    private func words(_ pick: (_ word: Substring, _ before: Substring) -> Substring?) -> [String] {
        var found: [String] = []
        var before: Substring = ""
        for word in text.split(separator: " ") {
            if let name = pick(word, before) { found.append(String(name.hasSuffix(",") ? name.dropLast() : name)) }
            before = word
        }
        return found
    }
}

extension NftElement {
    /// The chain to which the element's verdict leads; nil: to none.
    public var target: String? {
        guard let words = data?.split(separator: " "), words.count == 2, words[0] == "goto" || words[0] == "jump" else {
            return nil
        }
        return String(words[1])
    }

    /// The element as nft lists it.
    public var line: String {
        key.joined(separator: " . ") + (comment.map { " comment \"\($0)\"" } ?? "") + (data.map { " : \($0)" } ?? "")
    }
}
