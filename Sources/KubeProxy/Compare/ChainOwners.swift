internal import Iptables
internal import NetAddress

/// A Service port as reports name it.
public struct ServicePortLabel: Sendable, Hashable {
    /// `namespace/name:port`, or `namespace/name` for an unnamed port. Where nobody knows the name, the name of its
    /// chain.
    public let servicePort: String
    /// The protocol in lower case; empty where it is not known.
    public let transport: String
}

extension ServicePortLabel {
    init(_ name: ServicePortName) {
        self.init(servicePort: name.description, transport: name.transport.name.description)
    }
}

extension ServicePortLabel: Comparable {
    public static func < (left: ServicePortLabel, right: ServicePortLabel) -> Bool {
        (left.servicePort, left.transport) < (right.servicePort, right.transport)
    }
}

/// Resolves hashes to what they were made of: from a plan, or from comments if there is no plan.
struct ChainOwners {
    private var labels: [ChainHash: ServicePortLabel] = [:]
    private var plans: [IptablesPlan] = []
    /// Which Service port an address or node port belongs to.
    private var frontends: [Frontend: ChainHash] = [:]
    /// The Service port to which a health-check node port is attributed: the first of the Service's.
    private var healthChecks: [UInt16: ChainHash] = [:]

    /// Adds everything that a plan knows.
    mutating func learn(_ plan: IptablesPlan) {
        plans.append(plan)
        for port in plan.plan.servicePorts {
            let hash = plan.hash(of: port)
            labels[hash] = ServicePortLabel(port.name)
            let transport = port.name.transport
            for address in [port.clusterIP] + port.externalIPs + port.loadBalancerIPs {
                frontends[Frontend(address: address, port: port.port, transport: transport)] = hash
            }
            if port.nodePort > 0 {
                frontends[Frontend(address: nil, port: port.nodePort, transport: transport)] = hash
            }
            if port.healthCheckNodePort > 0, healthChecks[port.healthCheckNodePort] == nil {
                healthChecks[port.healthCheckNodePort] = hash
            }
        }
    }

    /// Adds names and frontends from the rules of shared chains, for rules without a comment. What is known
    /// already, above all from a plan, is not overwritten.
    mutating func learn(_ ruleset: Ruleset) {
        for (table, kind) in RulesByService.sharedChains {
            for rule in ruleset[table: table]?[chain: kind.text.description]?.rules ?? [] {
                guard let hash = owner(of: rule) else { continue }
                if labels[hash] == nil, let name = rule.servicePortName {
                    labels[hash] = ServicePortLabel(
                        servicePort: name, transport: rule.transport?.name.description ?? "")
                }
                guard let frontend = rule.frontend else { continue }
                if rule.target == .accept {
                    if healthChecks[frontend.port] == nil { healthChecks[frontend.port] = hash }
                } else if frontends[frontend] == nil {
                    frontends[frontend] = hash
                }
            }
        }
    }

    func label(_ hash: ChainHash) -> ServicePortLabel {
        labels[hash]
            ?? ServicePortLabel(servicePort: ChainName(.clusterPolicy, hash).description, transport: "")
    }

    /// The Service port that a hashed chain belongs to.
    func label(ofChain chain: String) -> ServicePortLabel? {
        guard let name = ChainName(chain), let hash = name.hash else { return nil }
        if name.kind == .endpoint { return owner(ofEndpoint: hash).map { label($0) } }
        return label(hash)
    }

    /// The Service port whose endpoint's chain has this hash, whether rules reach the endpoint or not. Looked for among
    /// all endpoints: only chains that are left over are asked for.
    func owner(ofEndpoint hash: ChainHash) -> ChainHash? {
        var hasher = ChainHasher()
        for plan in plans {
            for port in plan.plan.servicePorts {
                for endpoint in port.endpoints {
                    let known = plan.chain(of: endpoint)?.hash ?? hasher.hash(of: endpoint, of: port)
                    if known == hash { return plan.hash(of: port) }
                }
            }
        }
        return nil
    }

    /// The Service port that a rule of a shared chain is about: by the chain it jumps to, by its comment, by its
    /// address.
    func owner(of rule: Rule) -> ChainHash? {
        if let chain = rule.target?.chain.flatMap({ ChainName($0) }), let hash = chain.hash, chain.kind != .endpoint {
            return hash
        }
        guard let transport = rule.transport else { return nil }
        if rule.target == .accept, let port = rule.destinationPort, let known = healthChecks[port] { return known }
        if let name = rule.servicePortName {
            return ChainHash(of: Array("\(name)\(transport.name)".utf8).span)
        }
        return rule.frontend.flatMap { frontends[$0] }
    }
}

extension Rule {
    /// The protocol of a Service port that the rule is limited to.
    var transport: TransportProtocol? {
        guard let match = self.protocol, !match.isNegated else { return nil }
        return TransportProtocol(number: match.number)
    }

    /// The one destination port that the rule is limited to.
    var destinationPort: UInt16? {
        for match in matches {
            let port: PortMatch?
            switch match {
            case .tcp(let match): port = match.destination
            case .udp(let match): port = match.destination
            case .sctp(let match): port = match.destination
            default: continue
            }
            if let port { return port.range.first == port.range.last && !port.isNegated ? port.range.first : nil }
        }
        return nil
    }

    /// Where the traffic comes in that the rule is about.
    var frontend: Frontend? {
        guard let transport, let port = destinationPort else { return nil }
        guard let destination else { return Frontend(address: nil, port: port, transport: transport) }
        guard let prefix = destination.prefix, !destination.isNegated, prefix.length == prefix.family.bitWidth else {
            return nil
        }
        return Frontend(address: prefix.network, port: port, transport: transport)
    }

    /// The Service port that kube-proxy's comment names: its first word that has a slash.
    var servicePortName: String? {
        guard let comment else { return nil }
        return comment.split(separator: " ").first { $0.utf8.contains(UInt8(ascii: "/")) }.map { String($0) }
    }
}
