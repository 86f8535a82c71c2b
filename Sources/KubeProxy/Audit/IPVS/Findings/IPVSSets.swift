extension IPVSEvidence {
    /// Sets are missing, or one is of another type.
    public struct WrongSet: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongSet

        /// Types of a set, as `ipset save` says them.
        public struct Types: Sendable, Hashable {
            /// kube-proxy's.
            public let expected: String
            /// The one that is there.
            public let actual: String
        }

        /// The sets' names.
        public let names: [String]
        /// Nil: they are missing.
        public let types: Types?

        public var severity: FindingSeverity { .error }
        public var effect: String {
            guard let types else {
                return names.count == 1
                    ? "the set \(names[0]) is missing, and with it the rules that ask it"
                    : "the sets \(shortened(names)) are missing, and with them the rules that ask them"
            }
            return
                "the set \(names[0]) is of the type '\(types.actual)' in place of '\(types.expected)': kube-proxy cannot use it"
        }
    }

    /// Entries of a set that are missing, or too many.
    public struct Entries: Sendable, Hashable {
        /// The set.
        public let set: IPSet
        /// Sorted, as `ipset save` prints them.
        public let entries: [String]
        /// Whether they are missing.
        public let areMissing: Bool

        fileprivate func words(_ name: String) -> String {
            "the set \(name) \(areMissing ? "lacks" : "has, and should not have,") \(shortened(entries)): "
        }
    }

    /// Entries by which sources are rewritten, or stay.
    public struct WrongMasquerade: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongMasquerade
        /// The entries.
        public let entries: Entries
        /// The set's name.
        public let name: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let keepsSource: Bool =
                switch entries.set {
                case .externalIPLocal, .loadBalancerLocal, .nodePortLocalTCP, .nodePortLocalUDP, .nodePortLocalSCTP:
                    true
                default: false
                }
            let isRewritten = keepsSource == entries.areMissing
            if entries.set == .loopBack {
                return entries.words(name)
                    + (entries.areMissing
                        ? "a pod that reaches itself through its Service gets no answer, since its source IP is not rewritten"
                        : "what is sent from there to itself gets the node's address (SNAT)")
            }
            return entries.words(name)
                + (isRewritten
                    ? "the source IP of connections there is rewritten to the node (SNAT)"
                    : "the source IP of connections there is preserved, so that answers of endpoints on other nodes may not come "
                        + "back by this one")
        }
        public var remedy: String { remedyForAge }
    }

    /// Entries by which source ranges of load balancers are checked.
    public struct WrongSourceRange: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongSourceRange
        /// The entries.
        public let entries: Entries
        /// The set's name.
        public let name: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let isOpen = (entries.set == .loadBalancerFirewall) == entries.areMissing
            return entries.words(name)
                + (isOpen ? "clients are let in that should be dropped" : "clients are dropped that should be let in")
        }
        public var remedy: String { remedyForAge }
    }

    /// Entries by which packets for other ports of Services' addresses, or of health checks, are let in or rejected.
    public struct WrongVerdict: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongVerdict
        /// The entries.
        public let entries: Entries
        /// The set's name.
        public let name: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let effect =
                switch (entries.set, entries.areMissing) {
                case (.healthCheckNodePort, true):
                    "health checks of load balancers may be rejected by the host's firewall"
                case (.healthCheckNodePort, false): "the host's firewall does not guard the port"
                case (_, true): "connections to other ports of these addresses reach what listens on the host"
                case (_, false): "connections to these addresses are refused"
                }
            return entries.words(name) + effect
        }
        public var remedy: String { remedyForAge }
    }

    static func entries(_ entries: Entries, _ name: String) -> any AuditEvidence {
        switch entries.set {
        case .loadBalancerFirewall, .loadBalancerSourceCIDR, .loadBalancerSourceIP:
            WrongSourceRange(entries: entries, name: name)
        case .healthCheckNodePort, .boundAddresses: WrongVerdict(entries: entries, name: name)
        default: WrongMasquerade(entries: entries, name: name)
        }
    }
}
