/// A parsed command line, before it is executed.
struct RuleLine {
    /// The command's letter, such as `A`; 0 if there is none.
    var command: UInt8 = 0
    /// Where the command begins in the text.
    var commandOffset = 0
    /// The chain that the command is for.
    var chain: Token?
    /// The rule's number in the chain, from 1.
    var number: Int?
    /// The word after the chain: a policy for `-P`, a name for `-E`.
    var extra: Token?
    /// The rule; where the line has several addresses, without those.
    var rule = Rule()
    /// The addresses of `-s` and `-d` where there are several of either.
    var sources: [AddressMatch] = []
    var destinations: [AddressMatch] = []
    /// Whether the line is for the other family only (`-4`, `-6`) and has to be skipped.
    var isForOtherFamily = false

    /// The rules that the line stands for: one for each source with each destination.
    var rules: [Rule] {
        if sources.isEmpty, destinations.isEmpty { return [rule] }
        let sources = sources.isEmpty ? [rule.source] : sources.map { $0.fitsAll ? nil : $0 }
        let destinations = destinations.isEmpty ? [rule.destination] : destinations.map { $0.fitsAll ? nil : $0 }
        return sources.flatMap { source in
            destinations.map { destination in
                var rule = rule
                rule.source = source
                rule.destination = destination
                return rule
            }
        }
    }
}

/// A match or target of the rule that is being read.
struct OpenExtension {
    /// Its position among the definitions; nil if it is not modelled.
    var definition: Int?
    /// The position of its options in the table of all options.
    var options: Range<Int>
    let isTarget: Bool
    /// The word with its name, or the protocol that brought it along.
    let place: Token
    /// The options used so far, as bits.
    var seen: UInt32 = 0
    /// For one that is not modelled: the ranges of its words in the text.
    var words: [Range<Int>] = []
}
