internal import KubeChainsBytes
internal import NetAddress

/// Decides which differences between IPVS mode and iptables mode the clients of a Service port see (kube-proxy 1.36:
/// `pkg/proxy/ipvs/proxier.go` beside `pkg/proxy/iptables/proxier.go`).
public struct ModeComparison: Sendable {
    /// The properties of a node that matter here.
    struct Site: Sendable, Hashable {
        /// Whether it has an endpoint of the Service port that takes traffic.
        let hasLocalEndpoint: Bool
        /// Whether its own endpoints differ from those of the cluster policy.
        let hasOtherEndpoints: Bool
    }

    /// What IPVS mode makes of the plan.
    let state: IPVSPlan
    private let conflicts: FrontendConflicts

    private var settings: ProxySettings { state.plan.settings }
    private var node: NodeFacts { state.plan.node }

    /// Compares what a plan does in IPVS mode with iptables mode.
    public init(_ state: IPVSPlan) {
        self.state = state
        conflicts = FrontendConflicts(state)
    }

    /// All differences on the plan's node.
    public func differences(of port: ServicePortPlan) -> [ModeDifference] {
        let site = site(of: port)
        return ModeDifference.Kind.allCases.compactMap { difference($0, of: port, at: site) }
    }

    /// The plan's own node.
    func site(of port: ServicePortPlan) -> Site {
        Site(
            hasLocalEndpoint: port.localCount > 0,
            hasOtherEndpoints: port.endpoints.contains { $0.clusterUse.isUsed != $0.localUse.isUsed })
    }

    /// The difference on a node; nil: none of this kind.
    func difference(_ kind: ModeDifference.Kind, of port: ServicePortPlan, at site: Site) -> ModeDifference? {
        guard let texts = texts(kind, port, site) else { return nil }
        return ModeDifference(kind: kind, who: texts.who, iptables: texts.iptables, ipvs: texts.ipvs)
    }

    private typealias Texts = (who: String, iptables: String, ipvs: String)

    private func texts(_ kind: ModeDifference.Kind, _ port: ServicePortPlan, _ site: Site) -> Texts? {
        switch kind {
        case .internalFallback, .internalRefusal: internalPolicy(kind, port, site)
        case .externalFallback, .podFallback, .localOnly, .ownSource: externalPolicy(kind, port, site)
        case .loopbackNodePort, .linkLocalNodePort: nodePort(kind, port)
        case .otherPorts: otherPorts(port)
        case .addressResolution: addressResolution(port)
        case .sourceRanges, .singleAddressRange: sourceRanges(kind, port)
        case .affinity: affinity(port)
        case .scheduling: scheduling(port)
        case .idleTimeout: idleTimeout(port)
        case .claimedTwice: claimedTwice(port)
        case .forwarding: forwarding(port)
        }
    }

    // MARK: Traffic policies

    /// Whether endpoints of other nodes serve where the local policy is asked for.
    private func fallsBack(_ site: Site) -> Bool {
        state.policy(serving: .local, whereLocal: site.hasLocalEndpoint) == .cluster
    }

    private func internalPolicy(_ kind: ModeDifference.Kind, _ port: ServicePortPlan, _ site: Site) -> Texts? {
        guard port.internalPolicyIsLocal, port.hasAnyEndpoint, fallsBack(site) else { return nil }
        // The fallback needs the cluster policy's endpoints, which are known only if another frontend uses them.
        guard port.usesClusterPolicy == (kind == .internalFallback) else { return nil }
        return (
            "pods and the node itself, to the cluster IP", "dropped: clients time out",
            port.usesClusterPolicy ? "sent to endpoints of other nodes" : "refused at once: there is no real server"
        )
    }

