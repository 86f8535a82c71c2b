internal import NetAddress

/// A Service port's rules, by chain and by frontend, and what else each walk through them asks.
struct TrafficRules {
    private struct Frontend: Hashable {
        let purpose: RulePurpose
        /// Nil for a node port.
        let destination: IPAddress?
    }

    /// All of them, in kube-proxy's order.
    let rules: [ExplainedRule]
    private var chains: [ChainName: [Int]] = [:]
    private var frontends: [Frontend: Int] = [:]
    private let onHost: (cluster: Int, local: Int)

    init(_ rules: [ExplainedRule], _ port: ServicePortPlan, _ node: NodeFacts) {
        self.rules = rules
        let host = Set(node.hostAddresses)
        func count(_ policy: EndpointPolicy) -> Int {
            port.endpoints(of: policy).count { host.contains($0.address) }
        }
        onHost = (count(.cluster), count(.local))
        for (index, rule) in rules.enumerated() {
            chains[rule.chain, default: []].append(index)
            let frontend = Frontend(purpose: rule.purpose, destination: rule.destination)
            if frontends[frontend] == nil { frontends[frontend] = index }
        }
    }

    /// The positions of a chain's rules.
    func rules(of chain: ChainName) -> [Int] { chains[chain] ?? [] }

    /// The position of the first rule of a purpose for a destination.
    func first(_ purpose: RulePurpose, _ destination: IPAddress?) -> Int? {
        frontends[Frontend(purpose: purpose, destination: destination)]
    }

    /// How many endpoints of a policy have an address of the node itself.
    func countOnHost(_ policy: EndpointPolicy) -> Int { policy == .cluster ? onHost.cluster : onHost.local }
}
