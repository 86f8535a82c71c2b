internal import KubeChainsBytes
internal import NetAddress
internal import Nftables

/// Writes the transaction of kube-proxy's first sync on a host without a kube-proxy table.
///
/// kube-proxy takes Service ports in the order of a hash map; here they come in the plan's order, which is one of those
/// that it can take.
struct NftablesTransaction: ~Copyable {
    var output: CommandWriter
    let state: NftablesPlan
    let isIPv4: Bool
    /// `0x` and eight digits.
    let mark: [UInt8]
    /// Matches traffic of local pods, and all other traffic; nil: local traffic is not detected.
    let localTraffic: (own: [UInt8], other: [UInt8])?
    private(set) var keys = ElementKeys()

    init(_ state: NftablesPlan, _ output: consuming CommandWriter) {
        self.output = output
        self.state = state
        isIPv4 = state.plan.settings.family == .ipv4
        var digits = TextWriter()
        digits.append(hexadecimal: state.node.masqueradeMark, width: 8)
        mark = digits.finish()
        localTraffic = NftablesTransaction.matches(of: state)
    }

    /// Writes all of it.
    mutating func write() {
        writeFixedPart()
        writeServicePorts()
    }

    /// Passes on what is left.
    consuming func finish() -> NftablesPlan.Summary {
        let count = output.count
        return NftablesPlan.Summary(commands: count, bytes: output.finish())
    }

    /// The commands of a writer that keeps them.
    consuming func takeCommands() -> WrittenCommands { output.takeCommands() }

    private static func matches(of state: NftablesPlan) -> (own: [UInt8], other: [UInt8])? {
        let (keyword, value): (String, String)
        switch state.plan.node.localTraffic {
        case nil: return nil
        case .source(let range):
            (keyword, value) = (state.plan.settings.family == .ipv4 ? "ip saddr" : "ip6 saddr", range.description)
        case .interface(let name):
            keyword = state.behaviors.contains(.nftablesInterfaceIndex) ? "iif" : "iifname"
            // The wildcard is spelled `+` in iptables.
            value = name.hasSuffix("+") ? name.dropLast() + "*" : name
        }
        return (Array("\(keyword) \(value)".utf8), Array("\(keyword) != \(value)".utf8))
    }

    // MARK: Words

    /// The family's keyword: `ip` or `ip6`.
    var family: StaticString { isIPv4 ? "ip" : "ip6" }
    /// The type of the family's addresses.
    var addressType: StaticString { isIPv4 ? "ipv4_addr" : "ipv6_addr" }

    /// Ends a command with a comment.
    mutating func end(comment: StaticString) {
        output.text.append(" comment \"")
        output.text.append(comment)
        output.text.append("\"")
        output.end()
    }

    /// Writes a command to add a chain, and one to flush it.
    mutating func writeChain(_ name: StaticString, _ specification: StaticString = "") {
        output.write(.addChain, name, specification)
        output.write(.flushChain, name)
    }

    /// Begins a rule.
    mutating func beginRule(_ chain: StaticString) {
        output.begin(.addRule)
        output.text.append(chain)
        output.text.append(" ")
    }

    /// What marks a packet for masquerading.
    mutating func appendMasquerade() {
        guard state.behaviors.contains(.nftablesEndpointMaps) else {
            return output.text.append("jump mark-for-masquerade")
        }
        output.text.append("mark set mark or ")
        output.text.append(mark)
    }

    // MARK: Elements

    /// Adds an element to a set, unless it is there.
    ///
    /// - Parameter transport: nil for a set of addresses; otherwise one of connections from an address to itself.
    mutating func addElement(
        _ owner: ElementOwner, _ address: IPAddress, _ transport: TransportProtocol? = nil, _ port: UInt16 = 0
    ) {
        guard case .new = keys.add(.init(owner, address, transport, port), .none, output.count) else { return }
        output.begin(.addElement)
        output.text.append(owner.name)
        output.text.append(" { ")
        let text = address.text
        output.text.append(text)
        if let transport {
            output.text.append(" . ")
            output.text.append(text)
            output.text.append(" . ")
            append(transport, port)
        }
        output.text.append(" }")
        output.end()
    }

    /// Adds an element to a map, in place of one with another verdict.
    ///
    /// - Parameters:
    ///   - address: nil for a map of node ports.
    ///   - comment: the comment; empty: none.
    mutating func addElement(
        _ owner: ElementOwner, _ address: IPAddress?, _ transport: TransportProtocol, _ port: UInt16,
        comment: [UInt8] = [], _ verdict: ElementVerdict, _ names: NftablesNames
    ) {
        switch keys.add(.init(owner, address, transport, port), verdict, output.count) {
        case .none: return
        case .new: break
        case .replaces(let command):
            output.undo(command)
            output.begin(.deleteElement)
            appendKey(owner, address, transport, port)
            output.text.append(" }")
            output.end(isOfMap: true)
        }
        output.begin(.addElement)
        appendKey(owner, address, transport, port)
        if !comment.isEmpty {
            output.text.append(" comment \"")
            let isCut = state.behaviors.contains(.nftablesShortComments) && comment.count > 128
            output.text.append(comment, 0..<(isCut ? 128 : comment.count))
            output.text.append("\"")
        }
        output.text.append(" : ")
        switch verdict {
        case .none, .drop: output.text.append("drop")
        case .reject: output.text.append("goto reject-chain")
        case .chain(let kind, _):
            output.text.append("goto ")
            names.write(kind, to: &output.text)
        case .localhostReject(let transport):
            output.text.append("goto localhost-nodeport-reject-")
            output.text.append(transport.name)
        }
        output.text.append(" }")
        output.end(isOfMap: true)
    }

    private mutating func appendKey(
        _ owner: ElementOwner, _ address: IPAddress?, _ transport: TransportProtocol, _ port: UInt16
    ) {
        output.text.append(owner.name)
        output.text.append(" { ")
        if let address {
            output.text.append(address.text)
            output.text.append(" . ")
        }
        append(transport, port)
    }

    private mutating func append(_ transport: TransportProtocol, _ port: UInt16) {
        output.text.append(transport.name)
        output.text.append(" . ")
        output.text.append(decimal: UInt64(port))
    }
}
