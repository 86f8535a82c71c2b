internal import KubeChainsBytes
internal import KubeChainsJSON
public import KubeObjects
public import KubeProxy
public import NetAddress

/// What a Service port is on a node, whatever kube-proxy's mode.
public struct ServicePortReport: Sendable {
    /// A rule, or what a mode has in its place, with the reason for its existence.
    public struct Rule: Sendable, Hashable {
        /// Where it stands: a table, a chain, a set or map, or IPVS.
        public let place: String
        /// As its program lists it.
        public let text: String
        /// Why it is there, as a phrase.
        public let why: String
    }

    /// The Service.
    public let service: Service
    /// The family.
    public let family: AddressFamily
    /// `namespace/service:port`, or `namespace/service`.
    public let servicePort: String
    /// Nil for a Service without ports.
    public let transport: TransportProtocol?
    /// Why there are no rules at all; nil where there are.
    public let absence: String?
    /// The settings that matter here: sentences.
    public let settings: [String]
    /// The frontends.
    public let frontends: [ServiceFrontend]
    /// Who reaches them, and how.
    public let flows: [FrontendFlows]
    /// The endpoints, those first that are used.
    public let endpoints: [ExplainedEndpoint]
    /// What else the snapshot has for the Service that kube-proxy does not read: sentences.
    public let unread: [String]
    /// The rules that exist for it.
    public let rules: [Rule]
    /// The way of packets.
    let graph: FlowGraph
}

extension ServicePortReport {
    /// All Service ports of a plan, by Service and port.
    ///
    /// - Parameter showsOtherFamily: whether endpoints of the other family are among those that are left out.
    static func all(
        of plan: NodePlan, showsOtherFamily: Bool, with workers: Workers?
    ) throws(SnapshotError) -> [ServicePortReport] {
        func endpoints(_ all: [ExplainedEndpoint]) -> [ExplainedEndpoint] {
            showsOtherFamily ? all : all.filter { $0.address.family == plan.settings.family }
        }
        switch plan.settings.mode {
        case .iptables:
            let state = IptablesPlan(plan, with: workers)
            let reachability = Reachability(state)
            return Explanation(all: state).services.map { service in
                let endpoints = endpoints(service.endpoints)
                return ServicePortReport(
                    service: service.service, family: plan.settings.family, servicePort: service.servicePort,
                    transport: service.transport, absence: service.absence, settings: service.settings,
                    frontends: service.plan?.frontends ?? [],
                    flows: service.plan.map { reachability.frontends(of: $0) } ?? [], endpoints: endpoints,
                    unread: service.unread,
                    rules: service.rules.map { Rule(place: "table \($0.table)", text: $0.text, why: $0.why) },
                    graph: FlowGraph(service, "", endpoints: endpoints))
            }
        case .nftables:
            let state = try NftablesPlan(plan, with: workers)
            let reachability = Reachability(state)
            return NftablesExplanation(all: state).services.map { service in
                let endpoints = endpoints(service.endpoints)
                return ServicePortReport(
                    service: service.service, family: plan.settings.family, servicePort: service.servicePort,
                    transport: service.transport, absence: service.absence, settings: service.settings,
                    frontends: service.plan?.frontends ?? [],
                    flows: service.plan.map { reachability.frontends(of: $0) } ?? [], endpoints: endpoints,
                    unread: service.unread, rules: service.elementsAndRules,
                    graph: FlowGraph(service, "", endpoints: endpoints))
            }
        case .ipvs:
            let state = try IPVSPlan(plan)
            let reachability = Reachability(state)
            let explanation = IPVSExplanation(all: state)
            return explanation.services.map { service in
                let endpoints = endpoints(service.endpoints)
                return ServicePortReport(
                    service: service.service, family: plan.settings.family, servicePort: service.servicePort,
                    transport: service.transport, absence: service.absence, settings: service.settings,
                    frontends: service.plan?.frontends ?? [],
                    flows: service.plan.map { reachability.frontends(of: $0) } ?? [], endpoints: endpoints,
                    unread: service.unread, rules: service.serversAndRules,
                    graph: FlowGraph(service, explanation.scheduler, "", endpoints: endpoints))
            }
        }
    }
}

extension NftablesServiceExplanation {
    /// Elements of sets and maps, and the rules of chains.
    fileprivate var elementsAndRules: [ServicePortReport.Rule] {
        elements.map { ServicePortReport.Rule(place: "set or map \($0.set)", text: $0.text, why: $0.why) }
            + chains.flatMap { chain in
                chain.rules.map {
                    ServicePortReport.Rule(place: "chain \(chain.name)", text: $0.text, why: $0.why)
                }
            }
    }
}

extension IPVSServiceExplanation {
    /// Virtual servers, entries of sets, and the rules that match these.
    fileprivate var serversAndRules: [ServicePortReport.Rule] {
        virtualServers.map { server in
            let why = [
                server.kind.phrase, server.policy, server.masquerade, server.ranges,
                server.owner.map { "\($0) has it" },
            ]
            return ServicePortReport.Rule(
                place: "virtual servers", text: server.line ?? server.text,
                why: why.compactMap(\.self).joined(separator: "; "))
        }
            + sets.flatMap { set in
                set.entries.map { ServicePortReport.Rule(place: "set \(set.name)", text: $0, why: "") }
            }
            + rules.map { ServicePortReport.Rule(place: "table \($0.table)", text: $0.text, why: $0.why) }
    }
}
