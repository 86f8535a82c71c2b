internal import NetAddress

/// `-m iprange [!] --src-range A-B [!] --dst-range A-B`: iptables-extensions(8), iprange.
struct IPRangeMatch {
    struct Addresses {
        let first: IPAddress
        let last: IPAddress
        let isNegated: Bool
    }

    private(set) var source: Addresses?
    private(set) var destination: Addresses?

    /// Nil if the words are not those of the match.
    init?(_ match: UnknownExtension) {
        var isNegated = false
        var option: String?
        for word in match.words {
            if word == "!", option == nil {
                isNegated = true
            } else if option == nil {
                option = word
            } else {
                let ends = word.split(separator: "-", omittingEmptySubsequences: false)
                guard ends.count <= 2, let first = IPAddress(String(ends[0])),
                    let last = IPAddress(String(ends[ends.count - 1])), first.family == last.family
                else { return nil }
                let addresses = Addresses(first: first, last: last, isNegated: isNegated)
                switch option {
                case "--src-range": source = addresses
                case "--dst-range": destination = addresses
                default: return nil
                }
                (option, isNegated) = (nil, false)
            }
        }
        guard option == nil, source != nil || destination != nil else { return nil }
    }
}
