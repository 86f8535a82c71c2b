/// The rules of a service port in 1.24, in their own order: nothing is dropped in the filter table, but by kubelet's
/// KUBE-MARK-DROP in the nat table.
extension ReferenceText {
    mutating func appendOldest(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        let selection = port.selection
        for endpoint in selection.reached { appendEndpoint(endpoint, port, chains) }
        if selection.hasAny, port.usesCluster { natChains.append(chains.cluster) }
        if selection.hasAny, port.usesLocal { natChains.append(chains.local) }
        if port.usesExternalChain { appendExternalChain(port, chains) }
        appendOldestClusterIP(port, chains)
        for address in port.externalIPs { appendOldestEntry(address, "external IP", to: chains.external, port) }
        appendOldestLoadBalancer(port, chains)
        if port.nodePort != 0, node.nodePorts.hasRules { appendOldestNodePort(port, chains) }
        if port.healthCheckPort != 0 {
            filterRules.append(
                "-A KUBE-NODEPORTS -m comment --comment \"\(port.name) health check node port\" "
                    + "-m tcp -p tcp --dport \(port.healthCheckPort) -j ACCEPT")
        }
        if port.usesCluster { appendBalancingRules(chains.cluster, over: selection.cluster, port, chains) }
        if port.usesLocal { appendOldestLocal(port, chains) }
    }

    private func match(_ address: String, _ port: ReferenceServicePort) -> String {
        "-m \(port.proto) -p \(port.proto) -d \(address) --dport \(port.port)"
    }

    private mutating func reject(_ chain: String, _ match: String, _ port: ReferenceServicePort) {
        filterRules.append("-A \(chain) -m comment --comment \"\(port.name) has no endpoints\" \(match) -j REJECT")
    }

    private mutating func appendOldestClusterIP(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        guard port.selection.hasAny else {
            reject("KUBE-SERVICES", match(port.clusterIP, port), port)
            return
        }
        appendClusterIPMasquerade(port, chains)
        let chain = port.isInternalLocal ? chains.local : chains.cluster
        natRules.append(
            "-A KUBE-SERVICES -m comment --comment \"\(port.name) cluster IP\" \(match(port.clusterIP, port)) "
                + "-j \(chain)")
    }

    private mutating func appendOldestEntry(
        _ address: String, _ kind: String, to chain: String, _ port: ReferenceServicePort
    ) {
        guard port.selection.hasAny else {
            reject("KUBE-EXTERNAL-SERVICES", match(address, port), port)
            return
        }
        natRules.append(
            "-A KUBE-SERVICES -m comment --comment \"\(port.name) \(kind)\" \(match(address, port)) -j \(chain)")
    }

    /// The whole firewall chain is written again for each address.
    private mutating func appendOldestLoadBalancer(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        let isFiltered = port.usesFirewallChain
        if isFiltered { natChains.append(chains.firewall) }
        let comment = "-A \(chains.firewall) -m comment --comment \"\(port.name) loadbalancer IP\""
        for address in port.loadBalancerIPs {
            let chain = isFiltered ? chains.firewall : chains.external
            appendOldestEntry(address, "loadbalancer IP", to: chain, port)
            guard isFiltered else { continue }
            natRules += port.sourceRanges.map { "\(comment) -s \(text(of: $0)) -j \(chains.external)" }
            if port.sourceRanges.contains(where: { $0.contains(node.nodeIP) }) {
                natRules.append("\(comment) -s \(address) -j \(chains.external)")
            }
            natRules.append("\(comment) -j KUBE-MARK-DROP")
        }
    }

    private mutating func appendOldestNodePort(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        let match = "-m \(port.proto) -p \(port.proto) --dport \(port.nodePort)"
        guard port.selection.hasAny else {
            reject("KUBE-EXTERNAL-SERVICES", "-m addrtype --dst-type LOCAL \(match)", port)
            return
        }
        natRules.append("-A KUBE-NODEPORTS -m comment --comment \(port.name) \(match) -j \(chains.external)")
    }

    private mutating func appendOldestLocal(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        if port.selection.local.isEmpty, port.selection.hasAny {
            natRules.append(
                "-A \(chains.local) -m comment --comment \"\(port.name) has no local endpoints\" -j KUBE-MARK-DROP")
        }
        appendBalancingRules(chains.local, over: port.selection.local, port, chains)
    }
}
