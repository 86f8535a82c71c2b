internal import Iptables
internal import KubeChainsJSON
internal import NetAddress
internal import Nftables

/// The rules of a plan, through which packets are sent to see which of them they meet.
struct PlanTracer {
    private enum Rules {
        case iptables(IndexedRules)
        case nftables(TracedTables)
        /// IPVS' virtual servers, which are no rules.
        case virtualServers
    }

    private let plan: NodePlan
    private let rules: Rules

    /// Forms the rules, which takes as long as `render`.
    init(_ plan: NodePlan) throws(SnapshotError) {
        self.plan = plan
        rules =
            switch plan.settings.mode {
            case .iptables: .iptables(IndexedRules(IptablesPlan(plan).hostRules))
            case .nftables: .nftables(TracedTables([try NftablesPlan(plan).table]))
            case .ipvs: .virtualServers
            }
    }

    /// Where the rules send the first packet of a connection; none in IPVS mode.
    func outcomes(from sender: IPAddress, _ origin: SenderOrigin, to frontend: Frontend) -> [TraceOutcome] {
        guard let address = frontend.address else { return [] }
        var query = TraceQuery(from: sender, to: address, port: frontend.port, frontend.transport)
        query.hostAddresses = plan.node.hostAddresses
        query.clientNode = plan.otherNode(of: sender)
        if origin == .pod, case .interface(let name) = plan.node.localTraffic {
            query.inInterface = name.hasSuffix("+") ? name.dropLast() + "0" : name
        }
        // Rules that kube-proxy forms can be followed.
        switch rules {
        case .iptables(let rules): return (try? PacketTrace(query, through: rules))?.outcomes ?? []
        case .nftables(let tables): return (try? PacketTrace(query, through: tables))?.outcomes ?? []
        case .virtualServers: return []
        }
    }
}
