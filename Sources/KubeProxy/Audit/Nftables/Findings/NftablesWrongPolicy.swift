extension NftablesEvidence {
    /// Traffic uses the endpoints of another policy than it should.
    public struct WrongPolicy: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongPolicy
        /// Whose traffic: the conditions as nft lists them, or a frontend; empty: all external traffic.
        public let traffic: String
        /// Where it should go; nil: nowhere.
        public let expected: ChainRole?
        /// Where it goes; nil: nowhere.
        public let actual: ChainRole?

        public var severity: FindingSeverity { .error }

        public var effect: String {
            let who = traffic.isEmpty ? "traffic from outside" : traffic
            func place(_ role: ChainRole?) -> String { role.map { "\($0)" } ?? "nowhere" }
            return "\(who) goes to \(place(actual)) instead of to \(place(expected))"
        }
    }
}
