public import KubeObjects
public import NetAddress

/// The name of a Service port: kube-proxy's key for everything.
public struct ServicePortName: Sendable, Hashable {
    /// The Service's namespace.
    public let namespace: DNSLabel
    /// The Service's name.
    public let service: DNSLabel
    /// The port's name; nil for an unnamed port.
    public let port: DNSLabel?
    /// The protocol.
    public let transport: TransportProtocol

    /// `namespace/name` of the Service.
    public var qualifiedService: String { "\(namespace)/\(service)" }
}

extension ServicePortName: Comparable {
    /// By namespace, Service, port name and upper-case protocol, each in byte order.
    public static func < (left: ServicePortName, right: ServicePortName) -> Bool {
        (left.namespace.text, left.service.text, left.port?.text ?? "", left.transport.kubernetesName)
            < (right.namespace.text, right.service.text, right.port?.text ?? "", right.transport.kubernetesName)
    }
}

extension ServicePortName: CustomStringConvertible {
    /// `namespace/service:port`, or `namespace/service` for an unnamed port: the name in chains and comments.
    public var description: String {
        qualifiedService + (port.map { ":\($0)" } ?? "")
    }
}
