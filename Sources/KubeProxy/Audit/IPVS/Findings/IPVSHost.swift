public import NetAddress

extension IPVSEvidence {
    /// The texts are nothing that can be compared with IPVS mode.
    public struct NothingToCompare: AuditEvidence {
        public static let id = AuditFinding.Identifier.nothingToCompare

        /// Why there is nothing to compare.
        public enum Problem: Sendable, Hashable {
            /// All texts are empty.
            case empty
            /// The rules are those of iptables mode.
            case iptablesMode
            /// What there is, is of the other family.
            case otherFamily
            /// Nothing of kube-proxy's is in them.
            case nothingOfKubeProxy
        }

        /// Why there is nothing to compare.
        public let problem: Problem

        public var severity: FindingSeverity { .error }
        public var effect: String {
            switch problem {
            case .empty:
                "nothing was printed, so nothing can be compared: the programs were run without root, on another host or in a "
                    + "container's network namespace, or ssh failed"
            case .iptablesMode:
                "kube-proxy runs in iptables mode on this node: its chains for Services are there, and nothing of IPVS mode"
            case .otherFamily: "all that was given is of the other family"
            case .nothingOfKubeProxy:
                "there is no virtual server, set, address or chain of kube-proxy's: this is another host or network namespace, "
                    + "or kube-proxy does not run in IPVS mode here"
            }
        }
        public var remedy: String {
            switch problem {
            case .empty, .nothingOfKubeProxy:
                "run 'sudo ipvsadm -Sn', 'sudo ipset save' and 'sudo iptables-save' in the node's network namespace; ask "
                    + "'curl -s localhost:10249/proxyMode' for kube-proxy's mode"
            case .iptablesMode: "give --proxy-mode iptables, or leave it out"
            case .otherFamily: "give --family, or what ip6tables-save or iptables-save prints for the other family"
            }
        }
    }

    /// The interface `kube-ipvs0` has no address, or there is no such interface.
    public struct NoAddresses: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAddress

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "kube-ipvs0 has no address: packets to cluster, external and load-balancer IPs are not taken as this node's own, so "
                + "that no virtual server sees them"
        }
    }

    /// The interface `kube-ipvs0` lacks an address.
    public struct MissingAddress: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAddress
        /// The address.
        public let address: IPAddress

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "kube-ipvs0 lacks \(address): packets there are not taken as this node's own, so that no virtual server sees them"
        }
        public var remedy: String { remedyForAge }
    }

    /// The interface `kube-ipvs0` has an address that it should not have.
    public struct ExtraAddress: AuditEvidence {
        public static let id = AuditFinding.Identifier.extraService
        /// The address.
        public let address: IPAddress
        /// The Node whose address it is.
        public let node: String?

        public var severity: FindingSeverity { node == nil ? .warning : .error }
        public var effect: String {
            let words = "kube-ipvs0 has \(address), which it should not have: this node takes packets there for its own"
            return words + (node.map { ", so that it does not reach Node \($0)" } ?? "")
        }
        public var remedy: String { remedyForAge }
    }

    /// A built-in chain does not jump to one of kube-proxy's.
    public struct MissingJump: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingJump
        /// The jump.
        public let jump: JumpRule

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let effect =
                switch (jump.chain, jump.target) {
                case (_, .postrouting): "nothing is masqueraded: answers of endpoints on other nodes do not come back"
                case (let chain, .services):
                    "what \(chain == "OUTPUT" ? "the node itself" : "pods and clients outside") "
                        + "\(chain == "OUTPUT" ? "sends" : "send") to Services is not masqueraded where it must be"
                case (_, .forward): "traffic to endpoints may be dropped where the host forwards nothing by default"
                case (_, .nodePort): "health checks of load balancers may be dropped by the host's own firewall"
                case (_, .proxyFirewall): "clients outside the source ranges of load balancers are not dropped"
                case (_, .ipvsFilter):
                    "connections to other ports of Services' addresses reach what listens on the host"
                default: "what this node sends from load balancers' addresses is not dropped"
                }
            return "\(jump.chain) of the \(jump.table) table does not jump to \(jump.target.name): \(effect)"
        }
        public var remedy: String {
            "let kube-proxy sync: it puts the jump back; find out who removed it, such as a firewall service that flushes "
                + "all rules when it starts"
        }
    }

    /// A setting of the kernel's is another than kube-proxy makes it.
    public struct WrongSysctl: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongSysctl
        /// The file below /proc/sys.
        public let name: String
        /// kube-proxy's value.
        public let expected: String
        /// The node's.
        public let actual: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let words = "the sysctl \(name) is \(actual), and kube-proxy sets it to \(expected)"
            switch name {
            case "net/ipv4/ip_forward": return words + ": the node forwards nothing to endpoints"
            case "net/ipv4/vs/conntrack": return words + ": what IPVS translates is not masqueraded"
            case "net/ipv4/vs/conn_reuse_mode":
                return words + ": connections from a source port that was used a moment ago are delayed or dropped"
            case "net/ipv4/vs/expire_nodest_conn", "net/ipv4/vs/expire_quiescent_template":
                return words + ": connections go on to endpoints that are gone"
            default: return words
            }
        }
        public var remedy: String {
            "restart kube-proxy on this node, which sets it when it starts; find out who changes it, such as a file of sysctl.d"
        }
    }
}
