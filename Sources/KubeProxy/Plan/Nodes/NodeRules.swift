internal import KubeObjects
internal import NetAddress

/// What decides the rules of one node, in short: a digest of them, and what may set the node apart from others.
public struct NodeRules: Sendable {
    /// The node's name.
    public let node: String
    /// Nodes with equal digests have equal texts.
    public let digest: RulesDigest
    /// kube-proxy's version.
    public let version: ProxyVersion
    /// The node's zone; empty where it is not known.
    public let zone: String
    /// The Service ports whose rules are others on this node than on one of its zone without endpoints of its own: because of
    /// local endpoints, of hints by node, or since a source range holds the node.
    public let servicePorts: [ServicePortName]
    /// How traffic of local pods is detected.
    public let localTraffic: NodeFacts.LocalTraffic?
    /// Where node ports answer.
    public let nodePorts: NodeFacts.NodePorts
    /// What a node of its zone without endpoints of its own does.
    let ofZone: DigestSum

    /// - Parameters:
    ///   - services: the sums of the digests of the Service ports, and the Service ports that differ from the zone's.
    init(_ cluster: ClusterPlan, _ facts: NodeFacts, _ services: ServicePortDigests.OfNode) {
        node = facts.name ?? ""
        version = cluster.version.version
        zone = facts.zone
        ofZone = services.ofZone
        servicePorts = services.own.map { cluster.tables.ports[Int($0)].name }
        localTraffic = facts.localTraffic
        nodePorts = facts.nodePorts
        var message = DigestMessage()
        message.append(cluster)
        message.append(facts, cluster.settings.mode)
        services.sum.append(to: &message)
        digest = RulesDigest(message)
    }
}

extension DigestMessage {
    /// What the settings, the version and the cluster as a whole say.
    fileprivate mutating func append(_ cluster: ClusterPlan) {
        let settings = cluster.settings
        append(settings.mode.rawValue)
        append(settings.family == .ipv4)
        append(cluster.version.version.knownMinor)
        append(cluster.tables.endpoints.count > NodePlan.largeClusterThreshold)
        append(settings.masqueradeAll)
        append(settings.hasAccountingCounters)
        append(settings.hasRandomFully)
        append(settings.conntrackTCPBeLiberal)
        // All nodes have the settings of the modes that they do not run in, too, so that these tell no nodes apart.
        append(settings.nftablesMasqueradeBit)
        append(settings.localhostNodePortsInNftables)
        append(settings.nodePortAddresses)
        append(settings.nodePortAddressTexts)
        append(cluster.snapshot.serviceCIDRs.flatMap { $0.ranges.map(\.text) })
        append(settings.ipvs.scheduler.rawValue)
        append(settings.ipvs.strictARP)
        for timeout in [settings.ipvs.tcpTimeout, settings.ipvs.tcpFinTimeout, settings.ipvs.udpTimeout] {
            append(UInt64(bitPattern: timeout.components.seconds))
        }
        append(settings.ipvs.forwarding.rawValue)
        append(settings.ipvs.kernelVersion.major)
        append(settings.ipvs.kernelVersion.minor)
    }

    private mutating func append(_ addresses: NodePortAddresses) {
        switch addresses {
        case .ranges(let ranges): append(ranges)
        case .primary: append("primary")
        case .entries(let entries):
            append(entries.count)
            for entry in entries {
                switch entry {
                case .range(let range): append(range)
                case .primary: append(UInt8(2))
                case .localhost: append(UInt8(3))
                case .all: append(UInt8(4))
                }
            }
        }
    }

    /// What of a node's facts its text shows in a mode, beside what Service ports do.
    fileprivate mutating func append(_ facts: NodeFacts, _ mode: ProxyMode) {
        switch facts.localTraffic {
        case nil: append(UInt8(0))
        case .source(let range):
            append(UInt8(1))
            append(range)
        case .interface(let name):
            append(UInt8(2))
            append(name)
        }
        append(facts.localTrafficText ?? "")
        switch facts.nodePorts {
        case .allAddresses: append(false)
        case .addresses(let addresses):
            append(true)
            append(addresses)
        }
        append(facts.hasLocalhostNodePorts)
        append(facts.loopbackTakesNodePorts)
        append(facts.hasNodePortRules)
        append(UInt64(facts.masqueradeMark))
        if mode == .iptables { return }
        append(facts.hostAddresses)
        append(facts.nodeIP)
    }
}
