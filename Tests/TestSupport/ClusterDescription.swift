/// A cluster as plain values, and how to render it: what the tests, the random clusters and the reference share.
///
/// The values are those of the API objects, before anything is parsed, left out or filled in. `nil` stands for a field
/// that is absent or null.
public struct ClusterDescription: Sendable, Equatable {
    /// The Services of every type, those that kube-proxy passes over included.
    public var services: [Service]
    /// The EndpointSlices of both families.
    public var slices: [Slice]
    /// The Nodes, of which the settings name one.
    public var nodes: [Node]
    /// `spec.cidrs` of each ServiceCIDR.
    public var serviceCIDRs: [[String]] = []
    /// How to render.
    public var settings: Settings

    /// Creates a cluster of the given objects.
    public init(services: [Service], slices: [Slice], nodes: [Node], settings: Settings) {
        self.services = services
        self.slices = slices
        self.nodes = nodes
        self.settings = settings
    }

    /// Whether there is something to compare a node's rules with: Services, and the Node of the settings.
    public var isComparable: Bool { !services.isEmpty && nodes.contains { $0.name == settings.node } }

    /// An IP family, spelled as the API does.
    public enum Family: String, Sendable, CaseIterable {
        case ipv4 = "IPv4"
        case ipv6 = "IPv6"

        /// The other of the two families.
        public var other: Family { self == .ipv4 ? .ipv6 : .ipv4 }
    }

    /// The fields of a `v1` Service that matter to kube-proxy.
    public struct Service: Sendable, Equatable {
        /// `metadata.namespace`.
        public var namespace: String
        /// `metadata.name`.
        public var name: String
        /// `spec.type`.
        public var type: String?
        /// The value of the label `service.kubernetes.io/service-proxy-name`.
        public var proxyName: String?
        /// The Service carries the label `service.kubernetes.io/headless`.
        public var isHeadless = false
        /// The value of the annotation `service.kubernetes.io/topology-aware-hints`.
        public var topologyHints: String?
        /// The value of the annotation `service.kubernetes.io/topology-mode`.
        public var topologyMode: String?
        /// `spec.clusterIP`, which may be `None`.
        public var clusterIP: String?
        /// `spec.clusterIPs`.
        public var clusterIPs: [String] = []
        /// `spec.ipFamilies`; empty where the field is absent.
        public var families: [Family] = []
        /// `spec.ports`.
        public var ports: [ServicePort] = []
        /// `spec.externalIPs`, which need not be addresses.
        public var externalIPs: [String] = []
        /// `status.loadBalancer.ingress`.
        public var ingress: [Ingress] = []
        /// `spec.loadBalancerSourceRanges`, which need not be CIDRs.
        public var sourceRanges: [String] = []
        /// `spec.sessionAffinity`: `ClientIP` or `None`.
        public var sessionAffinity: String?
        /// `spec.sessionAffinityConfig.clientIP.timeoutSeconds`.
        public var affinityTimeout: Int?
        /// `spec.externalTrafficPolicy`: `Cluster` or `Local`.
        public var externalTrafficPolicy: String?
        /// `spec.internalTrafficPolicy`: `Cluster` or `Local`.
        public var internalTrafficPolicy: String?
        /// `spec.healthCheckNodePort`; 0 means none.
        public var healthCheckNodePort: Int?

        /// Creates a Service whose other fields are absent.
        public init(namespace: String, name: String) {
            self.namespace = namespace
            self.name = name
        }
    }

    /// An entry of a Service's `spec.ports`.
    public struct ServicePort: Sendable, Equatable {
        /// The port's name; absent and empty mean the same.
        public var name: String?
        /// `TCP`, `UDP` or `SCTP`; absent means `TCP`.
        public var protocolName: String?
        /// The port at which clients reach the Service.
        public var port: Int
        /// The port on the nodes; 0 means none.
        public var nodePort: Int?

