extension NftablesEvidence {
    /// Clients do not stay at their endpoint as the Service asks.
    public struct WrongAffinity: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAffinity
        /// The endpoint.
        public let endpoint: EndpointReference
        /// What differs.
        public let difference: Difference

        /// What differs.
        public enum Difference: Sendable, Hashable {
            /// Clients that it had do not come back, or do and should not.
            case comesBack(Bool)
            /// Its clients are not remembered, or are and should not be.
            case remembered(Bool)
            /// They are remembered for another time, in milliseconds.
            case timeout(expected: Int?, actual: Int?)
        }

        public var severity: FindingSeverity { .error }

        public var effect: String {
            switch difference {
            case .comesBack(false): "clients that \(endpoint) had are not led back to it"
            case .comesBack(true): "clients that \(endpoint) had are led back to it, and should not be"
            case .remembered(false): "clients of \(endpoint) are not remembered, so they do not stay there"
            case .remembered(true): "clients of \(endpoint) are remembered, and should not be"
            case .timeout(let expected, let actual):
                "clients of \(endpoint) are remembered \(seconds(actual)) instead of \(seconds(expected))"
            }
        }

        private func seconds(_ milliseconds: Int?) -> String {
            milliseconds.map { $0 % 1000 == 0 ? "for \($0 / 1000) s" : "for \($0) ms" } ?? "without end"
        }
    }
}
