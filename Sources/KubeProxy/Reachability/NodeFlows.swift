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
    /// kube-proxy's version; nil: the rules are a host's.
    public let version: VersionChoice?
    /// By Service port and frontend, as far as they were asked for.
    public let frontends: [FrontendFlows]
    /// What becomes of packets beside the frontends, where kube-proxy does something about them; empty for a host's rules.
    public let unserved: [UnservedFlow]

    init(node: String?, family: AddressFamily, version: VersionChoice?, frontends: [FrontendFlows]) {
        self.node = node
        self.family = family
        self.version = version
        self.frontends = frontends
        unserved = []
    }

    /// The flows to what a question names, in a mode.
    ///
    /// Takes time linear in Service ports, endpoints and senders' ranges.
    ///
    /// - Parameter workers: to whom half of the Service ports can be given; the result is the same with and without.
    public init<Mode: Backend>(
        _ backend: Mode, _ question: FlowQuestion = FlowQuestion(), with workers: Workers? = nil
    ) {
        let plan = backend.plan
        node = plan.node.name
        family = plan.settings.family
        version = plan.version
        let reachability = Reachability(backend)
        let ports = plan.servicePorts
        frontends = Workers.halves(of: ports.count, atLeast: 18, with: workers) { positions in
            var all: [FrontendFlows] = []
            for position in positions {
                let port = ports[position]
                guard question.names(port.name, port.port) else { continue }
                for frontend in reachability.frontends(of: port) {
                    if let asked = question.narrowed(frontend) { all.append(asked) }
                }
            }
            return all
        }
        unserved = question.narrowed(backend.unserved.map { UnservedFlow($0) }, isServed: !frontends.isEmpty)
    }
}

extension NodePlan {
    /// The flows to what a question names, in the mode of the settings.
    ///
    /// - Parameter workers: to whom half of the work can be given; the result is the same with and without.
    /// - Throws: ``SnapshotError`` if the mode cannot serve a Service as the settings ask for it.
    public func flows(
        _ question: FlowQuestion = FlowQuestion(), with workers: Workers? = nil
    ) throws(SnapshotError) -> NodeFlows {
        func flows<Mode: Backend>(_ mode: Mode.Type) throws(SnapshotError) -> NodeFlows {
            NodeFlows(try mode.init(forOutcomesOf: self), question, with: workers)
        }
        return try flows(settings.mode.backend)
    }
}

/// Which flows are asked for.
public struct FlowQuestion: Sendable {
    /// What is sent to.
    public enum Target: Sendable, Hashable {
        /// All frontends of a Service, or of one of its ports by name or number.
        case service(namespace: DNSLabel, name: DNSLabel, port: String?)
        /// All frontends at the addresses of a range, on one port or on all.
        case addresses(IPPrefix, port: UInt16?)

        /// Reads `namespace/service[:port]`, `IP[:port]` or a range; nil: it is none of them.
        public init?(_ text: String) {
            if let range = IPPrefix(text) {
                self = .addresses(range, port: nil)
                return
            }
            switch try? ExplainTarget(text) {
            case .service(let namespace, let name, let port):
                self = .service(namespace: namespace, name: name, port: port)
            case .address(let address, let port, _): self = .addresses(IPPrefix(single: address), port: port)
            default: return nil
            }
        }
    }

    /// Who sends.
    public enum Source: Sendable, Hashable {
        /// Everybody of some origins.
        case origins([SenderOrigin])
        /// Everybody in a range.
        case range(IPPrefix)

        /// Reads `pods`, `node`, `nodes`, `outside`, `anybody`, an address or a range; nil: it is none of them.
        public init?(_ text: String) {
            switch text {
            case "pods": self = .origins([.pod, .otherPod])
            case "node": self = .origins([.node])
            case "nodes": self = .origins([.node, .otherNode])
            case "outside": self = .origins([.outside])
            case "anybody": self = .origins(SenderOrigin.allCases)
            default:
                guard let range = IPPrefix(addressOrRange: text) else { return nil }
                self = .range(range)
            }
        }
    }

    /// What is sent to; nil: everything.
    public var target: Target?
    /// Whether a Service, `namespace/name`, is asked for; nil: all are.
    public var isWanted: (@Sendable (String) -> Bool)?
    /// Who sends: any of these; nil: everybody.
    public var sources: [Source]?
    /// Who does not.
    public var except: [IPPrefix]

    /// Asks for all flows to all frontends, or for some of them.
    public init(target: Target? = nil, sources: [Source]? = nil, except: [IPPrefix] = []) {
        self.target = target
        self.sources = sources
        self.except = except
    }

    /// Whether a Service port is asked for, as far as it is asked for by name.
    func names(_ servicePort: ServicePortName, _ port: UInt16) -> Bool {
        if let isWanted, !isWanted(servicePort.qualifiedService) { return false }
        guard case .service(let namespace, let name, let wanted) = target else { return true }
        return servicePort.namespace == namespace && servicePort.service == name
            && (wanted == nil || servicePort.port?.text == wanted || String(port) == wanted)
    }

    /// What is asked for of a frontend's flows; nil: nothing.
    func narrowed(_ frontend: FrontendFlows) -> FrontendFlows? {
        if target == nil, sources == nil, isWanted == nil { return frontend.flows.isEmpty ? nil : frontend }
        guard names(frontend.name, frontend.servicePort) else { return nil }
        var addresses = frontend.addresses
        if case .addresses(let range, let port) = target {
            addresses = addresses.filter { range.contains($0) && port ?? frontend.port == frontend.port }
        }
        let flows = frontend.flows.flatMap { flow in
            senders(of: flow.senders).map { Flow(senders: $0, outcome: flow.outcome) }
        }
        guard !addresses.isEmpty, !flows.isEmpty else { return nil }
        return FrontendFlows(
            kind: frontend.kind, addresses: addresses, port: frontend.port, name: frontend.name,
            servicePort: frontend.servicePort, flows: flows)
    }

    /// What is asked for of the flows beside frontends.
    ///
    /// - Parameter isServed: whether the question names a frontend.
    func narrowed(_ flows: [UnservedFlow], isServed: Bool) -> [UnservedFlow] {
        switch target {
        case nil: return flows
        case .service: return []
        case .addresses(let range, let port):
            if port != nil, isServed { return [] }
            return flows.compactMap { flow in
                let addresses = flow.addresses.intersection([range])
                return addresses.isEmpty ? nil : UnservedFlow(flow.kind, addresses, flow.outcome)
            }
        }
    }

    /// The senders of a set that are asked for: one set for each source that has any.
    private func senders(of set: SenderSet) -> [SenderSet] {
        guard let sources else { return [set] }
        return sources.compactMap { source in
            var addresses = set.addresses
            switch source {
            case .origins(let origins): guard origins.contains(set.origin) else { return nil }
            case .range(let range): addresses = addresses.intersection([range])
            }
            if !except.isEmpty { addresses = addresses.subtracting(except) }
            return addresses.isEmpty ? nil : SenderSet(set.origin, addresses)
        }
    }
}
