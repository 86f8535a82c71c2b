internal import KubeObjects
internal import NetAddress

/// Explains what a Service's settings do here, and why some have no effect.
struct SettingReasons {
    private let mode: any ExplainedMode
    private let service: Service
    private let port: ServicePortPlan
    private let hasHints: Bool

    /// - Parameter hasHints: whether any endpoint of the Service port has topology hints.
    init(_ mode: any ExplainedMode, _ service: Service, _ port: ServicePortPlan, hasHints: Bool) {
        self.mode = mode
        self.service = service
        self.port = port
        self.hasHints = hasHints
    }

    private var plan: NodePlan { mode.plan }

    var sentences: [String] {
        [
            internalPolicy, externalPolicy, affinity, sourceRanges, healthCheck, proxyAddresses, externalIPs, topology,
            nodePortAddresses, localTraffic,
        ].compactMap(\.self) + mode.ownSettings
    }

    private var internalPolicy: String? {
        guard port.internalPolicyIsLocal else {
            return "internalTrafficPolicy Cluster: the cluster IP leads to endpoints of all nodes"
        }
        return "internalTrafficPolicy Local: the cluster IP leads to this node's endpoints only"
            + mode.fallback(of: port)
    }

    private var externalPolicy: String? {
        guard port.isExternal else {
            return service.externalTrafficPolicyIsLocal
                ? "externalTrafficPolicy Local has no effect: nothing but the cluster IP leads here" : nil
        }
        if port.externalPolicyIsLocal { return mode.localExternalPolicy(of: port) }
        if service.externalTrafficPolicyIsLocal, service.type == .clusterIP, service.hasExternalIPs {
            return "externalTrafficPolicy Local has no effect on a Service of type ClusterIP before kube-proxy 1.29"
        }
        return service.externalTrafficPolicyIsLocal
            ? "externalTrafficPolicy Local has no effect on a Service of type \(service.type.name) "
                + "without externalIPs"
            : "externalTrafficPolicy Cluster: external traffic uses all endpoints; source IP rewritten to the node (SNAT)"
    }

    private var affinity: String? {
        port.affinitySeconds.map {
            "sessionAffinity ClientIP: a client keeps its endpoint for \($0) s after its last connection"
                + mode.affinity
        }
    }

    private var sourceRanges: String? {
        let all = service.loadBalancerSourceRanges
        if all.isEmpty { return nil }
        let own = port.sourceRanges.map(\.description).joined(separator: ", ")
        if port.sourceRanges.isEmpty {
            let isOther = all.allSatisfy { $0.family != plan.settings.family }
            return "loadBalancerSourceRanges let everybody in: "
                + (isOther ? "they are all of the other family" : "one of them holds all addresses")
        }
        return port.loadBalancerIPs.isEmpty
            ? "loadBalancerSourceRanges have no effect: there is no load balancer IP of this family (\(own))"
            : "loadBalancerSourceRanges \(own): nobody else may use the load balancer's IP"
                + (port.nodePort > 0 ? "; the node port is open to all" : "")
    }

    private var healthCheck: String? {
        guard port.healthCheckNodePort > 0 else { return nil }
        return
            "healthCheckNodePort \(port.healthCheckNodePort): where load balancers ask whether this node has endpoints"
    }

    private var proxyAddresses: String? {
        let addresses = service.loadBalancerIngress.filter { !$0.isVIP && $0.address.family == plan.settings.family }
        guard !addresses.isEmpty else { return nil }
        let list = addresses.map(\.address.description).joined(separator: ", ")
        if plan.behaviors.contains(.proxyModeAddressesServed) {
            return "ipMode Proxy has no effect before kube-proxy 1.30: \(list) has rules like other addresses"
        }
        return "ipMode Proxy: packets for \(list) come with other destinations, so the address has no rules"
    }

    private var externalIPs: String? {
        guard !plan.settings.allowServiceExternalIPs, service.hasExternalIPs else { return nil }
        guard plan.behaviors.contains(.externalIPsGate) else {
            return "externalIPs have rules: the feature gate AllowServiceExternalIPs does not exist before 1.36"
        }
        return "externalIPs have no rules: the feature gate AllowServiceExternalIPs is off"
    }

    private var topology: String? {
        switch port.topologyMode {
        case .zone: "topology hints: traffic of zone \(plan.node.zone) stays with the endpoints hinted for it"
        case .node: "topology hints: traffic of this node stays with the endpoints hinted for it"
        case .none where hasHints && port.usesClusterPolicy && port.countedHints.isEmpty:
            "topology hints are ignored before kube-proxy 1.31 unless an annotation asks for them, such as "
                + "service.kubernetes.io/topology-aware-hints: Auto"
        case .none where hasHints && port.usesClusterPolicy && !port.countedHints.contains(.nodes):
            "topology hints are not used: all ready endpoints must have them, and one be for this node's zone "
                + "(hints by node are ignored before kube-proxy 1.34)"
        case .none where hasHints && port.usesClusterPolicy:
            "topology hints are not used: all ready endpoints must have them, and one be for this node or its zone"
        case .none: nil
        }
    }

    private var nodePortAddresses: String? {
        guard port.nodePort > 0, let addresses = mode.nodePortAddresses else { return nil }
        if !plan.node.hasNodePortRules {
            return "node ports have no rules: the host has no address in nodePortAddresses (before kube-proxy 1.27)"
        }
        let list = addresses.map(\.description).joined(separator: ", ")
        return addresses.isEmpty
            ? "node ports answer nowhere: the host has no address in nodePortAddresses"
            : "nodePortAddresses: node ports answer on \(list) only"
    }

    private var localTraffic: String? {
        guard plan.node.localTraffic == nil, !plan.settings.masqueradeAll else { return nil }
        return
            "traffic of local pods cannot be detected (detectLocalMode \(plan.settings.detectLocalMode.rawValue) without a value): "
            + mode.unknownPods
    }
}

extension Service.SkipReason {
    /// Why a Service has no rules.
    func sentence(_ service: Service, _ family: AddressFamily) -> String {
        switch self {
        case .otherProxy:
            "kube-proxy skips it: the label service.kubernetes.io/service-proxy-name hands it to another proxy"
        case .headless:
            service.type == .externalName
                ? "kube-proxy skips it: type ExternalName is a matter of DNS only, there is no cluster IP"
                : service.clusterIP == .absent
                    ? "kube-proxy would skip it: it has no clusterIP, so it comes from a manifest and not from the API, which "
                        + "gives every Service one; take the snapshot from the cluster"
                    : "kube-proxy skips it: it is headless, there is no cluster IP; DNS names the endpoints, and clients "
                        + "connect to them without rules"
        case .headlessLabel:
            "kube-proxy up to 1.35 skips it: it carries the label service.kubernetes.io/headless"
        case .externalName: "kube-proxy skips it: type ExternalName is a matter of DNS only"
        case .otherFamily:
            "kube-proxy skips it for \(family.name): it has a cluster IP of the other family only (--family "
                + "\(family == .ipv4 ? "ipv6" : "ipv4") shows its rules)"
        }
    }
}
