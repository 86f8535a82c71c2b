internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress
internal import Nftables

/// What does not depend on Services.
extension NftablesTransaction {
    mutating func writeFixedPart() {
        output.write(.addTable, "", "{ comment \"rules for kube-proxy\" ; }")
        writeBaseChains()
        writeMasquerading()
        writeClusterIPsCheck()
        writeNodePortIPs()
        writeMap(
            "no-endpoint-services", byAddress: true, "vmap to drop or reject packets to services with no endpoints")
        writeMap(
            "no-endpoint-nodeports", byAddress: false,
            "vmap to drop or reject packets to service nodeports with no endpoints")
        writeChain(
            "reject-chain", " { comment \"helper for @no-endpoint-services / @no-endpoint-nodeports\" ; }")
        output.write(.addRule, "reject-chain", " reject")
        writeServiceMapRule("service-endpoints-check", "no-endpoint-services")
        writeNodePortRule("nodeport-endpoints-check", "no-endpoint-nodeports", onlyLocal: false)
        if state.behaviors.contains(.nftablesLocalhostNodePorts) { writeLocalhostRejects() }
        writeMap("firewall-ips", byAddress: true, "destinations that are subject to LoadBalancerSourceRanges")
        writeServiceMapRule("firewall-check", "firewall-ips")
        writeMap("service-ips", byAddress: true, "ClusterIP, ExternalIP and LoadBalancer IP traffic")
        writeMap("service-nodeports", byAddress: false, "NodePort traffic")
        writeServices()
        guard state.behaviors.contains(.nftablesFlushedSets) else { return }
        output.write(.flushSet, "cluster-ips")
        for map: StaticString in [
            "service-ips", "firewall-ips", "no-endpoint-services", "no-endpoint-nodeports", "service-nodeports",
        ] {
            output.write(.flushMap, map)
        }
    }

    private mutating func writeBaseChains() {
        let chains = BaseChain.all(state.behaviors)
        // A chain whose priority is to change must be deleted first.
        for chain in chains {
            let number = output.count
            output.write(.addChain, chain.name)
            output.undo(number)
            output.write(.deleteChain, chain.name)
        }
        for chain in chains { writeChain(chain.name, chain.specification) }
        for jump in BaseChain.jumps(state.behaviors) {
            writeChain(jump.target)
            for base in jump.bases {
                beginRule(base)
                let isFilter = base.description.hasPrefix("filter-")
                output.text.append(isFilter ? "ct state new jump " : "jump ")
                output.text.append(jump.target)
                output.end()
            }
        }
    }

    private mutating func writeMasquerading() {
        guard state.behaviors.contains(.nftablesEndpointMaps) else {
            writeChain("mark-for-masquerade")
            writeMarkRule("mark-for-masquerade", "mark set mark or ", "")
            writeMarkRule("masquerading", "mark and ", " == 0 return")
            writeMarkRule("masquerading", "mark set mark xor ", "")
            return output.write(.addRule, "masquerading", " masquerade fully-random")
        }
        output.begin(.addSet)
        output.text.append("hairpin-connections { type ")
        output.text.append(addressType)
        output.text.append(" . ")
        output.text.append(addressType)
        output.text.append(" . inet_proto . inet_service ; comment \"service hairpin connections\" ; }")
        output.end()
        beginRule("masquerading")
        output.text.append("mark and ")
        output.text.append(mark)
        output.text.append(" != 0 mark set mark xor ")
        output.text.append(mark)
        output.text.append(" masquerade fully-random")
        output.end()
        beginRule("masquerading")
        output.text.append("ct status dnat ")
        output.text.append(family)
        output.text.append(" saddr . ")
        output.text.append(family)
        output.text.append(" daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random")
        output.end()
    }

    private mutating func writeMarkRule(_ chain: StaticString, _ before: StaticString, _ after: StaticString) {
        beginRule(chain)
        output.text.append(before)
        output.text.append(mark)
        output.text.append(after)
        output.end()
    }

    private mutating func writeClusterIPsCheck() {
        writeAddressSet("cluster-ips", "Active ClusterIPs")
        beginRule("cluster-ips-check")
        output.text.append(family)
        output.text.append(" daddr @cluster-ips reject")
        end(comment: "Reject traffic to invalid ports of ClusterIPs")
        let ranges = state.serviceCIDRs
        guard !ranges.isEmpty else { return }
        beginRule("cluster-ips-check")
        output.text.append(family)
        output.text.append(" daddr { ")
        output.text.append(string: ranges.joined(separator: ","))
        output.text.append(" } drop")
        end(comment: "Drop traffic to unallocated ClusterIPs")
    }

    private mutating func writeNodePortIPs() {
        let number = output.count
        writeAddressSet("nodeport-ips", "IPs that accept NodePort traffic")
        guard case .addresses(let addresses) = state.node.nodePorts else {
            output.undo(number)
            return output.write(.deleteSet, "nodeport-ips")
        }
        output.write(.flushSet, "nodeport-ips")
        for address in addresses {
            output.begin(.addElement)
            output.text.append("nodeport-ips { ")
            output.text.append(address.text)
            output.text.append(" }")
            output.end()
        }
    }

