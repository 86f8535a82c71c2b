internal import KubeObjects
internal import NetAddress

/// What becomes another one: kube-proxy's version, its mode, or both.
struct UpgradeStep {
    let snapshot: ClusterSnapshot
    let before: ProxySettings
    let after: ProxySettings
    /// The oldest version that a node has now.
    let from: ProxyVersion
    /// The version afterwards.
    let to: ProxyVersion
    /// Whether a family has so many endpoints that kube-proxy does less for each of them.
    let isLarge: Bool
    /// Whether kube-proxy in iptables mode lets the kernel translate what is sent to 127.0.0.1.
    let routesLoopback: Bool
    /// Whether the mode changes what becomes of connections to node ports on 127.0.0.1.
    let closesLoopback: Bool

    /// Whether any Service has a node port.
    var hasNodePorts: Bool { snapshot.services.contains { $0.ports.contains { $0.nodePort > 0 } } }

    /// Whether any Service has a port of UDP.
    var servesUDP: Bool { snapshot.services.contains { $0.ports.contains { $0.transport == .udp } } }
}
