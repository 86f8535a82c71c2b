internal import NetAddress

/// What a rule asks of a packet or does with it: one statement of nft's grammar (nft(8), STATEMENTS).
enum NftStatement: Sendable, Hashable {
    /// The rule goes on only if the expression's value fits.
    case match(NftMatch)
    /// A verdict.
    case verdict(NftVerdict)
    /// The verdict that a map has for the expression's value; without one the rule ends.
    case verdictMap(NftExpression, NftSetReference)
    /// `reject`, with the words behind `with`.
    case reject(with: [String])
    /// `meta mark set` or, for the connection, `ct mark set`.
    case setMark(NftMarkValue, isConnection: Bool)
    /// `dnat` or `snat` to an address, a port, or both.
    case translate(NftTranslation, isSource: Bool)
    /// `masquerade` and `redirect`, with ports.
    case masquerade(NftPorts?)
    case redirect(NftPorts?)
    /// `update @set { … }` and `add @set { … }`: the set holds the value from now on; `delete @set`: no more.
    case change(set: String, NftExpression, isAdded: Bool)
    /// `notrack`.
    case notrack
    /// What changes nothing about the packet: `counter`, `log` and the like.
    case harmless
    /// Words that are not understood, and that only ask something of the packet; the answer may be another one each time.
    case unknownMatch(String, isEvent: Bool)
    /// Words that are not understood and may do anything, with all that follows in the rule.
    case unknown(String)
}

/// `ip saddr != 10.0.0.0/8` and the like.
struct NftMatch: Sendable, Hashable {
    let expression: NftExpression
    let isNegated: Bool
    let operand: NftOperand
    /// The words, without the negation.
    let text: String
}

/// What is compared with.
enum NftOperand: Sendable, Hashable {
    /// One or more values, ranges or prefixes as text; fits if any fits.
    case values(TracedElements)
    /// A named set.
    case set(String)
}

/// The value that is asked for (nft(8), EXPRESSIONS).
indirect enum NftExpression: Sendable, Hashable {
    /// The packet's addresses.
    case source(AddressFamily)
    case destination(AddressFamily)
    /// Ports; of one transport protocol only, or with `th` of any.
    case sourcePort(String?)
    case destinationPort(String?)
    /// The transport protocol: `meta l4proto`; of one family only `ip protocol`, `ip6 nexthdr`.
    case transport(AddressFamily?)
    /// `meta nfproto`.
    case family
    /// `meta mark`, with the mask behind `&`.
    case mark(UInt32)
    /// `ct mark`, with the mask behind `&`.
    case connectionMark(UInt32)
    /// `ct state`, `ct status`, `ct direction`.
    case connectionState, connectionStatus, connectionDirection
    /// `iifname` or `iif`, `oifname` or `oif`.
    case inInterface, outInterface
    /// `fib saddr type`, `fib daddr type`.
    case addressType(isSource: Bool)
    /// `numgen random mod 3 offset 0`.
    case number(modulus: Int, offset: Int)
    /// Several with ` . ` between them.
    case concatenation([NftExpression])
}

/// Where a map's or set's elements are.
enum NftSetReference: Sendable, Hashable {
    case named(String)
    case elements([NftElement])
}

/// A verdict statement.
enum NftVerdict: Sendable, Hashable {
    case accept, drop, `continue`, `return`, queue
    case jump(String)
    case goto(String)

    /// A verdict in the words of a map's element.
    init?(_ words: [String]) {
        switch words.first {
        case "accept" where words.count == 1: self = .accept
        case "drop" where words.count == 1: self = .drop
        case "continue" where words.count == 1: self = .continue
        case "return" where words.count == 1: self = .return
        case "queue": self = .queue
        case "jump" where words.count == 2: self = .jump(words[1])
        case "goto" where words.count == 2: self = .goto(words[1])
        default: return nil
        }
    }

    /// As nft lists it.
    var text: String {
        switch self {
        case .accept: "accept"
        case .drop: "drop"
        case .continue: "continue"
        case .return: "return"
        case .queue: "queue"
        case .jump(let chain): "jump \(chain)"
        case .goto(let chain): "goto \(chain)"
        }
    }
}

/// A mark that is set: a value, then what is done with it.
struct NftMarkValue: Sendable, Hashable {
    enum Start: Sendable, Hashable {
        case packet, connection
        case constant(UInt32)
    }
    enum Operation: Sendable, Hashable {
        case and(UInt32)
        case or(UInt32)
        case xor(UInt32)
    }

    let start: Start
    let operations: [Operation]

    /// The bits that are not known, where some of the packet's or the connection's are not.
    func unknownBits(packet: UInt32, connection: UInt32) -> UInt32 {
        var bits: UInt32
        switch start {
        case .packet: bits = packet
        case .connection: bits = connection
        case .constant: bits = 0
        }
        for operation in operations {
            switch operation {
            case .and(let number): bits &= number
            case .or(let number): bits &= ~number
            case .xor: break
            }
        }
        return bits
    }

    func applied(packet: UInt32, connection: UInt32) -> UInt32 {
        var value: UInt32
        switch start {
        case .packet: value = packet
        case .connection: value = connection
        case .constant(let number): value = number
        }
        for operation in operations {
            switch operation {
            case .and(let number): value &= number
            case .or(let number): value |= number
            case .xor(let number): value ^= number
            }
        }
        return value
    }
}

/// Ports from one to another.
struct NftPorts: Sendable, Hashable {
    let first: UInt16
    let last: UInt16

    /// `80` or `80-90`.
    init?(_ text: some StringProtocol) {
        let ends = text.split(separator: "-").map { UInt16($0) }
        guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last else {
            return nil
        }
        (self.first, self.last) = (first, last)
    }
}

/// Where a packet is sent.
enum NftTranslation: Sendable, Hashable {
    /// An address or `first-last`, and ports; at least one of them.
    case fixed(address: String?, NftPorts?)
    /// What a map has for the expression's value: an address, or an address and a port.
    case map(NftExpression, NftSetReference)
}
