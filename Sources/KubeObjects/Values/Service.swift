public import KubeChainsJSON
public import NetAddress

/// What kind of Service it is: `spec.type`.
public enum ServiceType: Sendable, Hashable {
    /// The four types of the API.
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
    /// An address.
    case address(IPAddress)
    /// Text that is not an address. Only Services that kube-proxy skips may have it.
    case invalid(String)
}

/// A Service, in the fields that shape rules or explain them. Defaults are filled in as the API server fills them in.
public struct Service: Sendable, Equatable {
    /// The Service's namespace.
    public let namespace: DNSLabel
    /// The Service's name.
    public let name: DNSLabel
    /// `type`.
    public var type: ServiceType = .clusterIP
    /// `clusterIP`.
    public var clusterIP: ClusterIP = .absent
    /// `spec.clusterIPs`, in order; nil for text that is not an address.
    public var clusterIPs: [IPAddress?] = []
    /// `spec.ipFamilies`, in order; nil for text that is not a family.
    public var ipFamilies: [AddressFamily?] = []
    /// `ports`.
    public var ports: [ServicePort] = []
    /// The external IPs that parse, of both families, in order.
    public var externalIPs: [IPAddress] = []
    /// Whether `spec.externalIPs` has any entry, also one that does not parse.
    public var hasExternalIPs = false
    /// `status.loadBalancer.ingress`.
    public var loadBalancerIngress: [LoadBalancerIngress] = []
    /// The source ranges that parse, of both families, in order.
    public var loadBalancerSourceRanges: [IPPrefix] = []
    /// Seconds that a client keeps its endpoint under `sessionAffinity: ClientIP`; nil: no affinity.
    public var sessionAffinitySeconds: Int?
    /// Whether `externalTrafficPolicy` is `Local`.
    public var externalTrafficPolicyIsLocal = false
    /// Whether `internalTrafficPolicy` is `Local`.
    public var internalTrafficPolicyIsLocal = false
    /// 0: none.
    public var healthCheckNodePort: UInt16 = 0
    /// Whether the label `service.kubernetes.io/service-proxy-name` assigns the Service to another proxy.
    public var hasProxyName = false
    /// Whether the Service has the label `service.kubernetes.io/headless`; kube-proxy skips such Services up to 1.35.
    public var hasHeadlessLabel = false
    /// The rest of what versions of kube-proxy before 1.31 read; nil: nothing of it is there. By reference, since hardly any
    /// Service has it, and Services are copied.
    private var older: OlderFields?
    /// Whether the Service selects pods, so that the control plane writes its EndpointSlices.
    public var hasSelector: Bool { selector.value }
    private var selector = NotCompared(false)
    /// What asks others than kube-proxy for something; nil: nothing of it is there. By reference, as `older`.
    private var requests = NotCompared<Requests?>(nil)
    /// The object's location in the inputs.
    public var place: ObjectPlace

    /// Where the object begins in the inputs; nil: it was not read from one.
    public var location: SourceLocation? { place.location }

    /// A Service made from values.
    ///
    /// - Parameters:
    ///   - clusterIPs: one address, or two of different families, the primary one first; none for a Service without cluster IP.
    ///   - externalIPs: addresses outside of the cluster that lead to the Service.
    ///   - loadBalancerIngress: `status.loadBalancer.ingress`.
    ///   - loadBalancerSourceRanges: the clients that may use the load balancer's addresses; all of them if empty.
    ///   - sessionAffinitySeconds: how long a client keeps its endpoint, 1 to 86400; nil: no affinity.
    ///   - healthCheckNodePort: 0: none.
    public init(
        namespace: DNSLabel, name: DNSLabel, type: ServiceType = .clusterIP, clusterIPs: [IPAddress] = [],
        ports: [ServicePort] = [], externalIPs: [IPAddress] = [], loadBalancerIngress: [LoadBalancerIngress] = [],
        loadBalancerSourceRanges: [IPPrefix] = [], sessionAffinitySeconds: Int? = nil,
        externalTrafficPolicyIsLocal: Bool = false, internalTrafficPolicyIsLocal: Bool = false,
        healthCheckNodePort: UInt16 = 0
    ) {
        self.init(namespace: namespace, name: name, place: .none)
        self.type = type
        clusterIP = clusterIPs.first.map { .address($0) } ?? .absent
        self.clusterIPs = clusterIPs
        ipFamilies = clusterIPs.map(\.family)
        self.ports = ports
        self.externalIPs = externalIPs
        hasExternalIPs = !externalIPs.isEmpty
        self.loadBalancerIngress = loadBalancerIngress
        self.loadBalancerSourceRanges = loadBalancerSourceRanges
        self.sessionAffinitySeconds = sessionAffinitySeconds
        self.externalTrafficPolicyIsLocal = externalTrafficPolicyIsLocal
        self.internalTrafficPolicyIsLocal = internalTrafficPolicyIsLocal
        self.healthCheckNodePort = healthCheckNodePort
    }

    package init(namespace: DNSLabel, name: DNSLabel, place: ObjectPlace) {
        self.namespace = namespace
        self.name = name
        self.place = place
    }

    /// `namespace/name`.
    public var qualifiedName: String { "\(namespace)/\(name)" }

