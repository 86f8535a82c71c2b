internal import Nftables

extension NftablesEvidence {
    /// A set or map that kube-proxy always has is missing, or of another type.
    public struct WrongSet: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongSet
        /// The name.
        public let name: String
        /// Whether it is missing.
        public let isMissing: Bool

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let consequence =
                switch name {
                case "service-ips": "no Service answers at its addresses"
                case "service-nodeports": "no node port answers"
                case "firewall-ips": "no source range is checked"
                case "no-endpoint-services", "no-endpoint-nodeports":
                    "connections to Services without endpoints are not refused"
                case "hairpin-connections": "pods do not reach themselves through a Service"
                default: "the rules that look into it do nothing"
                }
            return "\(name) is \(isMissing ? "missing" : "of another type than kube-proxy's"): \(consequence)"
        }
    }

    /// The kernel does something else with the whole table.
    public struct TableFlags: AuditEvidence {
        public static let id = AuditFinding.Identifier.tableFlags
        /// The table's name with its family.
        public let table: String
        /// The flag: `dormant`, `owner` or another one.
        public let flag: String

        public var severity: FindingSeverity { .error }
        public var effect: String {
            switch flag {
            case "dormant": "the table \(table) is dormant: none of its rules is met, and no Service works on this node"
            case "owner":
                "the table \(table) belongs to a running program that is not kube-proxy (flag owner): the kernel lets "
                    + "no other change it, so kube-proxy's syncs fail"
            default: "the table \(table) has the flag \(flag), which kube-proxy does not set"
            }
        }
        public var remedy: String {
            switch flag {
            case "dormant": "run 'nft delete table \(table)' and restart kube-proxy, which makes it anew"
            case "owner":
                "find the program that holds the table ('nft list table \(table)' names it) and end it: the table goes "
                    + "with it; then restart kube-proxy"
            default: "find out which program sets it; then run 'nft delete table \(table)' and restart kube-proxy"
            }
        }
    }

    /// A base chain has another hook, priority or policy than kube-proxy's.
    public struct WrongHook: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongHook
        /// The chain's name.
        public let chain: String
        let expected: NftBase?
        let actual: NftBase?

        public var severity: FindingSeverity { .error }

        public var effect: String {
            guard let actual else { return "\(chain) is no base chain: its rules are never met" }
            guard let expected else { return "\(chain) is a base chain and should not be: its rules are met twice" }
            if actual.type != expected.type || actual.hook != expected.hook {
                return "\(chain) is called as \(actual.type) at hook \(actual.hook) instead of \(expected.type) at "
                    + expected.hook
            }
            if actual.priority != expected.priority {
                return
                    "\(chain) is called at priority \(actual.priority) instead of \(expected.priority): packets meet "
                    + "it before or after other rules than they should"
            }
            return
                "the policy of \(chain) is \(actual.policy) instead of \(expected.policy): packets that no rule of it "
                + "decides about are \(actual.policy == "drop" ? "dropped" : "let through")"
        }
        public var remedy: String {
            "restart kube-proxy, which makes its base chains anew when it starts; if it comes back, find out who changes "
                + "the table"
        }
    }
}
