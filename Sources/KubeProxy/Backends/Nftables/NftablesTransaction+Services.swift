internal import KubeChainsBytes
internal import NetAddress
internal import Nftables

/// What is written for Service ports.
extension NftablesTransaction {
    mutating func writeServicePorts() {
        var names = NftablesNames()
        for port in state.plan.servicePorts {
            names.begin(port, state.hashes.ports[port.index])
            writeChains(port, names)
            writeElements(port, names)
            writeRules(port, names)
        }
    }

    /// Whether the endpoints of a Service port have chains.
    func hasEndpointChains(_ port: ServicePortPlan) -> Bool {
        !state.behaviors.contains(.nftablesEndpointMaps) || port.affinitySeconds != nil
    }

    mutating func appendEndpointName(
        _ prefix: StaticString, _ endpoint: PlannedEndpoint, _ names: NftablesNames
    ) {
        names.write(
            prefix, state.hashes.endpoints[endpoint.index], NftablesNames.endpointText(endpoint), to: &output.text)
    }

    // MARK: Chains

    private mutating func writeChains(_ port: ServicePortPlan, _ names: NftablesNames) {
        let hasChains = hasEndpointChains(port)
        let hasHairpins = state.behaviors.contains(.nftablesEndpointMaps)
        for endpoint in port.endpoints where endpoint.isReachable {
            if hasChains {
                output.begin(.addChain)
                appendEndpointName("endpoint-", endpoint, names)
                output.end()
                output.begin(.flushChain)
                appendEndpointName("endpoint-", endpoint, names)
                output.end()
            }
            if hasHairpins, endpoint.isLocal {
                addElement(.hairpinConnections, endpoint.address, port.name.transport, endpoint.port)
            }
        }
        if port.clusterCount > 0 { writeChain(.clusterPolicy, names) }
        if port.localCount > 0 { writeChain(.localPolicy, names) }
        if port.hasNftablesExternalChain { writeChain(.external, names) }
    }

    private mutating func writeChain(_ kind: NftablesChainKind, _ names: NftablesNames) {
        output.begin(.addChain)
        names.write(kind, to: &output.text)
        output.end()
        output.begin(.flushChain)
        names.write(kind, to: &output.text)
        output.end()
    }

    // MARK: Elements

    private mutating func writeElements(_ port: ServicePortPlan, _ names: NftablesNames) {
        let (transport, number) = (port.name.transport, port.port)
        let comment = port.nameText
        let refusal: ElementVerdict = port.hasAnyEndpoint ? .drop : .reject
        func chain(_ kind: NftablesChainKind) -> ElementVerdict { .chain(kind, port: Int32(port.index)) }

        addElement(.clusterIPs, port.clusterIP)
        if port.acceptsInternal {
            addElement(
                .serviceIPs, port.clusterIP, transport, number,
                chain(port.internalPolicyIsLocal ? .localPolicy : .clusterPolicy), names)
        } else {
            addElement(
                .noEndpointServices, port.clusterIP, transport, number, comment: comment, refusal, names)
        }
        for address in port.externalIPs {
            if port.hasAnyEndpoint {
                addElement(.serviceIPs, address, transport, number, chain(.external), names)
            }
            if !port.acceptsExternal {
                addElement(.noEndpointServices, address, transport, number, comment: comment, refusal, names)
            }
        }
        if port.hasNftablesFirewallChain { writeChain(.firewall, names) }
        for address in port.loadBalancerIPs {
            if port.hasAnyEndpoint {
                addElement(.serviceIPs, address, transport, number, chain(.external), names)
            }
            if port.hasNftablesFirewallChain {
                addElement(.firewallIPs, address, transport, number, chain(.firewall), names)
            }
        }
        if !port.acceptsExternal {
            for address in port.loadBalancerIPs {
                addElement(.noEndpointServices, address, transport, number, comment: comment, refusal, names)
            }
        }
        guard port.nodePort != 0 else { return }
        if state.node.rejectedAtLocalhost.contains(transport) {
            addElement(.localhostRejects, nil, transport, port.nodePort, .localhostReject(transport), names)
        }
        if port.hasAnyEndpoint {
            addElement(.serviceNodePorts, nil, transport, port.nodePort, chain(.external), names)
        }
        if !port.acceptsExternal {
            addElement(.noEndpointNodePorts, nil, transport, port.nodePort, comment: comment, refusal, names)
        }
    }

