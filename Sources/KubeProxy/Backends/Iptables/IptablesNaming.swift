internal import KubeChainsBytes
internal import NetAddress

/// How iptables mode names chains (kube-proxy 1.36: `servicePortChainNameBase` and `servicePortEndpointChainName` of
/// `pkg/proxy/iptables/proxier.go`).
struct IptablesNaming: ChainNaming {
    func appendPrefix(of port: ServicePortPlan, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: port.nameText)
        port.name.transport.name.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    func text(of endpoint: PlannedEndpoint) -> AddressText { endpoint.text }

    func spelledText(of endpoint: PlannedEndpoint, of port: ServicePortPlan) -> String? {
        port.spelledText(of: endpoint)
    }

    func namesEndpoints(of port: ServicePortPlan) -> Bool { true }
}

extension ChainHasher {
    /// Selects the Service port that all messages begin with.
    mutating func begin(_ port: ServicePortPlan) { begin(port, IptablesNaming()) }

    /// The hash of the chain that an endpoint of the Service port has, or would have if it were used.
    mutating func hash(of endpoint: PlannedEndpoint, of port: ServicePortPlan) -> ChainHash {
        begin(port)
        if let text = port.spelledText(of: endpoint) { return hash(of: text) }
        add(endpoint.text)
        return finish()[0]
    }
}
