extension NftablesEvidence {
    /// Numbers are drawn that lead to no endpoint, or never those that lead to one.
    public struct WrongBalance: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongWeight
        /// The policy under which it is so.
        public let policy: ServicePolicy
        /// How many numbers are drawn from.
        public let modulus: Int
        /// How many of them lead to an endpoint.
        public let leading: Int

        public var severity: FindingSeverity { .error }

        public var effect: String {
            leading < modulus
                ? "under the \(policy) \(modulus - leading) of \(modulus) connections are led to no endpoint and get no answer"
                : "under the \(policy) only \(modulus) of the endpoints get connections"
        }
    }
}