    // MARK: Rules

    private mutating func writeRules(_ port: ServicePortPlan, _ names: NftablesNames) {
        if !state.behaviors.contains(.nftablesEndpointMaps), port.acceptsInternal { writeClusterIPRule(port, names) }
        if port.hasNftablesExternalChain { writeExternalChain(port, names) }
        if port.hasNftablesFirewallChain { writeFirewallChain(port, names) }
        if let seconds = port.affinitySeconds {
            for endpoint in port.endpoints where endpoint.isReachable {
                output.begin(.addSet)
                appendEndpointName("affinity-", endpoint, names)
                output.text.append(" { type ")
                output.text.append(addressType)
                output.text.append(" ; flags dynamic,timeout ; timeout ")
                output.text.append(decimal: UInt64(seconds))
                output.text.append("s ; }")
                output.end()
            }
        }
        if port.clusterCount > 0 { writePolicyChain(.clusterPolicy, port, names) }
        if port.localCount > 0 { writePolicyChain(.localPolicy, port, names) }
        guard hasEndpointChains(port) else { return }
        for endpoint in port.endpoints where endpoint.isReachable { writeEndpointChain(endpoint, port, names) }
    }

    mutating func beginRule(_ kind: NftablesChainKind, _ names: NftablesNames) {
        output.begin(.addRule)
        names.write(kind, to: &output.text)
        output.text.append(" ")
    }

    /// Up to 1.35: what is sent to the cluster IP from outside the cluster is masqueraded.
    private mutating func writeClusterIPRule(_ port: ServicePortPlan, _ names: NftablesNames) {
        let isForAll = state.plan.settings.masqueradeAll
        guard isForAll || localTraffic != nil else { return }
        beginRule(port.internalPolicyIsLocal ? .localPolicy : .clusterPolicy, names)
        output.text.append(family)
        output.text.append(" daddr ")
        output.text.append(port.clusterIP.text)
        output.text.append(" ")
        if state.behaviors.contains(.nftablesClusterIPPort) {
            output.text.append(port.name.transport.name)
            output.text.append(" dport ")
            output.text.append(decimal: UInt64(port.port))
            output.text.append(" ")
        }
        if !isForAll, let localTraffic {
            output.text.append(localTraffic.other)
            output.text.append(" ")
        }
        appendMasquerade()
        output.end()
    }

    private mutating func writeExternalChain(_ port: ServicePortPlan, _ names: NftablesNames) {
        if !port.externalPolicyIsLocal {
            beginRule(.external, names)
            appendMasquerade()
            if state.behaviors.contains(.nftablesEndpointMaps) { end(comment: "masquerade") } else { output.end() }
        } else {
            if let localTraffic {
                beginRule(.external, names)
                output.text.append(localTraffic.own)
                appendGoto(.clusterPolicy, names)
                end(comment: "short-circuit pod traffic")
            }
            beginRule(.external, names)
            output.text.append("fib saddr type local ")
            appendMasquerade()
            end(comment: "masquerade local traffic")
            beginRule(.external, names)
            output.text.append("fib saddr type local")
            appendGoto(.clusterPolicy, names)
            end(comment: "short-circuit local traffic")
        }
        guard port.acceptsExternal else { return }
        output.begin(.addRule)
        names.write(.external, to: &output.text)
        appendGoto(port.externalPolicyIsLocal ? .localPolicy : .clusterPolicy, names)
        output.end()
    }

    private mutating func appendGoto(_ kind: NftablesChainKind, _ names: NftablesNames) {
        output.text.append(" goto ")
        names.write(kind, to: &output.text)
    }

    private mutating func writeFirewallChain(_ port: ServicePortPlan, _ names: NftablesNames) {
        beginRule(.firewall, names)
        output.text.append(family)
        output.text.append(" saddr != { ")
        var isFirst = true
        func separate(_ text: inout TextWriter) {
            if !isFirst { text.append(" , ") }
            isFirst = false
        }
        for range in port.sourceRanges {
            separate(&output.text)
            output.text.append(range.text)
        }
        if port.sourceRangesHoldNode {
            // The node then reaches the load balancer's address as its own client.
            for address in port.loadBalancerIPs {
                separate(&output.text)
                output.text.append(address.text)
            }
        }
        output.text.append(" } drop")
        output.end()
    }
}
