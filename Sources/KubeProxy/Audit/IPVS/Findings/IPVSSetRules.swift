extension IPVSEvidence {
    /// Rules for sets that have entries by the snapshot are missing.
    public struct MissingSetRules: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingRule
        /// The sets' names.
        public let sets: [String]

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "no rules ask for \(shortened(sets)), which should have entries: kube-proxy writes none for an empty set"
        }
        public var remedy: String { remedyForAge }
    }

    /// There are rules for sets that have no entries by the snapshot.
    public struct ExtraSetRules: AuditEvidence {
        public static let id = AuditFinding.Identifier.unexpectedRule
        /// The sets' names.
        public let sets: [String]

        public var severity: FindingSeverity { .warning }
        public var effect: String {
            "rules ask for \(shortened(sets)), which should be empty: kube-proxy had Services that the snapshot does not have"
        }
        public var remedy: String { remedyForAge }
    }

    /// What the node itself sends from a load balancer's address is dropped, or not.
    public struct OwnOrigin: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongSourceRange
        /// Whether it is dropped and should not be.
        public let isDropped: Bool

        public var severity: FindingSeverity { isDropped ? .warning : .error }
        public var effect: String {
            isDropped
                ? "what this node sends from a load balancer's address is dropped, though no source range asks for it"
                : "what this node sends from a load balancer's address is not dropped, though no source range holds the node"
        }
        public var remedy: String { remedyForAge }
    }
}
