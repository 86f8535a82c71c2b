internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

/// The kinds of chains that a Service port has of its own.
public enum NftablesChainKind: UInt8, Sendable, Hashable, CaseIterable {
    /// `service-…` of all endpoints and of the node's alone, `external-…`, `firewall-…`.
    case clusterPolicy, localPolicy, external, firewall

    /// How the chains' names begin.
    @usableFromInline var prefix: StaticString {
        switch self {
        case .clusterPolicy: "service-"
        case .localPolicy: "local-"
        case .external: "external-"
        case .firewall: "firewall-"
        }
    }
}

/// Writes the names of a Service port's chains and sets (kube-proxy 1.36: `hashAndTruncate` of
/// `pkg/proxy/nftables/proxier.go`).
struct NftablesNames {
    /// What all names of the Service port's own chains end with: a hash, `-`, and ``base``.
    private(set) var ending: [UInt8] = []
    /// `namespace/service/protocol/port name`.
    private(set) var base: [UInt8] = []

    /// Names longer than this many bytes are cut.
    private static let limit = 240

    /// Takes a Service port.
    mutating func begin(_ port: ServicePortPlan, _ hash: ChainHash) {
        base.removeAll(keepingCapacity: true)
        NftablesNames.appendBase(of: port.name, to: &base)
        ending.removeAll(keepingCapacity: true)
        for shift in stride(from: UInt64(56), through: 0, by: -8) {
            ending.append(UInt8(truncatingIfNeeded: hash.first >> shift))
        }
        ending.append(UInt8(ascii: "-"))
        ending.append(contentsOf: base)
    }

    static func appendBase(of name: ServicePortName, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: name.namespace.text.utf8)
        bytes.append(UInt8(ascii: "/"))
        bytes.append(contentsOf: name.service.text.utf8)
        bytes.append(UInt8(ascii: "/"))
        name.transport.name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
        bytes.append(UInt8(ascii: "/"))
        if let port = name.port { bytes.append(contentsOf: port.text.utf8) }
    }

    /// What an endpoint's name ends with: `__address/port`, dots for an IPv6 address's colons.
    static func endpointText(_ endpoint: PlannedEndpoint) -> AddressText {
        AddressText("__", endpoint.address, colon: UInt8(ascii: "."), "/", port: endpoint.port)
    }

    /// Writes the name of one of the Service port's chains.
    @inline(__always)
    func write(_ kind: NftablesChainKind, to text: inout TextWriter) {
        text.append(kind.prefix)
        text.append(ending)
    }

    /// Writes the name of an endpoint's chain or affinity set.
    @inline(__always)
    func write(_ prefix: StaticString, _ hash: ChainHash, _ endpoint: AddressText, to text: inout TextWriter) {
        text.append(prefix)
        text.append(bigEndian: hash.first)
        text.append(UInt8(ascii: "-"))
        text.append(base)
        let length = 9 + base.count + endpoint.count
        if length <= NftablesNames.limit { return text.append(endpoint) }
        for position in 0..<(NftablesNames.limit - 3 - 9 - base.count) { text.append(endpoint[position]) }
        text.append("...")
    }
}

extension NftablesPlan {
    /// The name of one of a Service port's chains, whether there is such a chain or not.
    func chainName(_ kind: NftablesChainKind, of port: ServicePortPlan) -> String {
        var names = NftablesNames()
        names.begin(port, hashes.ports[port.index])
        return kind.prefix.description + String(decoding: names.ending, as: UTF8.self)
    }
}

/// How nftables mode names chains.
struct NftablesNaming: ChainNaming {
    /// Whether all endpoints have chains, not only those of Service ports with affinity.
    let namesAllEndpoints: Bool

    func appendPrefix(of port: ServicePortPlan, to bytes: inout [UInt8]) {
        NftablesNames.appendBase(of: port.name, to: &bytes)
    }

    func text(of endpoint: PlannedEndpoint) -> AddressText { NftablesNames.endpointText(endpoint) }

    func namesEndpoints(of port: ServicePortPlan) -> Bool { namesAllEndpoints || port.affinitySeconds != nil }
}
