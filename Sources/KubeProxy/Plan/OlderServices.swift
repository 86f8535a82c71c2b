internal import KubeObjects
internal import NetAddress

/// The texts of a Service's addresses as they are spelled, which kube-proxy writes up to 1.29. One for each address and
/// range of the family, in their order.
final class FrontendTexts: Sendable {
    let externalIPs: [String]
    let loadBalancerIPs: [String]
    let sourceRanges: [String]

    init(_ service: Service, _ spellings: AddressSpellings, _ family: AddressFamily) {
        externalIPs = service.externalIPs.enumerated().filter { $1.family == family }.map { index, address in
            spellings.externalIPs[index] ?? address.description
        }
        // All versions that write what is spelled also serve addresses of mode Proxy.
        loadBalancerIPs = service.loadBalancerIngress.enumerated().filter { $1.address.family == family }.map {
            index, ingress in spellings.loadBalancerIngress[index] ?? ingress.address.description
        }
        sourceRanges = service.loadBalancerSourceRanges.enumerated().filter { $1.family == family }.map {
            index, range in spellings.loadBalancerSourceRanges[index] ?? range.description
        }
    }
}

extension Service {
    /// Whether an annotation asks for topology hints, which kube-proxy up to 1.30 needs (`pkg/proxy/topology.go`).
    func asksForHints(_ behaviors: ProxyBehaviors) -> Bool {
        if behaviors.contains(.hintsNeedAuto) { return topologyAwareHints == "Auto" || topologyAwareHints == "auto" }
        let value = topologyAwareHints ?? topologyMode ?? ""
        return !["", "disabled", "Disabled"].contains(value)
    }
}

extension HintCoverage {
    /// The hints that count for a Service.
    init(counting service: borrowing Service, _ behaviors: ProxyBehaviors) {
        if behaviors.contains(.hintsNeedAnnotation), !service.asksForHints(behaviors) {
            self = []
        } else {
            self = behaviors.contains(.nodeHints) ? [.nodes, .zones] : .zones
        }
    }
}
