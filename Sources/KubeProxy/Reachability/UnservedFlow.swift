public import NetAddress

/// What becomes of everybody's packets to addresses of Services beside their frontends.
public struct UnservedFlow: Sendable, Hashable {
    /// What is sent to.
    public let kind: UnservedTraffic.Kind
    /// Where.
    public let addresses: AddressSet
    /// What becomes of the packets.
    public let outcome: FlowOutcome

    init(_ kind: UnservedTraffic.Kind, _ addresses: AddressSet, _ outcome: FlowOutcome) {
        self.kind = kind
        self.addresses = addresses
        self.outcome = outcome
    }

    init(_ traffic: UnservedTraffic) {
        let outcome: FlowOutcome =
            switch traffic.outcome {
            case .refused: .refused
            case .timesOut: .timesOut
            case .unchanged: .unchanged
            case .endpoints, .unknown: .unknown(.mode)
            }
        self.init(traffic.kind, traffic.addresses, outcome)
    }
}
