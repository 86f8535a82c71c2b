extension NftablesEvidence {
    /// The source of packets is rewritten where it should not be, or is not where it should.
    public struct WrongMasquerade: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongMasquerade

        /// What is masqueraded, or is not.
        public enum Traffic: Sendable, Hashable {
            /// An endpoint's to itself.
            case hairpin(EndpointReference)
            /// To the cluster IP, under a policy.
            case clusterIP(ServicePolicy)
            /// External traffic that meets conditions; empty: all.
            case external(String)
            /// To one cluster IP, which is not among those known.
            case unknownClusterIP(String)
            /// Packets that carry the mark.
            case marked
            /// What all endpoints send themselves.
            case allHairpins
            /// To all cluster IPs.
            case allClusterIPs
        }

        /// What is masqueraded, or is not.
        public let traffic: Traffic
        /// Whether it is; nil: it is, otherwise than it should.
        public let isMasqueraded: Bool?

        public var severity: FindingSeverity { .error }

        public var effect: String {
            let how =
                switch isMasqueraded {
                case true?: "is masqueraded, and should not be"
                case false?: "is not masqueraded: answers may come back another way and be dropped"
                case nil: "is masqueraded under other conditions than it should be"
                }
            return switch traffic {
            case .hairpin(let endpoint) where isMasqueraded == false:
                "traffic of \(endpoint) to itself is not masqueraded: it times out"
            case .hairpin(let endpoint): "traffic of \(endpoint) to itself \(how)"
            case .clusterIP(let policy): "traffic to the cluster IP (\(policy)) \(how)"
            case .external(let conditions): "traffic from outside\(conditions.isEmpty ? "" : " (\(conditions))") \(how)"
            case .unknownClusterIP(let address) where isMasqueraded == false:
                "\(address) is not known as a cluster IP: its other ports time out instead of being refused, and what "
                    + "should be masqueraded on the way there is not"
            case .unknownClusterIP(let address):
                "\(address) counts as a cluster IP and is none: ports that no Service has are refused there"
            case .marked: "marked traffic \(how)"
            case .allHairpins: "traffic of endpoints to themselves \(how)"
            case .allClusterIPs: "traffic to cluster IPs \(how)"
            }
        }
    }

    /// The mark for masquerading is not the one that is looked for.
    public struct WrongMark: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongMark
        /// The chain's name.
        public let chain: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            chain == "masquerading"
                ? "packets marked for masquerading are not recognised by the mark that the settings say"
                : "packets to be masqueraded are not marked as the settings say"
        }
    }
}
