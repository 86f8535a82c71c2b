public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
public import NetAddress

/// All Service ports of a node at a glance, in any of kube-proxy's modes.
public struct ServiceList: Sendable {
    /// The node.
    public let node: NodeFacts
    /// kube-proxy's mode.
    public let mode: ProxyMode
    /// The version of kube-proxy whose rules were looked at.
    public let version: VersionChoice
    /// The family.
    public let family: AddressFamily
    /// The Service ports, and the Services that have nothing on the node, by name.
    public private(set) var services: [ServicePortSummary]

    /// The Service ports of a plan, in the mode of its settings.
    ///
    /// - Parameters:
    ///   - plan: what the node is to program.
    ///   - workers: what runs work beside this; nil: nothing does.
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    public init(_ plan: NodePlan, with workers: Workers? = nil) throws(SnapshotError) {
        let mode = try plan.explainedMode(with: workers)
        var reasons = EndpointReasonsByService(
            mode, plan.snapshot.sliceIndices(of: Array(plan.snapshot.services.indices)))
        node = plan.node
        self.mode = plan.settings.mode
        version = plan.version
        family = plan.settings.family
        services = plan.explainingAll { port in
            ServicePortSummary(port, mode, reasons.reasons(for: port))
        } absent: {
            $0.summary
        }
    }

    /// The same of some Services alone, which are given as `namespace/name`.
    public func limited(to isWanted: (String) -> Bool) -> ServiceList {
        var list = self
        list.services = services.filter { isWanted($0.service.qualifiedName) }
        return list
    }
}

/// A Service port, or a Service that has none on the node, at a glance.
public struct ServicePortSummary: Sendable {
    /// A frontend, with what becomes of connections from each kind of sender.
    public struct Entry: Sendable {
        /// The kind of frontend.
        public let kind: Frontend.Kind
        /// Nil for a node port.
        public let address: IPAddress?
        /// The frontend's port.
        public let port: UInt16
        /// The senders in words, each with what becomes of its connections.
        public let outcomes: [(sender: String, outcome: TrafficOutcome)]

        /// `address:port`, or the port alone.
        public var text: String { address.map { AddressText($0, port: port).description } ?? String(port) }
    }

    /// The Service.
    public let service: Service
    /// `namespace/service:port`, or `namespace/service`.
    public let servicePort: String
    /// Nil for a Service without ports.
    public let transport: TransportProtocol?
    /// The decisions; nil for a Service that has nothing here.
    public let plan: ServicePortPlan?
    /// Why there is nothing at all; nil where there is something.
    public let absence: String?
    /// The frontends.
    public let entries: [Entry]
    /// How many endpoints get connections under some policy.
    public let usedCount: Int
    /// How many endpoints the Service has in the snapshot.
    public let endpointCount: Int
    /// Whether the snapshot has endpoints of it that kube-proxy does not read.
    public let hasUnread: Bool
}

extension ServicePortSummary {
    fileprivate init(_ port: ServicePortPlan, _ mode: any ExplainedMode, _ reasons: EndpointReasons) {
        let (endpoints, others) = reasons.endpoints(of: port, nil)
        self.init(
            service: mode.plan.snapshot.services[port.serviceIndex], servicePort: port.name.description,
            transport: port.name.transport, plan: port, absence: nil,
            entries: port.frontends.map { frontend in
                Entry(
                    kind: frontend.kind, address: frontend.frontend.address, port: frontend.frontend.port,
                    outcomes: TrafficSender.all(to: frontend, mode.plan.node).map { sender in
                        (sender.phrase(mode.plan.node), mode.outcome(of: sender, to: frontend))
                    })
            },
            usedCount: endpoints.count { $0.isUsed }, endpointCount: endpoints.count + others,
            hasUnread: !reasons.unread.isEmpty)
    }
}

extension ServiceExplanation {
    /// The same at a glance.
    public var summary: ServicePortSummary {
        ServicePortSummary(
            service: service, servicePort: servicePort, transport: transport, plan: plan, absence: absence,
            entries: entries.map { entry in
                ServicePortSummary.Entry(
                    kind: entry.kind, address: entry.address, port: entry.port,
                    outcomes: entry.paths.map { ($0.sender, $0.outcome) })
            },
            usedCount: endpoints.count { $0.isUsed }, endpointCount: endpoints.count + otherEndpoints,
            hasUnread: !unread.isEmpty)
    }
}
