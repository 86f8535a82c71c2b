internal import KubeObjects
internal import NetAddress

extension NodePlan {
    /// The addresses of the API servers: the endpoints of default/kubernetes.
    var apiServers: Set<IPAddress> {
        Set(servicePorts.lazy.filter(\.isOfAPIServer).flatMap(\.endpoints).map(\.address))
    }
}

extension ServicePortPlan {
    /// Whether it is of the Service default/kubernetes, which every cluster has.
    var isOfAPIServer: Bool { name.namespace.text == "default" && name.service.text == "kubernetes" }
}
