/// Which of the two policies chooses among endpoints.
public enum EndpointPolicy: Sendable, Hashable {
    /// Endpoints of all nodes, or of the node alone.
    case cluster, local
}

extension ServicePortPlan {
    /// The endpoints that a policy chooses among.
    func endpoints(of policy: EndpointPolicy) -> some Collection<PlannedEndpoint> {
        endpoints.lazy.filter { (policy == .local ? $0.localUse : $0.clusterUse).isUsed }
    }

    /// The number of endpoints that a policy chooses among.
    func count(of policy: EndpointPolicy) -> Int { policy == .local ? localCount : clusterCount }
}

extension ServiceFrontend {
    /// The policy that the frontend asks for.
    public var policy: EndpointPolicy {
        (kind == .clusterIP ? servicePort.internalPolicyIsLocal : servicePort.externalPolicyIsLocal) ? .local : .cluster
    }
}