        /// Creates a service port.
        public init(name: String?, protocolName: String?, port: Int, nodePort: Int? = nil) {
            self.name = name
            self.protocolName = protocolName
            self.port = port
            self.nodePort = nodePort
        }
    }

    /// An entry of a Service's `status.loadBalancer.ingress`.
    public struct Ingress: Sendable, Equatable {
        /// The address; empty means none.
        public var ip: String?
        /// The DNS name, which has no effect.
        public var hostname: String?
        /// `ipMode`: `VIP` or `Proxy`; absent means `VIP`.
        public var mode: String?

        /// Creates an entry.
        public init(ip: String?, hostname: String? = nil, mode: String? = nil) {
            self.ip = ip
            self.hostname = hostname
            self.mode = mode
        }
    }

    /// The fields of a `discovery.k8s.io/v1` EndpointSlice that matter to kube-proxy.
    public struct Slice: Sendable, Equatable {
        /// `metadata.namespace`.
        public var namespace: String
        /// `metadata.name`, by which the slices of a Service are ordered.
        public var name: String
        /// The value of the label `kubernetes.io/service-name`.
        public var service: String?
        /// The slice carries the label `service.kubernetes.io/headless`.
        public var isHeadless = false
        /// The value of the label `service.kubernetes.io/service-proxy-name`.
        public var proxyName: String?
        /// `IPv4`, `IPv6` or `FQDN`.
        public var addressType: String
        /// The ports on which every endpoint listens.
        public var ports: [SlicePort] = []
        /// The endpoints in order.
        public var endpoints: [Endpoint] = []

        /// Creates a slice without ports and endpoints.
        public init(namespace: String, name: String, service: String?, addressType: String) {
            self.namespace = namespace
            self.name = name
            self.service = service
            self.addressType = addressType
        }
    }

    /// An entry of an EndpointSlice's `ports`.
    public struct SlicePort: Sendable, Equatable {
        /// The name of the service port; absent means the empty one, the default of the API server.
        public var name: String?
        /// `TCP`, `UDP` or `SCTP`; absent means `TCP`.
        public var protocolName: String?
        /// The port on which the endpoints listen; absent and 0 mean none.
        public var port: Int?

        /// Creates a slice port.
        public init(name: String?, protocolName: String?, port: Int?) {
            self.name = name
            self.protocolName = protocolName
            self.port = port
        }
    }

    /// An entry of an EndpointSlice's `endpoints`.
    public struct Endpoint: Sendable, Equatable {
        /// The addresses, of which the first counts.
        public var addresses: [String]
        /// `conditions.ready`; absent means true.
        public var ready: Bool?
        /// `conditions.serving`; absent means true.
        public var serving: Bool?
        /// `conditions.terminating`; absent means false.
        public var terminating: Bool?
        /// The node on which the endpoint runs.
        public var nodeName: String?
        /// The zone in which the endpoint runs, which has no effect.
        public var zone: String?
        /// The names in `hints.forZones`.
        public var zoneHints: [String] = []
        /// The names in `hints.forNodes`.
        public var nodeHints: [String] = []

        /// Creates an endpoint whose other fields are absent.
        public init(addresses: [String]) {
            self.addresses = addresses
        }
    }

    /// The fields of a `v1` Node that matter to kube-proxy.
    public struct Node: Sendable, Equatable {
        /// `metadata.name`.
        public var name: String
        /// The value of the label `topology.kubernetes.io/zone`.
        public var zone: String?
        /// `status.addresses`.
        public var addresses: [NodeAddress] = []
        /// `spec.podCIDRs`, which need not be CIDRs.
        public var podCIDRs: [String] = []

        /// Creates a Node whose other fields are absent.
        public init(name: String) {
            self.name = name
        }
    }

    /// An entry of a Node's `status.addresses`.
    public struct NodeAddress: Sendable, Equatable {
        /// `InternalIP`, `ExternalIP` or `Hostname`.
        public var type: String
        /// The address or name, of any form.
        public var address: String

        /// Creates a node address.
        public init(type: String, address: String) {
            self.type = type
            self.address = address
        }
    }
}
