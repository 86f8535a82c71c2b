/// Which of the two policies chooses among endpoints.
public enum EndpointPolicy: Sendable, Hashable {
    /// Endpoints of all nodes, or of the node alone.
    case cluster, local
}

extension ServicePortPlan {
    /// The endpoints that a policy chooses among.
    func endpoints(of policy: EndpointPolicy) -> some Collection<PlannedEndpoint> {
        endpoints.lazy.filter { $0.use(by: policy).isUsed }
    }

    /// The number of endpoints that a policy chooses among.
    func count(of policy: EndpointPolicy) -> Int { policy == .local ? localCount : clusterCount }
}

extension PlannedEndpoint {
    /// Whether a policy uses it, and why not. No key path to one or the other: following it for each endpoint took a sixtieth of
    /// the time of rendering.
    func use(by policy: EndpointPolicy) -> EndpointUse { policy == .local ? localUse : clusterUse }
}

extension ServiceFrontend {
    /// The policy that the frontend asks for.
    public var policy: EndpointPolicy {
        (kind == .clusterIP ? servicePort.internalPolicyIsLocal : servicePort.externalPolicyIsLocal) ? .local : .cluster
    }
}
