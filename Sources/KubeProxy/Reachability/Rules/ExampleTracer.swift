internal import Iptables
internal import KubeChainsJSON
internal import NetAddress
internal import Nftables

/// Rules through which single packets are sent to see which of them they meet.
struct ExampleTracer {
    /// Nil: IPVS' virtual servers are no rules.
    private let rules: TracedRules?
    private let host: RulesHost
    private let plan: NodePlan?

    /// The rules of a plan. Forms them, which takes as long as `render`.
    init(_ plan: NodePlan) throws(SnapshotError) {
        self.plan = plan
        host = RulesHost(plan)
        rules = try TracedRules(plan)
    }

    /// The rules of a host.
    init(_ rules: TracedRules, _ host: RulesHost, of plan: NodePlan?) {
        self.rules = rules
        self.host = host
        self.plan = plan
    }

    /// Where the rules send the first packet of a connection; none in IPVS mode, and where they cannot be followed.
    func outcomes(from sender: IPAddress, _ origin: SenderOrigin, to frontend: Frontend) -> [TraceOutcome] {
        guard let rules, let address = frontend.address else { return [] }
        var query = TraceQuery(from: sender, to: address, port: frontend.port, frontend.transport)
        query.hostAddresses = host.addresses
        query.clientNode = plan?.otherNode(of: sender)
        if origin == .pod, let name = host.podInterface {
            query.inInterface = name.hasSuffix("+") ? name.dropLast() + "0" : name
        }
        return (try? rules.outcomes(query)) ?? []
    }
}
