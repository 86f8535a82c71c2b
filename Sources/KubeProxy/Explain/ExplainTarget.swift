public import KubeObjects
public import NetAddress

/// What is to be explained.
public enum ExplainTarget: Sendable, Hashable {
    /// A Service, or one of its ports by name or number.
    case service(namespace: DNSLabel, name: DNSLabel, port: String?)
    /// A Service that only one namespace has, or one of its ports by name or number.
    case shortName(DNSLabel, port: String?)
    /// A node port or a health-check node port; nil: any protocol.
    case nodePort(UInt16, transport: TransportProtocol?)
    /// A chain, by its name or the beginning of it.
    case chain(String)
    /// An address and port of a Service, of the node, or of an endpoint; nil: any port or protocol.
    case address(IPAddress, port: UInt16?, transport: TransportProtocol?)

    /// Reads `[namespace/]service[:port]`, a Service's name in the DNS such as `service.namespace.svc`, a node port, a chain's
    /// name, or `IP[:port][/protocol]` with brackets around an IPv6 address.
    ///
    /// - Throws: ``ExplainTargetError`` if the text is none of them.
    public init(_ text: String) throws(ExplainTargetError) {
        if text.hasPrefix("KUBE-") || NftablesRuleReasons.isChain(text) {
            self = .chain(text)
        } else if let address = ExplainTarget.address(text) {
            self = address
        } else if let nodePort = ExplainTarget.nodePort(text) {
            self = nodePort
        } else if let service = ExplainTarget.service(text) ?? ExplainTarget.domainName(text) {
            self = service
        } else {
            throw ExplainTargetError(
                .invalid,
                "invalid target '\(text)': expected namespace/service[:port], a node port, a chain (KUBE-…), or "
                    + "IP:port[/protocol], an IPv6 address in brackets")
        }
    }

    /// The family that the target belongs to; nil: any.
    public var family: AddressFamily? {
        switch self {
        case .address(let address, _, _): address.family
        // The prefix of the names of IPVS mode's sets.
        case .chain(let name) where name.hasPrefix("KUBE-6-"): .ipv6
        case .chain, .service, .shortName, .nodePort: nil
        }
    }

    private static func service(_ text: String) -> ExplainTarget? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let last = parts.last, last.first?.isNumber == false else { return nil }
        let names = last.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let name = DNSLabel(String(names[0])) else { return nil }
        let port = names.count == 2 ? String(names[1]) : nil
        guard port.map({ DNSLabel($0) != nil }) ?? true else { return nil }
        guard parts.count == 2 else { return .shortName(name, port: port) }
        return DNSLabel(String(parts[0])).map { .service(namespace: $0, name: name, port: port) }
    }

    /// `service.namespace`, or with `.svc` and the cluster's domain behind it; perhaps with `:port`.
    private static func domainName(_ text: String) -> ExplainTarget? {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let labels = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count == 2 || labels.count > 2 && labels[2] == "svc", let name = DNSLabel(String(labels[0])),
            let namespace = DNSLabel(String(labels[1]))
        else { return nil }
        let port = parts.count == 2 ? String(parts[1]) : nil
        guard port.map({ DNSLabel($0) != nil }) ?? true else { return nil }
        return .service(namespace: namespace, name: name, port: port)
    }

    private static func nodePort(_ text: String) -> ExplainTarget? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let transport = parts.count == 2 ? TransportProtocol(anyCase: parts[1]) : nil
        guard parts.count == 1 || parts.count == 2 && transport != nil, let number = UInt16(parts[0]), number > 0
        else { return nil }
        return .nodePort(number, transport: transport)
    }

    private static func address(_ text: String) -> ExplainTarget? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let transport = parts.count == 2 ? TransportProtocol(anyCase: parts[1]) : nil
        guard parts.count == 1 || transport != nil else { return nil }
        let place = parts[0]
        if let address = IPAddress(String(place)) { return .address(address, port: nil, transport: transport) }
        var (host, rest) = (place, Substring())
        if place.hasPrefix("["), let bracket = place.lastIndex(of: "]") {
            host = place[place.index(after: place.startIndex)..<bracket]
            rest = place[place.index(after: bracket)...]
        } else if let colon = place.lastIndex(of: ":") {
            (host, rest) = (place[..<colon], place[colon...])
            // A colon belongs to an IPv6 address, unless brackets say otherwise.
            guard !host.contains(":") else { return nil }
        }
        let isLocalhost = host == "localhost" && !rest.isEmpty
        guard let address = isLocalhost ? .loopback(.ipv4) : IPAddress(String(host)) else { return nil }
        if rest.isEmpty { return .address(address, port: nil, transport: transport) }
        guard rest.hasPrefix(":"), let port = UInt16(rest.dropFirst()), port > 0 else { return nil }
        return .address(address, port: port, transport: transport)
    }
}

/// Why a target cannot be explained, with suggestions.
public struct ExplainTargetError: Error, Sendable, CustomStringConvertible {
    /// The kind of an error.
    public enum Code: Sendable, Hashable {
        /// The text names no Service, chain or address.
        case invalid
        /// There is no such thing.
        case notFound
        /// Several names begin so.
        case ambiguous
    }

    /// What is wrong, to switch on.
    public let code: Code
    /// What is wrong, and what was expected.
    public let description: String
    /// The unknown word, and the known words of its kind.
    public let unknown: (word: String, known: [String])?

    init(_ code: Code, _ description: String, unknown: (word: String, known: [String])? = nil) {
        self.code = code
        self.description = description
        self.unknown = unknown
    }
}

extension TransportProtocol {
    /// The protocol with this name, in upper or lower case.
    fileprivate init?(anyCase name: Substring) {
        let upper = name.uppercased()
        guard let found = TransportProtocol.allCases.first(where: { $0.kubernetesName == upper }) else { return nil }
        self = found
    }
}
