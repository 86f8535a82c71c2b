public import KubeChainsJSON
public import NetAddress

/// What kind of Service it is: `spec.type`.
public enum ServiceType: Sendable, Hashable {
    case clusterIP, nodePort, loadBalancer, externalName
    /// A type that this version does not know.
    case unknown(String)

    /// The type as the Kubernetes API writes it.
    public var name: String {
        switch self {
        case .clusterIP: "ClusterIP"
        case .nodePort: "NodePort"
        case .loadBalancer: "LoadBalancer"
        case .externalName: "ExternalName"
        case .unknown(let name): name
        }
    }
}

/// `spec.clusterIP`.
public enum ClusterIP: Sendable, Hashable {
    /// Empty or not given.
    case absent
    /// `None`: the Service is headless.
    case none
    case address(IPAddress)
    /// A text that is no address. Only Services that kube-proxy passes over may have one.
    case invalid(String)
}

/// A Service, in the fields that shape rules or explain them. Defaults are filled in as the API server fills them in.
public struct Service: Sendable, Equatable {
    public let namespace: DNSLabel
    public let name: DNSLabel
    public var type: ServiceType = .clusterIP
    public var clusterIP: ClusterIP = .absent
    /// `spec.clusterIPs`, in order; nil for a text that is no address.
    public var clusterIPs: [IPAddress?] = []
    /// `spec.ipFamilies`, in order; nil for a text that names no family.
    public var ipFamilies: [AddressFamily?] = []
    public var ports: [ServicePort] = []
    /// The external IPs that parse, of both families, in order.
    public var externalIPs: [IPAddress] = []
    /// Whether `spec.externalIPs` has any entry, also one that does not parse.
    public var hasExternalIPs = false
    public var loadBalancerIngress: [LoadBalancerIngress] = []
    /// The source ranges that parse, of both families, in order.
    public var loadBalancerSourceRanges: [IPPrefix] = []
    /// Seconds that a client keeps its endpoint under `sessionAffinity: ClientIP`; nil: no affinity.
    public var sessionAffinitySeconds: Int?
    public var externalTrafficPolicyIsLocal = false
    public var internalTrafficPolicyIsLocal = false
    /// 0: none.
    public var healthCheckNodePort: UInt16 = 0
    /// Whether the label `service.kubernetes.io/service-proxy-name` hands the Service to another proxy.
    public var hasProxyName = false
    /// Where the object stands in the inputs.
    public var location: SourceLocation

    /// `namespace/name`.
    public var qualifiedName: String { "\(namespace)/\(name)" }

    /// Whether kube-proxy passes over the Service in every family: it is another proxy's, headless, or an external name.
    package var isPassedOver: Bool {
        hasProxyName || clusterIP == .none || clusterIP == .absent || type == .externalName
    }

    /// The cluster IP of a family, by the lists of families and addresses (kube-proxy 1.36: `GetClusterIPByFamily`).
    package func clusterIP(_ family: AddressFamily) -> IPAddress? {
        if ipFamilies.isEmpty {
            guard case .address(let address) = clusterIP, address.family == family else { return nil }
            return address
        }
        for (claimed, address) in zip(ipFamilies, clusterIPs) where claimed == family {
            return address
        }
        return nil
    }

    /// Equal in everything but the place.
    public static func == (left: Service, right: Service) -> Bool {
        var moved = right
        moved.location = left.location
        return left.isIdentical(to: moved)
    }

    private func isIdentical(to other: Service) -> Bool {
        namespace == other.namespace && name == other.name && type == other.type && clusterIP == other.clusterIP
            && clusterIPs == other.clusterIPs && ipFamilies == other.ipFamilies && ports == other.ports
            && externalIPs == other.externalIPs && hasExternalIPs == other.hasExternalIPs
            && loadBalancerIngress == other.loadBalancerIngress
            && loadBalancerSourceRanges == other.loadBalancerSourceRanges
            && sessionAffinitySeconds == other.sessionAffinitySeconds
            && externalTrafficPolicyIsLocal == other.externalTrafficPolicyIsLocal
            && internalTrafficPolicyIsLocal == other.internalTrafficPolicyIsLocal
            && healthCheckNodePort == other.healthCheckNodePort && hasProxyName == other.hasProxyName
    }
}

/// An entry of `spec.ports`.
public struct ServicePort: Sendable, Hashable {
    /// The port's name; nil: none, as the only port of a Service may have.
    public var name: DNSLabel?
    public var transport: TransportProtocol = .tcp
    /// 1…65535.
    public var port: UInt16
    /// 0: none.
    public var nodePort: UInt16 = 0
}

/// An entry of `status.loadBalancer.ingress` that has an address.
public struct LoadBalancerIngress: Sendable, Hashable {
    public var address: IPAddress
    /// Whether packets arrive with this address as their destination: `ipMode` is `VIP` or absent, not `Proxy`.
    public var isVIP: Bool
}
