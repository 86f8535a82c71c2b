extension NftablesEvidence {
    /// Packets to a frontend without endpoints are refused, dropped or let through otherwise than the Service's state asks
    /// for.
    public struct WrongVerdict: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongVerdict
        /// The frontend.
        public let frontend: Frontend
        let expected: NftablesDetail.Action?
        let actual: NftablesDetail.Action?
        /// Whether it is about the loopback address.
        public let isAtLocalhost: Bool

        public var severity: FindingSeverity { .error }

        public var effect: String {
            let place = "\(isAtLocalhost ? "the loopback address, " : "")\(frontend.placeInSentence)"
            return "packets to \(place) are \(actual?.verdictText ?? "let through") instead of "
                + (expected?.verdictText ?? "let through")
        }
    }
}
