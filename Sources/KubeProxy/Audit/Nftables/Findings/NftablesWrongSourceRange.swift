extension NftablesEvidence {
    /// Clients are let in or kept out against the Service.
    public struct WrongSourceRange: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongSourceRange

        /// What differs.
        public enum Difference: Sendable, Hashable {
            /// Clients in a range are let in, or not.
            case range(String, isAllowed: Bool)
            /// Source ranges are checked at a frontend, or not.
            case frontend(Frontend, isChecked: Bool)
            /// The chain of the ranges checks none, or checks some and should not.
            case ranges(areChecked: Bool)
        }

        /// What differs.
        public let difference: Difference

        public var severity: FindingSeverity { .error }

        public var effect: String {
            switch difference {
            case .range(let range, let isAllowed): "clients in \(range) are \(isAllowed ? "let in" : "shut out")"
            case .frontend(let frontend, isChecked: true): "source ranges are checked at \(frontend), and should not be"
            case .frontend(let frontend, isChecked: false):
                "source ranges are not checked at \(frontend): all are let in"
            case .ranges(areChecked: false): "no source range is checked: all clients are let in"
            case .ranges(areChecked: true): "source ranges are checked, and the Service has none"
            }
        }
    }
}