    private func externalPolicy(_ kind: ModeDifference.Kind, _ port: ServicePortPlan, _ site: Site) -> Texts? {
        guard port.externalPolicyIsLocal, port.hasAnyEndpoint, let externalFrontends = externalFrontends(of: port)
        else { return nil }
        let tellsPods = node.localTraffic != nil
        switch kind {
        case .externalFallback where fallsBack(site):
            return (
                "clients outside, to \(externalFrontends)", "dropped: clients time out",
                "sent to endpoints of other nodes, whose answers come from their own addresses, so that clients discard them "
                    + "and wait as well"
            )
        case .podFallback where fallsBack(site) && !tellsPods:
            return (
                "pods, to \(externalFrontends)", "dropped like all others: pods cannot be detected",
                "sent to endpoints of other nodes, which pods can use"
            )
        case .localOnly where site.hasLocalEndpoint && site.hasOtherEndpoints:
            return (
                (tellsPods ? "pods and the node itself" : "the node itself") + ", to \(externalFrontends)",
                "sent to endpoints of all nodes: they are not outside", "sent to the node's own endpoints only"
            )
        case .ownSource where !node.countsAsPod:
            let bound = boundAddresses(of: port)
            return (
                "the node itself, to \(externalFrontends)",
                "masqueraded: endpoints see an address by which they reach the node",
                "not masqueraded: endpoints see the address that the node sends from"
                    + (bound.isEmpty
                        ? ""
                        : ", for \(listed(bound)) that address itself"
                            + (site.hasLocalEndpoint
                                ? "" : "; endpoints of other nodes cannot answer there, and the node times out"))
            )
        default: return nil
        }
    }

    // MARK: Addresses

    private func nodePort(_ kind: ModeDifference.Kind, _ port: ServicePortPlan) -> Texts? {
        guard port.nodePort > 0, port.hasAnyEndpoint else { return nil }
        if kind == .loopbackNodePort {
            guard node.hasLocalhostNodePorts else { return nil }
            return (
                "the node itself, to 127.0.0.1:\(port.nodePort)", "reaches the Service",
                "refused: node ports do not listen on loopback addresses"
            )
        }
        guard settings.family == .ipv6, node.nodePorts == .allAddresses else { return nil }
        return (
            "neighbours, to node ports of link-local addresses", "reach the Service",
            "refused: node ports do not listen there"
        )
    }

    private func otherPorts(_ port: ServicePortPlan) -> Texts? {
        let outside = boundAddresses(of: port)
        let addresses = listed(["the cluster IP"] + outside)
        return (
            "pods and the node itself, to \(addresses): pings, and ports that no Service has there",
            "left alone: they go where routes lead"
                + (outside.isEmpty ? ", mostly to nobody" : ", outside addresses to whoever has them"),
            "rejected: the node has the \(outside.isEmpty ? "address" : "addresses") itself, on kube-ipvs0"
        )
    }

    private func addressResolution(_ port: ServicePortPlan) -> Texts? {
        let addresses = boundAddresses(of: port)
        // Neighbour solicitations of IPv6 are answered for an interface's own addresses only.
        guard settings.family == .ipv4, !settings.ipvs.strictARP, !addresses.isEmpty else { return nil }
        return (
            "hosts of the node's network segment that ask who has \(listed(addresses))",
            "the node is silent: something else must answer, or route there",
            "the node answers, as every node does, since strictARP is off"
        )
    }

    /// Whether addresses other than the cluster IP are on `kube-ipvs0`.
    func hasBoundAddress(_ port: ServicePortPlan) -> Bool { !boundAddresses(of: port).isEmpty }

    /// The Service port's outside addresses on `kube-ipvs0`, each once.
    private func boundAddresses(of port: ServicePortPlan) -> [String] {
        var seen: Set<IPAddress> = []
        var addresses: [String] = []
        state.eachFrontend(of: port) { frontend in
            guard frontend.kind != .clusterIP, frontend.bindsAddress, seen.insert(frontend.address).inserted else {
                return
            }
            addresses.append(frontend.address.description)
        }
        return addresses
    }

    /// The external frontends.
    private func externalFrontends(of port: ServicePortPlan) -> String? {
        var externalFrontends: [String] = []
        if port.nodePort > 0, !state.nodeIPs.isEmpty { externalFrontends.append("node port \(port.nodePort)") }
        if !port.externalIPs.isEmpty { externalFrontends.append("external IPs") }
        if !port.loadBalancerIPs.isEmpty { externalFrontends.append("the load balancer's address") }
        return externalFrontends.isEmpty ? nil : listed(externalFrontends)
    }

