extension NftablesEvidence {
    /// A chain that kube-proxy always has is missing.
    public struct MissingChain: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingChain
        /// The chain's name.
        public let chain: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "the chain \(chain) is missing: \(NftablesEvidence.consequence(withoutChain: chain))"
        }
    }

    /// A base chain does not jump to one of kube-proxy's chains.
    public struct MissingJump: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingJump
        /// The base chain.
        public let chain: String
        /// The chain that should be reached.
        public let target: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "\(chain) does not jump to \(target): \(NftablesEvidence.consequence(chain, target))"
        }
    }

    /// A rule of a chain that belongs to no Service port is missing.
    public struct MissingRule: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingRule
        /// The chain's name.
        public let chain: String
        /// The rule as nft lists it.
        public let rule: String
        /// Whether it is the one for the ranges of ServiceCIDRs.
        public let isAboutServiceCIDRs: Bool

        public var severity: FindingSeverity { isAboutServiceCIDRs ? .warning : .error }
        public var effect: String {
            isAboutServiceCIDRs
                ? "traffic to unallocated cluster IPs is not dropped as the ServiceCIDRs say: \(rule)"
                : "a rule of \(chain) is missing: \(rule)"
        }
        public var remedy: String {
            isAboutServiceCIDRs
                ? "kube-proxy takes changed ServiceCIDRs up with its next full sync, within an hour; restart it on this "
                    + "node to have them now"
                : remedyForDamage
        }
    }

    /// A rule that kube-proxy does not write is in one of its chains.
    public struct UnexpectedRule: AuditEvidence {
        public static let id = AuditFinding.Identifier.unexpectedRule
        /// The chain's name.
        public let chain: String
        /// Whether the whole chain is not kube-proxy's.
        public let isWholeChain: Bool

        public var severity: FindingSeverity { .warning }
        public var effect: String {
            isWholeChain
                ? "the table has the chain \(chain), which kube-proxy does not make"
                : "\(chain) holds a rule that kube-proxy does not write there"
        }
    }

    fileprivate static func consequence(withoutChain chain: String) -> String {
        switch chain {
        case "nat-prerouting", "services": "no Service works for pods and for clients outside"
        case "nat-output": "no Service works for processes on the node itself"
        case "nat-postrouting", "masquerading":
            "nothing is masqueraded: answers of endpoints on other nodes do not come back"
        case "firewall-check", "filter-prerouting", "filter-prerouting-pre-dnat":
            "clients outside the source ranges of load balancers are not dropped"
        case "filter-output-pre-dnat": "the node itself is let in whatever the source ranges of load balancers say"
        case "reject-chain", "service-endpoints-check", "nodeport-endpoints-check", "filter-input", "filter-forward",
            "filter-output":
            "connections to Services without endpoints time out instead of being refused"
        case "cluster-ips-check": "connections to unused ports of cluster IPs time out instead of being refused"
        default: "what it does is not done"
        }
    }

    fileprivate static func consequence(_ chain: String, _ target: String) -> String {
        switch target {
        case "services", "masquerading": consequence(withoutChain: chain)
        case "firewall-check":
            consequence(withoutChain: chain.hasPrefix("filter-output") ? "filter-output-pre-dnat" : target)
        default: consequence(withoutChain: target)
        }
    }
}
