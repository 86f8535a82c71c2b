public import Iptables
internal import KubeObjects
internal import NetAddress

/// A frontend that rules are asked about.
public struct RuleFrontend: Sendable, Hashable {
    /// The kind of frontend.
    public let kind: Frontend.Kind
    /// The address, port and protocol; without an address it is a node port.
    public let frontend: Frontend
    /// The Service port.
    public let name: ServicePortName
    /// The port at the cluster IP.
    public let servicePort: UInt16
}

extension Ruleset {
    /// The frontends that rules name in their comments as kube-proxy does, whatever their chains are called, by Service port.
    public var namedFrontends: [RuleFrontend] {
        var found: [RuleFrontend] = []
        var seen: Set<Frontend> = []
        // The nat table says what kind of frontend it is; the filter table has those without endpoints.
        for name in ["nat", "filter"] {
            for chain in tables.first(where: { $0.name == name })?.chains ?? [] {
                for rule in chain.rules {
                    guard let name = rule.servicePort, let frontend = rule.frontend, seen.insert(frontend).inserted
                    else { continue }
                    found.append(
                        RuleFrontend(
                            kind: rule.frontendKind, frontend: frontend, name: name, servicePort: frontend.port))
                }
            }
        }
        // The sort is stable, as the standard library's is.
        return found.sorted { $0.name < $1.name }
    }
}

extension Rule {
    /// The Service port that the rule's comment names.
    fileprivate var servicePort: ServicePortName? {
        guard let transport, let text = servicePortName else { return nil }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let namespace = DNSLabel(String(parts[0])) else { return nil }
        let words = parts[1].split(separator: ":", omittingEmptySubsequences: false)
        guard words.count <= 2, let service = DNSLabel(String(words[0])) else { return nil }
        let port = words.count == 2 ? DNSLabel(String(words[1])) : nil
        guard words.count == 1 || port != nil else { return nil }
        return ServicePortName(namespace: namespace, service: service, port: port, transport: transport)
    }

    /// The kind of frontend that the rule's comment says it is.
    fileprivate var frontendKind: Frontend.Kind {
        guard frontend?.address != nil else { return .nodePort }
        let comment = comment ?? ""
        if comment.hasSuffix("external IP") { return .externalIP }
        return comment.hasSuffix("loadbalancer IP") ? .loadBalancerIP : .clusterIP
    }
}
