internal import Iptables

/// Chains that an older version or another mode of kube-proxy left behind.
public struct LeftOver: AuditEvidence {
    public static let id = AuditFinding.Identifier.leftOver

    /// What is left over.
    public enum Cause: Sendable, Hashable {
        /// KUBE-XLB-* chains of kube-proxy 1.23 and older.
        case olderVersion
        /// Chains of IPVS mode.
        case ipvsMode
        /// Chains of iptables mode beside the table of nftables mode.
        case iptablesMode
        /// Chains, sets and maps that only other versions make in nftables mode.
        case otherNftablesVersion
    }

    /// What is left over.
    public let cause: Cause
    /// The chains, all of one table, in its order.
    public let chains: [String]
    /// The chains that kube-proxy has to delete now and cannot, since left-overs refer to them.
    public let blocked: [String]
}

extension LeftOver: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        guard !subject.isOlderVersion, let nat = subject.live.ruleset[table: "nat"] else { return }
        let old = nat.chains.filter { $0.name.hasPrefix("KUBE-XLB-") }
        if let first = old.first {
            let targets = Set(old.flatMap { $0.rules.compactMap { $0.target?.chain } })
            let blocked = targets.filter { name in
                guard let chain = ChainName(name), chain.hash != nil else { return false }
                return !subject.wanted.hasChain("nat", name)
            }
            findings.add(
                LeftOver(cause: .olderVersion, chains: old.map(\.name), blocked: blocked.sorted()),
                line: Int(first.line), rule: ":\(first.name)")
        }
        let ipvs = nat.chains.filter { IPVSChains.names.contains($0.name) }
        if let first = ipvs.first {
            findings.add(
                LeftOver(cause: .ipvsMode, chains: ipvs.map(\.name), blocked: []), line: Int(first.line),
                rule: ":\(first.name)")
        }
    }

    public var severity: FindingSeverity {
        switch cause {
        case .iptablesMode: .error
        case .otherNftablesVersion: .info
        case .olderVersion, .ipvsMode: blocked.isEmpty ? .warning : .error
        }
    }

    public var effect: String {
        let names = chains.prefix(3).joined(separator: ", ") + (chains.count > 3 ? ", … (\(chains.count) in all)" : "")
        switch cause {
        case .olderVersion where !blocked.isEmpty:
            return "left-overs of kube-proxy 1.23 or older (\(names)) refer to \(blocked.joined(separator: ", ")), "
                + "which kube-proxy has to delete now: iptables-restore refuses all of its rules, and no change "
                + "reaches this node"
        case .olderVersion:
            return "left-overs of kube-proxy 1.23 or older (\(names)) refer to chains of Services and endpoints: as "
                + "soon as kube-proxy has to delete one of these, iptables-restore refuses all of its rules"
        case .iptablesMode:
            return "left-overs of iptables mode (\(names)): their rules translate connections to Services too, and "
                + "nobody keeps them up to date, so that connections may go to endpoints that are gone"
        case .otherNftablesVersion:
            return
                "left-overs of another version of kube-proxy (\(names)): packets may meet some checks twice, otherwise "
                + "they do no harm"
        case .ipvsMode:
            return "left-overs of IPVS mode (\(names)): virtual servers and the addresses of kube-ipvs0 may be left "
                + "too and answer for Services"
        }
    }

    public var remedy: String {
        switch cause {
        case .olderVersion:
            let shown = chains.prefix(20)
            let lines =
                shown.map { "iptables -t nat -F \($0)" } + shown.map { "iptables -t nat -X \($0)" }
            let more = chains.count > shown.count ? "; and so for the other \(chains.count - shown.count)" : ""
            return "delete them; restarting kube-proxy does not help: " + lines.joined(separator: "; ") + more
        case .iptablesMode:
            return
                "run 'kubechains cleanup --apply' on the node, which removes the chains of iptables mode, or restart "
                + "the node; kube-proxy removes them when it starts in nftables mode"
        case .otherNftablesVersion:
            return "they go with the table: 'nft delete table TABLE', then restart kube-proxy, or leave them until the "
                + "node restarts"
        case .ipvsMode: return "run 'kubechains cleanup --proxy-mode ipvs' on the node, or restart the node"
        }
    }
}