    // MARK: Connections

    private func sourceRanges(_ kind: ModeDifference.Kind, _ port: ServicePortPlan) -> Texts? {
        guard !port.loadBalancerIPs.isEmpty, !port.sourceRanges.isEmpty else { return nil }
        if kind == .sourceRanges {
            return (
                "clients that are taken out of loadBalancerSourceRanges",
                "their connections go on; new ones are dropped",
                "their connections stop too: every packet is checked against the ranges"
            )
        }
        let single = port.sourceRanges.filter { $0.length == (settings.family == .ipv4 ? 32 : 128) }
        guard !single.isEmpty else { return nil }
        return (
            "clients in \(listed(single.prefix(3).map(\.description), of: single.count))", "nothing happens to them",
            "with each sync kube-proxy takes the range out and puts it in again, and drops what comes between"
        )
    }

    private func affinity(_ port: ServicePortPlan) -> Texts? {
        guard let seconds = port.affinitySeconds, hasChoice(port) else { return nil }
        return (
            "clients with an endpoint by sessionAffinity",
            "one for all addresses and ports that lead here, for \(seconds) s from the client's last new connection; the "
                + "last 100 clients of each endpoint are known",
            "one for each address and port by itself, for \(seconds) s from the client's last new connection and as long as "
                + "any is open"
        )
    }

    private func scheduling(_ port: ServicePortPlan) -> Texts? {
        guard hasChoice(port) else { return nil }
        return (
            "new connections, unless affinity decides", "get an endpoint at random, each with the same chance",
            "scheduler \(settings.ipvs.scheduler): \(settings.ipvs.scheduler.choice)"
        )
    }

    /// Whether there is more than one endpoint to choose from.
    private func hasChoice(_ port: ServicePortPlan) -> Bool { max(port.clusterCount, port.localCount) > 1 }

    /// Linux 6.1: `tcp_timeouts` and `udp_timeouts` of `net/netfilter/ipvs`, `udp_timeouts` of
    /// `net/netfilter/nf_conntrack_proto_udp.c`; kube-proxy 1.36: `TCPEstablishedTimeout` of its configuration.
    private func idleTimeout(_ port: ServicePortPlan) -> Texts? {
        guard port.hasAnyEndpoint else { return nil }
        func seconds(_ setting: Duration, _ kernel: Int64) -> Int64 {
            setting.components.seconds > 0 ? setting.components.seconds : kernel
        }
        switch port.name.transport {
        case .tcp:
            return (
                "clients with connections that are long silent",
                "known for conntrack.tcpEstablishedTimeout of kube-proxy's configuration, 24 h by default",
                "known for \(seconds(settings.ipvs.tcpTimeout, 900)) s; the next packet is answered with a reset"
            )
        case .udp:
            return (
                "clients that go on from the same port after a pause",
                "the same endpoint for 30 s of silence, 120 s once both have talked",
                "the same endpoint for \(seconds(settings.ipvs.udpTimeout, 300)) s of silence"
            )
        case .sctp: return nil
        }
    }

    private func claimedTwice(_ port: ServicePortPlan) -> Texts? {
        guard let conflict = conflicts.conflict(of: port, state) else { return nil }
        let ports = state.plan.servicePorts
        return (
            "everybody, to \(conflict.place)",
            conflict.iptablesOwner.map { "gets \(ports[$0].label), whose rules come first" } ?? "refused at once",
            "gets \(ports[conflict.ipvsOwner].label), which kube-proxy programs last"
        )
    }

    private func forwarding(_ port: ServicePortPlan) -> Texts? {
        let forwarding = settings.ipvs.forwarding
        guard forwarding != .masquerading, port.hasAnyEndpoint else { return nil }
        return (
            "everybody", "the destination is rewritten, and answers come back through the node",
            "\(forwarding): packets keep their destination, and endpoints answer past the node"
        )
    }
}
