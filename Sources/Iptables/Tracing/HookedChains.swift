/// A chain that the kernel asks at a hook, and that is none of iptables.
package struct HookedChain: Sendable, Hashable {
    /// The family, table and name, such as `ip kube-proxy filter-input`.
    package let name: String
    /// Chains of a hook are asked by rising priority.
    package let priority: Int
    /// Whether it is asked for the first packet of a connection only, to rewrite it.
    package let translates: Bool
    /// Its place among those of its program.
    package let place: Int

    package init(name: String, priority: Int, translates: Bool, place: Int) {
        self.name = name
        self.priority = priority
        self.translates = translates
        self.place = place
    }
}

/// A packet's path that ended in a chain with a final verdict.
package struct EndedBranch {
    package let branch: TraceBranch
    package let verdict: TraceOutcome.Verdict
    package let hook: Hook

    package init(branch: TraceBranch, verdict: TraceOutcome.Verdict, hook: Hook) {
        self.branch = branch
        self.verdict = verdict
        self.hook = hook
    }
}

/// The rules of another program, such as nftables, that packets meet beside those of iptables.
package protocol HookedChains {
    /// The chains that are asked at a hook.
    func chains(at hook: Hook) -> [HookedChain]

    /// Takes packets through a chain.
    ///
    /// - Parameter ended: gets those that the chain drops or rejects, and those of which it is not known what becomes.
    /// - Returns: those that it lets pass.
    mutating func pass(
        _ branches: [TraceBranch], _ chain: HookedChain, _ hook: Hook, _ ended: inout [EndedBranch]
    ) throws(TraceError) -> [TraceBranch]

    /// Whether the rules remember clients of the endpoint that a query names.
    func knowsHistory(of query: TraceQuery) -> Bool
}