    /// What rejects node ports at the loopback address (kube-proxy 1.37: PR 138427).
    private mutating func writeLocalhostRejects() {
        let rejected = state.node.rejectedAtLocalhost
        let number = output.count
        writeMap(
            "localhost-nodeport-reject-ports", byAddress: false, "localhost NodePorts rejected by kube-proxy")
        for transport in rejected {
            writeLocalhostObject(.addCounter, "localhost-nodeport-rejected-", transport)
            writeLocalhostObject(.addChain, "localhost-nodeport-reject-", transport)
            writeLocalhostObject(.flushChain, "localhost-nodeport-reject-", transport)
            output.begin(.addRule)
            output.text.append("localhost-nodeport-reject-")
            output.text.append(transport.name)
            output.text.append(" counter name \"localhost-nodeport-rejected-")
            output.text.append(transport.name)
            output.text.append("\" reject")
            output.end()
        }
        if rejected.isEmpty {
            output.undo(number)
            output.write(.deleteMap, "localhost-nodeport-reject-ports")
        } else {
            beginRule("nodeport-endpoints-check")
            output.text.append(isIPv4 ? "ip daddr 127.0.0.0/8" : "ip6 daddr ::1")
            output.text.append(" meta l4proto . th dport vmap @localhost-nodeport-reject-ports")
            output.end()
        }
        for transport: TransportProtocol in [.tcp, .udp, .sctp] where !rejected.contains(transport) {
            writeUndone(.addChain, "localhost-nodeport-reject-", transport)
            writeLocalhostObject(.deleteChain, "localhost-nodeport-reject-", transport)
            writeUndone(.addCounter, "localhost-nodeport-rejected-", transport)
            writeLocalhostObject(.deleteCounter, "localhost-nodeport-rejected-", transport)
        }
    }

    private mutating func writeUndone(_ verb: CommandVerb, _ prefix: StaticString, _ transport: TransportProtocol) {
        let number = output.count
        writeLocalhostObject(verb, prefix, transport)
        output.undo(number)
    }

    private mutating func writeLocalhostObject(
        _ verb: CommandVerb, _ prefix: StaticString, _ transport: TransportProtocol
    ) {
        output.begin(verb)
        output.text.append(prefix)
        output.text.append(transport.name)
        output.end()
    }

    /// The rules of the chain `services`.
    private mutating func writeServices() {
        if state.behaviors.contains(.nftablesEndpointMaps), state.plan.settings.masqueradeAll || localTraffic != nil {
            beginRule("services")
            output.text.append(family)
            output.text.append(" daddr @cluster-ips ")
            if !state.plan.settings.masqueradeAll, let localTraffic {
                output.text.append(localTraffic.other)
                output.text.append(" ")
            }
            appendMasquerade()
            end(
                comment: state.plan.settings.masqueradeAll
                    ? "masquerade all clusterIP traffic" : "masquerade clusterIP traffic from outside cluster")
        }
        writeServiceMapRule("services", "service-ips")
        writeNodePortRule("services", "service-nodeports", onlyLocal: true)
    }

    // MARK: Sets, maps and the rules that look into them

    private mutating func writeAddressSet(_ name: StaticString, _ comment: StaticString) {
        output.begin(.addSet)
        output.text.append(name)
        output.text.append(" { type ")
        output.text.append(addressType)
        endObject(comment)
    }

    private mutating func writeMap(_ name: StaticString, byAddress: Bool, _ comment: StaticString) {
        output.begin(.addMap)
        output.text.append(name)
        output.text.append(" { type ")
        if byAddress {
            output.text.append(addressType)
            output.text.append(" . ")
        }
        output.text.append("inet_proto . inet_service : verdict")
        endObject(comment)
    }

    private mutating func endObject(_ comment: StaticString) {
        output.text.append(" ; comment \"")
        output.text.append(comment)
        output.text.append("\" ; }")
        output.end()
    }

    private mutating func writeServiceMapRule(_ chain: StaticString, _ map: StaticString) {
        beginRule(chain)
        output.text.append(family)
        output.text.append(" daddr . meta l4proto . th dport vmap @")
        output.text.append(map)
        output.end()
    }

    /// - Parameter onlyLocal: whether a rule for all addresses names local ones.
    private mutating func writeNodePortRule(_ chain: StaticString, _ map: StaticString, onlyLocal: Bool) {
        beginRule(chain)
        switch state.node.nodePorts {
        case .allAddresses:
            if onlyLocal { output.text.append("fib daddr type local ") }
            output.text.append(isIPv4 ? "ip daddr != 127.0.0.0/8" : "ip6 daddr != ::1")
        case .addresses:
            output.text.append(family)
            output.text.append(" daddr @nodeport-ips")
        }
        output.text.append(" meta l4proto . th dport vmap @")
        output.text.append(map)
        output.end()
    }
}

extension NftablesPlan {
    /// The distinct ranges of ServiceCIDRs of the family as they are spelled, in byte order.
    var serviceCIDRs: [String] {
        let family = plan.settings.family
        let texts = plan.snapshot.serviceCIDRs.flatMap(\.ranges).filter { $0.prefix.family == family }.map(\.text)
        return texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.reduce(into: []) {
            if $0.last != $1 { $0.append($1) }
        }
    }
}
