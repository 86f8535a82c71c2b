extension NftablesEvidence {
    /// The dump is nothing that can be compared with the table of nftables mode.
    public struct NothingToCompare: AuditEvidence {
        public static let id = AuditFinding.Identifier.nothingToCompare
        /// Why the dump cannot be compared.
        public let problem: Problem
        /// The table's name with its family.
        public let table: String

        /// Why a dump cannot be compared.
        public enum Problem: Sendable, Hashable {
            /// It has no table at all.
            case empty
            /// It has tables, but not kube-proxy's; those of iptables mode or of the other family may be there.
            case noTable(hasIptablesChains: Bool, hasOtherFamily: Bool)
            /// kube-proxy's table is there, without a chain.
            case emptyTable
        }

        public var severity: FindingSeverity { .error }

        public var effect: String {
            switch problem {
            case .empty:
                "the dump is empty: it has no table, so nothing can be compared. nft may have been run without root, on "
                    + "another host or in a container's network namespace, or was ended by a signal: an nft that is older "
                    + "than the one in kube-proxy's image may crash"
            case .noTable(hasIptablesChains: true, _):
                "the dump has no table \(table), but the chains that kube-proxy makes in iptables mode: kube-proxy runs "
                    + "in iptables mode"
            case .noTable(_, hasOtherFamily: true):
                "the dump has kube-proxy's table of the other family, and no table \(table)"
            case .noTable:
                "the dump has no table \(table): kube-proxy runs in another mode or not at all, another program handles "
                    + "Services, or this is another host"
            case .emptyTable: "the table \(table) is there without a chain: no Service works on this node"
            }
        }

        public var remedy: String {
            switch problem {
            case .empty: "run 'sudo nft list ruleset' in the node's network namespace, and look at its exit code"
            case .noTable(hasIptablesChains: true, _):
                "audit what 'sudo iptables-save' prints there; ask 'curl -s localhost:10249/proxyMode' for kube-proxy's mode"
            case .noTable(_, hasOtherFamily: true): "give --family, or the list of the other family's table"
            case .noTable: "ask 'curl -s localhost:10249/proxyMode' on the node for kube-proxy's mode"
            case .emptyTable: "look for 'nft' in kube-proxy's log, and restart it"
            }
        }
    }
}
