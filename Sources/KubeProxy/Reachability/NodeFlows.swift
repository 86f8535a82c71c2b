public import KubeChainsBytes
public import KubeChainsJSON
public import KubeObjects
public import NetAddress

/// The flows to the frontends of one node and family.
public struct NodeFlows: Sendable {
    /// The node's name; nil: it is not known.
    public let node: String?
    /// The family.
    public let family: AddressFamily
    /// kube-proxy's version.
    public let version: VersionChoice
    /// By Service port and frontend, as far as they were asked for.
    public let frontends: [FrontendFlows]

    /// The flows to what a question names, in a mode.
    ///
    /// Takes time linear in Service ports, endpoints and senders' ranges.
    public init<Mode: Backend>(_ backend: Mode, _ question: FlowQuestion = FlowQuestion()) {
        let plan = backend.plan
        node = plan.node.name
        family = plan.settings.family
        version = plan.version
        let reachability = Reachability(backend)
        var found: [FrontendFlows] = []
        for port in plan.servicePorts where question.names(port) {
            for frontend in reachability.frontends(of: port) {
                if let frontend = question.narrowed(frontend) { found.append(frontend) }
            }
        }
        frontends = found
    }
}

extension NodePlan {
    /// The flows to what a question names, in the mode of the settings.
    ///
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    public func flows(_ question: FlowQuestion = FlowQuestion(), with workers: Workers? = nil) throws(SnapshotError)
        -> NodeFlows
    {
        switch settings.mode {
        case .iptables: NodeFlows(IptablesPlan(self, with: workers), question)
        case .nftables: NodeFlows(try NftablesPlan(self, with: workers), question)
        case .ipvs: NodeFlows(try IPVSPlan(self), question)
        }
    }
}

/// Which flows are asked for.
public struct FlowQuestion: Sendable {
    /// What is sent to.
    public enum Target: Sendable, Hashable {
        /// A Service, or one of its ports by name or number.
        case service(namespace: DNSLabel, name: DNSLabel, port: String?)
        /// An address, on one port or on all.
        case address(IPAddress, port: UInt16?)
    }

    /// Who sends.
    public enum Source: Sendable, Hashable {
        /// Everybody of some origins.
        case origins([SenderOrigin])
        /// Everybody in a range.
        case range(IPPrefix)
    }

    /// What is sent to; nil: everything.
    public var target: Target?
    /// Who sends; nil: everybody.
    public var source: Source?

    /// Asks for all flows to all frontends.
    public init(target: Target? = nil, source: Source? = nil) {
        self.target = target
        self.source = source
    }

    func names(_ port: ServicePortPlan) -> Bool {
        guard case .service(let namespace, let name, let wanted) = target else { return true }
        return port.name.namespace == namespace && port.name.service == name
            && (wanted == nil || port.name.port?.text == wanted || String(port.port) == wanted)
    }

    /// What is asked for of a frontend's flows; nil: nothing.
    func narrowed(_ frontend: FrontendFlows) -> FrontendFlows? {
        var addresses = frontend.addresses
        if case .address(let address, let port) = target {
            addresses = addresses.filter { $0 == address && port ?? frontend.port == frontend.port }
        }
        let flows = frontend.flows.compactMap { flow -> Flow? in
            switch source {
            case nil: return flow
            case .origins(let origins): return origins.contains(flow.senders.origin) ? flow : nil
            case .range(let range):
                let common = flow.senders.addresses.intersection([range])
                return common.isEmpty
                    ? nil : Flow(senders: SenderSet(flow.senders.origin, common), outcome: flow.outcome)
            }
        }
        guard !addresses.isEmpty, !flows.isEmpty else { return nil }
        return FrontendFlows(
            kind: frontend.kind, addresses: addresses, port: frontend.port, name: frontend.name,
            serviceIndex: frontend.serviceIndex, flows: flows)
    }
}
