internal import NetAddress

/// How a back end forms the texts whose hashes stand in the names of chains: one for each Service port, and for each of
/// its endpoints the same followed by the endpoint's.
protocol ChainNaming: Sendable {
    /// Appends a Service port's text.
    func appendPrefix(of port: ServicePortPlan, to bytes: inout [UInt8])

    /// What follows the Service port's text for an endpoint.
    func text(of endpoint: PlannedEndpoint) -> AddressText

    /// The same where it is not made of the canonical address; nil: it is.
    func spelledText(of endpoint: PlannedEndpoint, of port: ServicePortPlan) -> String?

    /// Whether a Service port's reachable endpoints have names.
    func namesEndpoints(of port: ServicePortPlan) -> Bool
}

extension ChainNaming {
    func spelledText(of endpoint: PlannedEndpoint, of port: ServicePortPlan) -> String? { nil }
}
