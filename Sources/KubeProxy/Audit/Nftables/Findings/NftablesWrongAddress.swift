extension NftablesEvidence {
    /// The node answers at a frontend that is not the Service port's, does not at one that is, or leads its connections
    /// elsewhere.
    public struct WrongAddress: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAddress
        /// The frontend.
        public let frontend: Frontend
        /// Where connections should go; nil: nowhere.
        public let expected: ChainRole?
        /// Where they go; nil: they are not translated.
        public let actual: ChainRole?
        /// Whether the frontend is a cluster IP's, where what is not translated is refused.
        public let isClusterIP: Bool

        public var severity: FindingSeverity { .error }

        public var effect: String {
            let place = frontend.placeInSentence
            guard let expected else { return "the node answers at \(place), which is not the Service's" }
            guard let actual else {
                let consequence =
                    frontend.address == nil
                    ? "are not translated: the node itself answers, mostly by refusing them"
                    : isClusterIP
                        ? "are not translated and are refused" : "are not translated and leave the node as they came"
                return "connections to \(place) \(consequence)"
            }
            return "\(place) leads to \(actual) instead of to \(expected)"
        }
    }

    /// Node ports answer at an address that they should not, or do not at one that they should.
    public struct WrongNodePortAddress: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAddress
        /// The address as the set `nodeport-ips` has it.
        public let address: String
        /// Whether node ports answer there.
        public let isAnswering: Bool

        public var severity: FindingSeverity { .error }
        public var effect: String {
            isAnswering
                ? "node ports answer at \(address), which is none of the addresses that take them"
                : "no node port answers at \(address)"
        }
        public var remedy: String {
            isAnswering
                ? "let kube-proxy sync: it reads the host's addresses only at full syncs, once an hour and when it starts"
                : "look at 'ip address' on the node. If an interface has \(address), let kube-proxy sync: it reads the host's "
                    + "addresses only at full syncs, once an hour and when it starts. If none has it, as behind 1:1 NAT, set "
                    + "--nodeport-addresses to ranges that interfaces have addresses in"
        }
    }
}
