internal import Nftables

extension NftablesEvidence {
    /// A rule or a policy of another program's table decides about packets to a Service.
    public struct ForeignRule: AuditEvidence {
        public static let id = AuditFinding.Identifier.foreignRule

        /// What a rule does with packets.
        public enum Effect: Sendable, Hashable {
            /// It drops them, or rejects them.
            case drops, refuses
            /// It sends them elsewhere, before kube-proxy's chains are asked.
            case translates
            /// The base chain drops what no rule accepts.
            case policyDrops
        }

        /// The first packets that it takes.
        public let taken: KubeProxy.ForeignRule.TakenPackets
        /// What the rule does with the packets.
        public let effectOfRule: Effect
        /// The base chain that leads to the rule: the family, the table and the chain.
        public let chain: String

        public var severity: FindingSeverity { .error }

        public var effect: String {
            switch effectOfRule {
            case .drops: "a rule that is not kube-proxy's drops packets to \(taken.text): connections time out"
            case .refuses:
                "a rule that is not kube-proxy's refuses packets to \(taken.text): connections are refused"
            case .translates:
                "the chain \(chain) is asked before kube-proxy's and sends packets to \(taken.text) elsewhere: they do not "
                    + "reach the Service"
            case .policyDrops:
                "the policy of the chain \(chain) is drop, and no rule of it accepts packets to \(taken.text): connections "
                    + "to Services time out. What another table accepts is dropped all the same"
            }
        }

        public var remedy: String {
            switch effectOfRule {
            case .drops, .refuses:
                "find out which program adds the rule, and limit it there so that it does not match pods and Services"
            case .translates:
                "give the chain a priority above dstnat, or limit the rule so that it does not match the Service"
            case .policyDrops:
                "let the program that makes the chain accept pods' traffic, or accept what Services have sent on with "
                    + "'nft insert rule \(chain) ct status dnat accept'"
            }
        }
    }

    /// A rule that is not kube-proxy's sets or clears the bit by which kube-proxy marks packets for masquerading.
    public struct ForeignMark: AuditEvidence {
        public static let id = AuditFinding.Identifier.foreignMark
        /// The bit of kube-proxy's mark.
        public let bit: Int
        /// What the rule does with it.
        public let change: KubeProxy.ForeignMark.Change

        public var severity: FindingSeverity { .warning }

        public var effect: String {
            switch change {
            case .sets:
                "a rule that is not kube-proxy's sets bit \(bit) of the mark, which kube-proxy takes for its own: such packets "
                    + "are masqueraded, so that endpoints see the node's address"
            case .clears:
                "a rule that is not kube-proxy's clears bit \(bit) of the mark, by which kube-proxy masquerades: answers to such "
                    + "packets may come back another way and be dropped"
            }
        }

        public var remedy: String {
            "let the program that adds the rule use another bit, or set kube-proxy's nftables.masqueradeBit "
                + "(--nftables-masquerade-bit) to a free one"
        }
    }
}

extension NftablesEvidence.ForeignRule.Effect {
    init(_ effect: ChainProbe.Effect) {
        switch effect {
        case .drops: self = .drops
        case .refuses: self = .refuses
        case .translates: self = .translates
        }
    }
}

extension ForeignMark.Change {
    init(_ change: ChainProbe.MarkChange) {
        switch change {
        case .sets: self = .sets
        case .clears: self = .clears
        }
    }
}
