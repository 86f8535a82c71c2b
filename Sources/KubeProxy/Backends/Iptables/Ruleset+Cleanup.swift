internal import Iptables
internal import NetAddress

extension Ruleset {
    /// The rules once all that kube-proxy in iptables mode made is gone (kube-proxy 1.36: `CleanupLeftovers` of
    /// `pkg/proxy/iptables/proxier.go`, with the canary chains and those of older versions besides).
    ///
    /// What kubelet makes stays: KUBE-MARK-DROP, its canary and hint chains, and KUBE-FIREWALL where kubelet is or was at work.
    /// Chains that IPVS mode has as well stay where it is at work, without rules that need the others.
    func withoutIptablesMode() -> Ruleset {
        let kept: KubeChainEntry.Owner? = holdsChains(only: .ipvs) ? .ipvsMode : nil
        let firewall = holdsFirewallOfProxyAlone ? KubeChain.firewall.name : nil
        var rules = self
        for index in tables.indices {
            let table = tables[index]
            let doomed = OwnedChains(removedWith: .iptablesMode, in: table.name, keeping: kept)
            // Host ports of pods go on to need KUBE-MARK-MASQ.
            let needed = table.name == "nat" && hostPortsNeedMark ? KubeChain.markMasquerade.name : nil
            func isDoomed(_ chain: String) -> Bool {
                doomed.contains(chain) && chain != needed || table.name == "filter" && chain == firewall
            }
            rules.tables[index].chains = table.chains.filter { !isDoomed($0.name) }
            let own = OwnedChains(KubeChainEntry.all.filter { $0.owner == .iptablesMode && $0.table == table.name })
            for place in rules.tables[index].chains.indices {
                let chain = rules.tables[index].chains[place]
                guard chain.policy != nil || kept != nil && own.contains(chain.name) else { continue }
                rules.tables[index].chains[place].rules.removeAll { rule in
                    if chain.policy != nil { return JumpRule.isJump(rule, to: isDoomed) }
                    return rule.target?.chain.map(isDoomed) ?? false
                }
            }
        }
        return rules
    }

    /// Whether chains for host ports of pods jump to KUBE-MARK-MASQ.
    private var hostPortsNeedMark: Bool {
        let hostPorts = OwnedChains(KubeChainEntry.all.filter { [.hostPort, .hostPorts].contains($0.chain) })
        for chain in self[table: "nat"]?.chains ?? [] where hostPorts.contains(chain.name) {
            for rule in chain.rules where rule.target?.chain == KubeChain.markMasquerade.name { return true }
        }
        return false
    }

    /// Whether KUBE-FIREWALL is kube-proxy's alone: kubelet, which has it too, makes chains of its own in several tables, and
    /// the chain holds no other rule than kube-proxy's.
    private var holdsFirewallOfProxyAlone: Bool {
        let kubelets: [KubeChain] = [.kubeletCanary, .iptablesHint, .markDrop]
        for table in tables {
            for chain in kubelets where table[chain: chain.name] != nil { return false }
        }
        guard let chain = self[table: "filter"]?[chain: KubeChain.firewall.name] else { return false }
        var sink = RulesetSink("filter", [ChainName(.firewall)], keepsComments: false)
        sink.add(FixedRules.loopbackGuard, RuleSubject(family))
        let own = sink.finish().chains[0].rules.map(\.withoutComments)
        return chain.rules.allSatisfy { rule in own.contains { $0.isSame(as: rule.withoutComments) } }
    }
}

extension Rule {
    fileprivate var withoutComments: Rule {
        var rule = self
        rule.matches.removeAll { if case .comment = $0 { true } else { false } }
        return rule
    }
}