    /// Why kube-proxy skips a Service.
    public enum SkipReason: Sendable, Hashable {
        /// The label `service.kubernetes.io/service-proxy-name` assigns it to another proxy.
        case otherProxy
        /// `clusterIP` is `None` or empty.
        case headless
        /// It is of type ExternalName, a name in the DNS only.
        case externalName
        /// The label `service.kubernetes.io/headless` keeps kube-proxy up to 1.35 from reading it.
        case headlessLabel
        /// It has no cluster IP of the family that is asked about.
        case otherFamily
    }

    /// Why kube-proxy skips the Service in every family; nil: it does not.
    package var skipReason: SkipReason? {
        if hasProxyName { return .otherProxy }
        if clusterIP == .none || clusterIP == .absent { return .headless }
        return type == .externalName ? .externalName : nil
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
}

extension Service {
    fileprivate final class OlderFields: Sendable, Equatable {
        let topologyAwareHints: String?
        let topologyMode: String?
        let spellings: AddressSpellings

        init(_ topologyAwareHints: String?, _ topologyMode: String?, _ spellings: AddressSpellings) {
            self.topologyAwareHints = topologyAwareHints
            self.topologyMode = topologyMode
            self.spellings = spellings
        }

        static func == (left: OlderFields, right: OlderFields) -> Bool {
            left.topologyAwareHints == right.topologyAwareHints && left.topologyMode == right.topologyMode
                && left.spellings == right.spellings
        }
    }

    /// The annotation `service.kubernetes.io/topology-aware-hints`; nil: none. kube-proxy reads it up to 1.30, as the next
    /// one.
    public var topologyAwareHints: String? { older?.topologyAwareHints }
    /// The annotation `service.kubernetes.io/topology-mode`; nil: none.
    public var topologyMode: String? { older?.topologyMode }
    /// How addresses are spelled; nil: all canonically.
    public var spellings: AddressSpellings? {
        guard let older, older.spellings != AddressSpellings() else { return nil }
        return older.spellings
    }

    /// Sets what only older versions of kube-proxy read.
    package mutating func setOlderFields(
        topologyAwareHints: String?, topologyMode: String?, _ spellings: AddressSpellings
    ) {
        older = OlderFields(topologyAwareHints, topologyMode, spellings)
    }
}

extension Service {
    fileprivate final class Requests: Sendable {
        let trafficDistribution: String?
        let sourceRangesAnnotation: String?
        let balancerAnnotation: String?

        init(_ trafficDistribution: String?, _ sourceRangesAnnotation: String?, _ balancerAnnotation: String?) {
            self.trafficDistribution = trafficDistribution
            self.sourceRangesAnnotation = sourceRangesAnnotation
            self.balancerAnnotation = balancerAnnotation
        }
    }

    /// `spec.trafficDistribution`, which asks the control plane for topology hints; nil: none.
    public var trafficDistribution: String? { requests.value?.trafficDistribution }
    /// The annotation `service.beta.kubernetes.io/load-balancer-source-ranges`, which only cloud providers read; nil: none.
    public var sourceRangesAnnotation: String? { requests.value?.sourceRangesAnnotation }
    /// The name of an annotation that asks a cloud's load balancer for TLS or the PROXY protocol; nil: none.
    public var balancerAnnotation: String? { requests.value?.balancerAnnotation }

    package mutating func setHasSelector() { selector = NotCompared(true) }

    /// Sets what asks others than kube-proxy for something.
    package mutating func setRequests(
        trafficDistribution: String?, sourceRangesAnnotation: String?, balancerAnnotation: String?
    ) {
        requests = NotCompared(Requests(trafficDistribution, sourceRangesAnnotation, balancerAnnotation))
    }
}

/// The texts of those addresses and CIDRs of a Service that are not spelled canonically, by their indices: kube-proxy
/// writes what the Service says up to 1.29.
public struct AddressSpellings: Sendable, Hashable {
    /// By the indices of ``Service/externalIPs``.
    public package(set) var externalIPs: [Int: String] = [:]
    /// By the indices of ``Service/loadBalancerIngress``.
    public package(set) var loadBalancerIngress: [Int: String] = [:]
    /// By the indices of ``Service/loadBalancerSourceRanges``; without white space around them.
    public package(set) var loadBalancerSourceRanges: [Int: String] = [:]

    /// Whether there is none.
    public var isEmpty: Bool {
        externalIPs.isEmpty && loadBalancerIngress.isEmpty && loadBalancerSourceRanges.isEmpty
    }
}

/// An entry of `spec.ports`.
public struct ServicePort: Sendable, Hashable {
    /// The port's name; nil: none, as the only port of a Service may have.
    public var name: DNSLabel?
    /// `protocol`.
    public var transport: TransportProtocol = .tcp
    /// 1…65535.
    public var port: UInt16
    /// 0: none.
    public var nodePort: UInt16 = 0

    /// - Parameters:
    ///   - port: 1…65535.
    ///   - nodePort: 0: none.
    public init(name: DNSLabel? = nil, transport: TransportProtocol = .tcp, port: UInt16, nodePort: UInt16 = 0) {
        self.name = name
        self.transport = transport
        self.port = port
        self.nodePort = nodePort
    }
}

/// An entry of `status.loadBalancer.ingress` that has an address.
public struct LoadBalancerIngress: Sendable, Hashable {
    /// `ip`.
    public var address: IPAddress
    /// Whether packets arrive with this address as their destination: `ipMode` is `VIP` or absent, not `Proxy`.
    public var isVIP: Bool

    /// An address; a VIP unless its mode is `Proxy`.
    public init(address: IPAddress, isVIP: Bool = true) {
        self.address = address
        self.isVIP = isVIP
    }
}
