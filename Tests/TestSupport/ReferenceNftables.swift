/// An independent model of kube-proxy 1.31 to 1.37 in nftables mode: the transaction of its first sync for one node and one
/// IP family.
///
/// Like ``ReferenceModel`` it works on plain values and strings, and shares nothing with the product.
public struct ReferenceNftables: Sendable {
    /// The text for `nft -f`.
    public let transaction: String
    /// The state to which it leads, as commands.
    public let state: String
    /// What is wrong with the transaction.
    public let faults: [String]

    /// Works out what a cluster's node programs.
    public init(_ cluster: ClusterDescription) {
        let node = ReferenceNode(cluster)
        var writer = ReferenceNftablesText(cluster, node)
        writer.writeFixedPart()
        for port in cluster.referenceServicePorts(node: node) { writer.write(port) }
        transaction = writer.lines.map { $0 + "\n" }.joined()
        let nft = FakeNft(transaction)
        state = nft.state
        faults = nft.faults
    }
}

/// Where node ports answer in nftables mode.
struct ReferenceNftablesNodePorts {
    let matchesAll: Bool
    let addresses: [String]
    /// The protocols, in lower case, that are rejected at localhost; nil: the version has no such thing.
    let rejected: [String]?

    init(_ cluster: ClusterDescription, _ node: ReferenceNode) {
        let settings = cluster.settings
        let isIPv4 = settings.family == .ipv4
        let entries = settings.nodePortAddresses.isEmpty ? ["primary"] : settings.nodePortAddresses
        let texts = entries.flatMap { entry -> [String] in
            switch entry {
            case "primary": node.nodeIP.isLoopback ? [] : ["\(node.nodeIP.text)/\(isIPv4 ? 32 : 128)"]
            case "localhost": ["127.0.0.0/8", "::1/128"]
            case "all": ["0.0.0.0/0", "::/0"]
            default: [entry]
            }
        }
        let prefixes = texts.compactMap { ReferencePrefix($0) }.filter { $0.family == settings.family }
        let zero = isIPv4 ? "0.0.0.0/0" : "::/0"
        matchesAll =
            prefixes.isEmpty
            || prefixes.contains { node.version.isUpTo(33) ? $0.given == zero : $0.length == 0 }
        let own = cluster.nodes.first { $0.name == settings.node }
        let host = ReferenceNode.interfaceAddresses(settings, node: own)
        let taken = host.filter { address in
            !address.isLoopback && prefixes.contains { $0.contains(address) }
        }
        addresses = uniqueSorted(taken.map(\.text))
        if node.version.isUpTo(36) {
            rejected = nil
        } else if settings.localhostNodePortsGate {
            rejected = prefixes.contains { $0.network.isLoopback } ? ["udp", "sctp"] : ["tcp", "udp", "sctp"]
        } else {
            rejected = []
        }
    }
}
