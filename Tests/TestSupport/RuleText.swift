/// A text for iptables-restore, taken apart as far as tests of its structure need.
public struct RuleText: Sendable {
    /// The tables in order.
    public let tables: [Table]

    /// A table and what the text says of it.
    public struct Table: Sendable {
        /// Such as `filter`.
        public let name: String
        /// The declared chains (`:CHAIN - [0:0]`) in order.
        public fileprivate(set) var chains: [String] = []
        /// The added rules in order.
        public fileprivate(set) var rules: [Rule] = []
        /// The deleted chains (`-X CHAIN`) in order.
        public fileprivate(set) var deletedChains: [String] = []
    }

    /// One added rule.
    public struct Rule: Sendable {
        /// The chain to which the rule is added.
        public let chain: String
        /// The chain or target of `-j`; nil if the rule has none.
        public let target: String?
        /// The probability of the statistic match; nil if the rule has none.
        public let probability: Double?
        /// The whole line, without its line feed.
        public let line: String
    }

    /// A line which is not of the form that kube-proxy writes.
    public struct Malformed: Error, CustomStringConvertible {
        /// The number of the line, from 1; one past the last where the text's end is at fault.
        public let lineNumber: Int
        /// What is wrong, as a phrase.
        public let reason: String

        /// The place and the reason.
        public var description: String { "line \(lineNumber): \(reason)" }
    }

    /// Reads a text; every line must end in a line feed, and every table in `COMMIT`.
    public init(_ text: String) throws(Malformed) {
        var reader = Reader()
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let end = lines.popLast()
        for line in lines { try reader.read(String(line)) }
        tables = try reader.finish(hasLineFeed: end == "")
    }

    /// The table of a name.
    public func table(_ name: String) -> Table? {
        tables.first { $0.name == name }
    }
}

extension RuleText.Table {
    /// The rules of one chain in order.
    public func rules(of chain: String) -> [RuleText.Rule] {
        rules.filter { $0.chain == chain }
    }

    /// The rules which add to a chain that the table does not declare.
    public var rulesOfUndeclaredChains: [RuleText.Rule] {
        let declared = Set(chains)
        return rules.filter { !declared.contains($0.chain) }
    }

    /// The rules which jump to a chain of kube-proxy (`KUBE-...`) that the table does not declare.
    public var rulesWithUndeclaredTargets: [RuleText.Rule] {
        let declared = Set(chains)
        return rules.filter { rule in
            rule.target.map { $0.hasPrefix("KUBE-") && !declared.contains($0) } ?? false
        }
    }

    /// The declared chains to which no path of jumps leads from the roots, in order.
    public func unreachableChains(from roots: [String]) -> [String] {
        var targets: [String: [String]] = [:]
        for rule in rules {
            if let target = rule.target { targets[rule.chain, default: []].append(target) }
        }
        var reached = Set(roots)
        var pending = roots
        while let chain = pending.popLast() {
            for target in targets[chain] ?? [] where reached.insert(target).inserted { pending.append(target) }
        }
        return chains.filter { !reached.contains($0) }
    }
}

extension RuleText {
    /// The chains that a text declares without regard to any Service; from them every other chain is reached, except
    /// where the gate AllowServiceExternalIPs is off (an external chain is then written, but nothing jumps to it).
    public static func roots(ofTable name: String) -> [String] {
        name == "nat"
            ? ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"]
            : [
                "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL",
                "KUBE-FIREWALL",
            ]
    }

    /// Splits a line at its blanks; text in double quotes is one word, without the quotes. Nil if a quote stays open or
    /// a blank stands where none belongs.
    public static func words(of line: String) -> [String]? {
        var words: [String] = []
        var word = ""
        var isQuoted = false
        for character in line {
            switch character {
            case "\"": isQuoted.toggle()
            case " " where !isQuoted:
                if word.isEmpty { return nil }
                words.append(word)
                word = ""
            default: word.append(character)
            }
        }
        return isQuoted || word.isEmpty ? nil : words + [word]
    }
}

extension RuleText {
    private struct Reader {
        private var finished: [Table] = []
        private var table: Table?
        private var lineNumber = 0

        mutating func read(_ line: String) throws(Malformed) {
            lineNumber += 1
            guard var current = table else {
                guard line.hasPrefix("*") else { throw malformed("a table must begin here") }
                table = Table(name: String(line.dropFirst()))
                return
            }
            if line == "COMMIT" {
                finished.append(current)
                table = nil
                return
            }
            guard let words = RuleText.words(of: line) else { throw malformed("blanks or quotes are out of place") }
            if line.hasPrefix(":") {
                guard words.count == 3, words[1] == "-", words[2] == "[0:0]" else {
                    throw malformed("the chain's policy or counters are not empty")
                }
                if !current.rules.isEmpty { throw malformed("a chain is declared after a rule") }
                current.chains.append(String(words[0].dropFirst()))
            } else if words[0] == "-A", words.count > 2 {
                current.rules.append(try rule(words, line))
            } else if words[0] == "-X", words.count == 2 {
                current.deletedChains.append(words[1])
            } else {
                throw malformed("neither a chain nor a rule")
            }
            table = current
        }

        func finish(hasLineFeed: Bool) throws(Malformed) -> [Table] {
            if !hasLineFeed { throw Malformed(lineNumber: lineNumber + 1, reason: "the last line has no line feed") }
            if let table {
                throw Malformed(lineNumber: lineNumber + 1, reason: "the table \(table.name) has no COMMIT")
            }
            return finished
        }

        private func rule(_ words: [String], _ line: String) throws(Malformed) -> Rule {
            func value(after option: String) -> String? {
                words.firstIndex(of: option).flatMap { $0 + 1 < words.count ? words[$0 + 1] : nil }
            }
            let probability = value(after: "--probability")
            if let probability, Double(probability) == nil { throw malformed("the probability is no number") }
            return Rule(
                chain: words[1], target: value(after: "-j"), probability: probability.flatMap(Double.init), line: line)
        }

        private func malformed(_ reason: String) -> Malformed {
            Malformed(lineNumber: lineNumber, reason: reason)
        }
    }
}
