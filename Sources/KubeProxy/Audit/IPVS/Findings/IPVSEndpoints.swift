extension IPVSEvidence {
    /// An endpoint is no real server.
    public struct MissingEndpoint: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingEndpoint
        /// `address:port`.
        public let endpoint: String
        /// Where it gets no connections.
        public let frontends: [String]

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "the endpoint \(endpoint) gets no connections to \(shortened(frontends)): it is no real server there"
        }
        public var remedy: String { remedyForAge }
    }

    /// An endpoint has another weight than kube-proxy gives.
    public struct WrongWeight: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongWeight
        /// `address:port`.
        public let endpoint: String
        /// The virtual servers where it has it.
        public let frontends: [String]
        /// The weight; it should be 1.
        public let weight: Int

        public var severity: FindingSeverity { .error }
        public var effect: String {
            weight == 0
                ? "the endpoint \(endpoint) gets no new connections to \(shortened(frontends)): its weight is 0, as if it "
                    + "terminated, but it is in use"
                : "the endpoint \(endpoint) has the weight \(weight) in place of 1 at \(shortened(frontends)): schedulers that "
                    + "heed weights give it another share of the connections"
        }
        public var remedy: String { remedyForAge }
    }

    /// Packets get to an endpoint in another way.
    public struct WrongForwarding: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAddress
        /// `address:port`.
        public let endpoint: String
        /// The virtual servers where it is so.
        public let frontends: [String]
        /// The option of ipvsadm that kube-proxy uses.
        public let expected: String
        /// The option that is there.
        public let actual: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "packets for \(shortened(frontends)) reach \(endpoint) with the forwarding method \(actual) in place of \(expected): "
                + "the endpoint gets them with the Service's address, which is not its own"
        }
    }

    /// Connections go to an address that is no endpoint.
    public struct StaleEndpoint: AuditEvidence {
        public static let id = AuditFinding.Identifier.staleEndpoint
        /// `address:port`.
        public let endpoint: String
        /// Where it is a real server.
        public let frontends: [String]
        /// Whether it gets no new connections and goes when the old ones have ended.
        public let isDraining: Bool

        public var severity: FindingSeverity { isDraining ? .info : .error }
        public var effect: String {
            isDraining
                ? "\(endpoint) is no endpoint any more; it keeps its connections to \(shortened(frontends)), with weight 0"
                : "connections to \(shortened(frontends)) go to \(endpoint) too, which is no endpoint"
        }
        public var remedy: String {
            isDraining ? "nothing: kube-proxy deletes it when its connections have ended" : remedyForAge
        }
    }
}
