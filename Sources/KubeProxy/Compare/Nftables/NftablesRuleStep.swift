internal import NetAddress
internal import Nftables

/// What a rule in a chain of a Service port does, read off the text by which nft lists it.
enum NftablesRuleStep: Hashable {
    /// A number below `modulus` is drawn, and decides where the connection goes.
    case balance(modulus: Int, [Choice])
    /// Connections go to one endpoint.
    case translate(EndpointReference)
    /// Clients that a set remembers go to a chain.
    case affinity(set: String, chain: String)
    /// The client is remembered in a set.
    case remember(set: String)
    /// Packets that meet conditions, none if the text is empty, go to a chain.
    case lead(chain: String, conditions: String)
    /// Packets that meet conditions are marked for masquerading; nil: by the chain for it.
    case masquerade(mark: UInt32?, conditions: String)
    /// Sources outside of these ranges are dropped.
    case ranges([String])
    /// Something that no rule of a Service port does.
    case other

    /// What a number leads to.
    struct Choice: Hashable {
        let number: Int
        let target: Target
    }

    /// An endpoint, or the chain of one.
    enum Target: Hashable {
        case endpoint(EndpointReference)
        case chain(String)
    }

    /// - Parameter transport: the protocol of the Service port; a rule for another one never applies.
    init(_ rule: NftRule, transport: String) {
        let words = rule.text.split { $0 == " " || $0 == "," }
        if words.count > 1, words[0] == "update", let set = NftablesRuleStep.set(words[1]) {
            self = .remember(set: set)
        } else if let place = words.firstIndex(of: "numgen") {
            self = NftablesRuleStep.balance(words, place, transport) ?? .other
        } else if words.count == 6, words[0] == "meta", words[1] == "l4proto", words[2] == transport,
            words[3] == "dnat", words[4] == "to", let endpoint = EndpointReference(words[5])
        {
            self = .translate(endpoint)
        } else if words.count > 1, words[words.count - 2] == "goto" {
            self = NftablesRuleStep.lead(words)
        } else if words.count > 1, words[words.count - 2] == "jump", words[words.count - 1] == "mark-for-masquerade" {
            self = .masquerade(mark: nil, conditions: words.dropLast(2).joined(separator: " "))
        } else if words.count > 6, words.suffix(7).dropLast() == ["meta", "mark", "set", "meta", "mark", "|"],
            let mark = words[words.count - 1].hexadecimal
        {
            self = .masquerade(mark: mark, conditions: words.dropLast(7).joined(separator: " "))
        } else if words.count > 4, words[1] == "saddr", words[2] == "!=", words[words.count - 1] == "drop" {
            self = .ranges(words[3..<(words.count - 1)].filter { $0 != "{" && $0 != "}" }.map(String.init))
        } else {
            self = .other
        }
    }

    private static func set(_ word: Substring) -> String? { word.first == "@" ? String(word.dropFirst()) : nil }

    private static func lead(_ words: [Substring]) -> NftablesRuleStep {
        let chain = String(words[words.count - 1])
        if words.count == 5, words[1] == "saddr", let set = set(words[2]) { return .affinity(set: set, chain: chain) }
        return .lead(chain: chain, conditions: words.dropLast(2).joined(separator: " "))
    }

    /// `numgen random mod 2 vmap { 0 : goto CHAIN 1 : goto CHAIN }`, or behind `meta l4proto tcp dnat ip to` with
    /// `map { 0 : ADDRESS . PORT … }`.
    private static func balance(_ words: [Substring], _ place: Int, _ transport: String) -> NftablesRuleStep? {
        let rest = words[place...]
        guard rest.count > 6, words[place + 1] == "random", words[place + 2] == "mod",
            let modulus = Int(words[place + 3]), modulus > 0, words[place + 5] == "{", rest.last == "}"
        else { return nil }
        let isVerdict = words[place + 4] == "vmap"
        guard
            isVerdict
                ? place == 0
                : place == 6 && words[0] == "meta" && words[1] == "l4proto" && words[2] == transport
                    && words[3] == "dnat"
        else { return nil }
        var choices: [Choice] = []
        var index = place + 6
        while index < words.count - 1 {
            let end = index + (isVerdict ? 4 : 5)
            guard end < words.count, let number = Int(words[index]), words[index + 1] == ":" else { return nil }
            if isVerdict {
                guard words[index + 2] == "goto" else { return nil }
                choices.append(Choice(number: number, target: .chain(String(words[index + 3]))))
            } else {
                guard let address = IPAddress(String(words[index + 2])), words[index + 3] == ".",
                    let port = UInt16(words[index + 4])
                else { return nil }
                choices.append(Choice(number: number, target: .endpoint(.address(address, port: port))))
            }
            index = end
        }
        return .balance(modulus: modulus, choices)
    }
}

extension EndpointReference {
    /// `ADDRESS:PORT`, an IPv6 address in brackets.
    fileprivate init?(_ word: Substring) {
        guard let colon = word.lastIndex(of: ":"), let port = UInt16(word[word.index(after: colon)...]) else {
            return nil
        }
        var address = word[..<colon]
        if address.first == "[", address.last == "]" { address = address.dropFirst().dropLast() }
        guard let address = IPAddress(String(address)) else { return nil }
        self = .address(address, port: port)
    }
}

extension Substring {
    /// A number as nft writes marks: `0x00004000`.
    var hexadecimal: UInt32? { hasPrefix("0x") ? UInt32(dropFirst(2), radix: 16) : nil }
}
