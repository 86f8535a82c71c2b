internal import Iptables

/// A Service port's or endpoint's chain is there that nothing leads to and the cluster's state does not ask for.
public struct OrphanedChain: AuditEvidence {
    public static let id = AuditFinding.Identifier.orphanedChain
    /// The chain's name.
    public let chain: String
}

extension OrphanedChain: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        guard let table = subject.live.ruleset[table: "nat"] else { return }
        // Mostly there is no such chain, and then nobody needs to know what is referred to.
        let others = table.chains.filter { ChainName($0.name) != nil && !subject.wanted.hasChain("nat", $0.name) }
        guard !others.isEmpty else { return }
        var referred: Set<String> = []
        for chain in table.chains {
            let rules = chain.rules.span
            for index in rules.indices {
                if let target = rules[index].target?.chain { referred.insert(target) }
            }
        }
        for chain in others where !referred.contains(chain.name) {
            findings.add(
                OrphanedChain(chain: chain.name), subject.names.label(ofChain: chain.name), line: Int(chain.line),
                rule: ":\(chain.name)")
        }
    }

    public var severity: FindingSeverity { .warning }
    public var effect: String { "nothing leads to the chain \(chain), and the cluster's state asks for none" }
    public var remedy: String { "it does no harm; kube-proxy removes it with one of its next full syncs" }
}
