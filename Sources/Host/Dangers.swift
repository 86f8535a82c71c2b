package import KubeProxy

/// What must not be done to a host, in any mode. Each is said before anything is changed.
package enum Dangers {
    /// Refuses to delete chains to which rules of others lead.
    ///
    /// - Parameter blockingReferences: the rules, with the part of the host's rules that they are in, empty if there is one.
    package static func refuse(_ blockingReferences: [(host: String, reference: ChainReference)]) throws(HostError) {
        guard !blockingReferences.isEmpty else { return }
        throw HostError(
            blockingReferences.map { host, found in
                (host.isEmpty
                    ? "error: the chain \(found.target) cannot be deleted, since"
                    : "error: \(host): the chain \(found.target) is to be deleted, but")
                    + " a rule that is not kube-proxy's leads to it: -t \(found.table) \(found.rule)"
            }.joined(separator: "\n") + "\nnothing was changed; delete these rules first")
    }

    /// Refuses a host that belongs to another, and a plan that would cause an outage.
    ///
    /// - Parameters:
    ///   - mode: the mode that is to be programmed.
    ///   - rules: the host's rules.
    ///   - risks: why the plan for each of the rules would cause an outage; empty: it would not.
    package static func refuse(_ mode: ProxyMode, on rules: [HostRules], _ risks: [[String]]) throws(HostError) {
        if let sign = HostFacts.signOfKubeProxy(rules) {
            throw HostError(
                "error: kube-proxy seems to run on this host: \(sign); it would undo at its next sync what is written here. "
                    + "Stop it, take away what it left with '\(cleanup(mode))', or give --force")
        }
        if let table = HostFacts.nftablesTable {
            throw HostError(
                "error: the \(table) of kube-proxy in nftables mode is on this host, and packets would meet both. Nothing was "
                    + "changed; take it away with '\(cleanup(.nftables))', or give --force")
        }
        for (rules, risks) in zip(rules, risks) {
            let other: ProxyMode = mode == .ipvs ? .iptables : .ipvs
            if rules.live.holdsChains(only: other) {
                let what =
                    other == .ipvs
                    ? "what kube-proxy in IPVS mode made is on this host, and would go on to take packets"
                    : "the chains of kube-proxy in iptables mode are on this host, and packets would meet both"
                throw HostError(
                    "error: \(rules.iptables.name): \(what). Nothing was changed; take \(other == .ipvs ? "it" : "them") away "
                        + "with '\(cleanup(other))', or give --force")
            }
            if let risk = risks.first {
                throw HostError("error: \(risk). Nothing was changed; give --force if this is meant")
            }
        }
    }

    /// The command that takes away what a mode made.
    static func cleanup(_ mode: ProxyMode) -> String {
        mode == .iptables ? "kubechains cleanup --apply" : "kubechains cleanup --proxy-mode \(mode.rawValue) --apply"
    }
}
