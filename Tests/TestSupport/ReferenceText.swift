import Foundation

/// The rules of a cluster, gathered service port by service port.
struct ReferenceText {
    let node: ReferenceNode
    let settings: ClusterDescription.Settings
    /// Comments of balancing rules and endpoint chains are left out.
    let isLargeCluster: Bool

    var filterRules: [String] = []
    var natChains: [String] = []
    var natRules: [String] = []

    var version: ReferenceVersion { node.version }

    init(node: ReferenceNode, settings: ClusterDescription.Settings, isLargeCluster: Bool) {
        self.node = node
        self.settings = settings
        self.isLargeCluster = isLargeCluster
    }

    /// Writes the rules of a service port and returns the nat chains that it declares.
    mutating func append(_ port: ReferenceServicePort) -> [String] {
        let chains = ReferenceChains(port)
        let firstChain = natChains.count
        if version.isUpTo(24) {
            appendOldest(port, chains)
            return Array(natChains[firstChain...])
        }
        appendEntries(port, chains)
        appendPolicyChains(port, chains)
        for endpoint in port.selection.reached { appendEndpoint(endpoint, port, chains) }
        return Array(natChains[firstChain...])
    }

    /// The whole text for iptables-restore.
    var text: String {
        var lines = ["*filter"]
        lines += declarations(of: [
            "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-FORWARD", "KUBE-NODEPORTS",
        ])
        if !version.isUpTo(24) { lines += declarations(of: ["KUBE-PROXY-FIREWALL"]) }
        if node.localhostNodePorts {
            lines += declarations(of: ["KUBE-FIREWALL"])
            lines.append(
                #"-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 "#
                    + "! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP")
        }
        lines += filterRules + forwardRules + ["COMMIT", "*nat"]
        lines += declarations(of: ["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"])
        lines += declarations(of: natChains) + masqueradeRules + natRules + nodePortTail + ["COMMIT"]
        return lines.map { $0 + "\n" }.joined()
    }
}

/// The names of a service port's chains.
struct ReferenceChains {
    let cluster: String
    let local: String
    let firewall: String
    let external: String
    private let endpointSeed: String

    init(_ port: ReferenceServicePort) {
        endpointSeed = port.name + port.proto
        let hash = chainHash(endpointSeed)
        cluster = "KUBE-SVC-" + hash
        local = "KUBE-SVL-" + hash
        firewall = "KUBE-FW-" + hash
        external = "KUBE-EXT-" + hash
    }

    func endpoint(_ endpoint: ReferenceEndpoint) -> String {
        "KUBE-SEP-" + chainHash(endpointSeed + endpoint.text)
    }
}

// MARK: Rules of a service port

extension ReferenceText {
    /// The rules of the shared chains, by which packets enter the chains of a service port or are refused.
    private mutating func appendEntries(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        let hasAny = port.selection.hasAny
        let refusal = hasAny ? "DROP" : "REJECT"
        let reason = hasAny ? "\"\(port.name) has no local endpoints\"" : "\"\(port.name) has no endpoints\""
        let proto = "-m \(port.proto) -p \(port.proto)"
        func match(_ address: String) -> String { "\(proto) -d \(address) --dport \(port.port)" }
        func entry(_ address: String, _ kind: String, to chain: String) -> String {
            "-A KUBE-SERVICES -m comment --comment \"\(port.name) \(kind)\" \(match(address)) -j \(chain)"
        }
        func refuse(_ chain: String, _ match: String) -> String {
            "-A \(chain) -m comment --comment \(reason) \(match) -j \(refusal)"
        }

        if port.acceptsInternal {
            natRules.append(
                entry(port.clusterIP, "cluster IP", to: port.isInternalLocal ? chains.local : chains.cluster))
        } else {
            filterRules.append(refuse("KUBE-SERVICES", match(port.clusterIP)))
        }

        for address in port.externalIPs {
            if hasAny { natRules.append(entry(address, "external IP", to: chains.external)) }
            if !port.acceptsExternal { filterRules.append(refuse("KUBE-EXTERNAL-SERVICES", match(address))) }
        }

        for address in port.loadBalancerIPs {
            if hasAny {
                let chain = port.usesFirewallChain ? chains.firewall : chains.external
                natRules.append(entry(address, "loadbalancer IP", to: chain))
            }
            if port.usesFirewallChain {
                let comment = "\"\(port.name) traffic not accepted by \(chains.firewall)\""
                filterRules.append(
                    "-A KUBE-PROXY-FIREWALL -m comment --comment \(comment) \(match(address)) -j DROP")
            }
        }
        if !port.acceptsExternal {
            filterRules += port.loadBalancerIPs.map { refuse("KUBE-EXTERNAL-SERVICES", match($0)) }
        }

        if port.nodePort != 0, node.nodePorts.hasRules {
            let prefix = "-A KUBE-NODEPORTS -m comment --comment \(port.name) \(proto)"
            if hasAny && node.localhostNodePorts && countsPackets {
                natRules.append(
                    "\(prefix) -d 127.0.0.0/8 --dport \(port.nodePort) "
                        + "-m nfacct --nfacct-name localhost_nps_accepted_pkts -j \(chains.external)")
            }
            if hasAny { natRules.append("\(prefix) --dport \(port.nodePort) -j \(chains.external)") }
            if !port.acceptsExternal {
                let match = "-m addrtype --dst-type LOCAL \(proto) --dport \(port.nodePort)"
                filterRules.append(refuse("KUBE-EXTERNAL-SERVICES", match))
            }
        }

        if port.healthCheckPort != 0 {
            filterRules.append(
                "-A KUBE-NODEPORTS -m comment --comment \"\(port.name) health check node port\" "
                    + "-m tcp -p tcp --dport \(port.healthCheckPort) -j ACCEPT")
        }
    }

    /// The service port's own chains but for those of its endpoints.
    private mutating func appendPolicyChains(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        if port.acceptsInternal { appendClusterIPMasquerade(port, chains) }
        if port.usesExternalChain { appendExternalChain(port, chains) }
        if port.usesFirewallChain { appendFirewallChain(port, chains) }
        appendBalancing(chains.cluster, over: port.selection.cluster, port, chains)
        appendBalancing(chains.local, over: port.selection.local, port, chains)
    }

    mutating func appendClusterIPMasquerade(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        let chain = port.isInternalLocal ? chains.local : chains.cluster
        let prefix =
            "-A \(chain) -m comment --comment \"\(port.name) cluster IP\" "
            + "-m \(port.proto) -p \(port.proto) -d \(port.clusterIP) --dport \(port.port)"
        if settings.masqueradeAll {
            natRules.append("\(prefix) -j KUBE-MARK-MASQ")
        } else if let localTraffic = node.localTraffic {
            natRules.append("\(prefix) ! \(localTraffic) -j KUBE-MARK-MASQ")
        }
    }

    mutating func appendExternalChain(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        natChains.append(chains.external)
        let prefix = "-A \(chains.external)"
        func comment(_ words: String) -> String {
            "-m comment --comment \"\(words) traffic for \(port.name) external destinations\""
        }
        let jumpsOn = port.acceptsExternal || version.isUpTo(24)
        if port.isExternalLocal {
            if let localTraffic = node.localTraffic {
                natRules.append("\(prefix) \(comment("pod")) \(localTraffic) -j \(chains.cluster)")
            }
            natRules.append(
                "\(prefix) \(comment("masquerade LOCAL")) -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ")
            natRules.append("\(prefix) \(comment("route LOCAL")) -m addrtype --src-type LOCAL -j \(chains.cluster)")
        } else {
            natRules.append("\(prefix) \(comment("masquerade")) -j KUBE-MARK-MASQ")
        }
        if jumpsOn {
            natRules.append("\(prefix) -j \(port.isExternalLocal ? chains.local : chains.cluster)")
        }
    }

    private mutating func appendFirewallChain(_ port: ReferenceServicePort, _ chains: ReferenceChains) {
        natChains.append(chains.firewall)
        let prefix = "-A \(chains.firewall) -m comment --comment"
        var sources = port.sourceRanges.map { text(of: $0) }
        if port.sourceRanges.contains(where: { $0.contains(node.nodeIP) }) { sources += port.loadBalancerIPs }
        natRules += sources.map { "\(prefix) \"\(port.name) loadbalancer IP\" -s \($0) -j \(chains.external)" }
        if version.isUpTo(26) { return }
        natRules.append("\(prefix) \"other traffic to \(port.name) will be dropped by KUBE-PROXY-FIREWALL\"")
    }

    /// A source range as it is printed: up to 1.29 as given.
    func text(of range: ReferencePrefix) -> String { version.isUpTo(29) ? range.given : range.text }

    private mutating func appendBalancing(
        _ chain: String, over endpoints: [ReferenceEndpoint], _ port: ReferenceServicePort, _ chains: ReferenceChains
    ) {
        if endpoints.isEmpty { return }
        natChains.append(chain)
        appendBalancingRules(chain, over: endpoints, port, chains)
    }

    mutating func appendBalancingRules(
        _ chain: String, over endpoints: [ReferenceEndpoint], _ port: ReferenceServicePort, _ chains: ReferenceChains
    ) {
        let targets = endpoints.map { endpoint in
            let comment = isLargeCluster ? "" : " -m comment --comment \"\(port.name) -> \(endpoint.text)\""
            return (chain: chains.endpoint(endpoint), prefix: "-A \(chain)\(comment)")
        }
        if let timeout = port.affinityTimeout {
            for target in targets {
                natRules.append(
                    "\(target.prefix) -m recent --name \(target.chain) --rcheck --seconds \(timeout) --reap "
                        + "-j \(target.chain)")
            }
        }
        for (index, target) in targets.enumerated() {
            let left = targets.count - index
            let probability = String(format: "%.10f", 1 / Double(left))
            let statistic = left > 1 ? " -m statistic --mode random --probability \(probability)" : ""
            natRules.append("\(target.prefix)\(statistic) -j \(target.chain)")
        }
    }

    mutating func appendEndpoint(
        _ endpoint: ReferenceEndpoint, _ port: ReferenceServicePort, _ chains: ReferenceChains
    ) {
        let chain = chains.endpoint(endpoint)
        let prefix = "-A \(chain)" + (isLargeCluster ? "" : " -m comment --comment \(port.name)")
        let recent = port.affinityTimeout == nil ? "" : " -m recent --name \(chain) --set"
        natChains.append(chain)
        natRules.append("\(prefix) -s \(endpoint.hairpinSource) -j KUBE-MARK-MASQ")
        natRules.append(
            "\(prefix)\(recent) -m \(port.proto) -p \(port.proto) -j DNAT --to-destination \(endpoint.text)")
    }
}

// MARK: Fixed rules

extension ReferenceText {
    private func declarations(of chains: [String]) -> [String] {
        chains.map { ":\($0) - [0:0]" }
    }

    private var mark: String {
        let digits = String(UInt32(1) << UInt32(settings.masqueradeBit), radix: 16)
        return "0x" + String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Rules with nfacct counters: from 1.31.
    private var countsPackets: Bool { settings.nfacctCounters && !version.isUpTo(30) }

    private var forwardRules: [String] {
        let counter = countsPackets ? " -m nfacct --nfacct-name ct_state_invalid_dropped_pkts" : ""
        let drop = "-A KUBE-FORWARD -m conntrack --ctstate INVALID\(counter) -j DROP"
        let comment = "-A KUBE-FORWARD -m comment --comment"
        return (settings.conntrackTCPLiberal && !version.isUpTo(28) ? [] : [drop]) + [
            "\(comment) \"kubernetes forwarding rules\" -m mark --mark \(mark)/\(mark) -j ACCEPT",
            "\(comment) \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        ]
    }

    private var masqueradeRules: [String] {
        let comment = "-m comment --comment \"kubernetes service traffic requiring SNAT\""
        let randomFully = settings.randomFully || !version.isUpTo(36)
        return [
            "-A KUBE-POSTROUTING -m mark ! --mark \(mark)/\(mark) -j RETURN",
            "-A KUBE-POSTROUTING -j MARK --xor-mark \(mark)",
            "-A KUBE-POSTROUTING \(comment) -j MASQUERADE" + (randomFully ? " --random-fully" : ""),
            "-A KUBE-MARK-MASQ -j MARK --or-mark \(mark)",
        ]
    }

    private var nodePortTail: [String] {
        let note = "kubernetes service nodeports; NOTE: this must be the last rule in this chain"
        let prefix = "-A KUBE-SERVICES -m comment --comment \"\(note)\""
        guard node.nodePortsOnAllAddresses else {
            return node.nodePortAddresses.map { "\(prefix) -d \($0) -j KUBE-NODEPORTS" }
        }
        let exception = node.nodePorts.exception.map { " ! -d \($0)" } ?? ""
        return ["\(prefix) -m addrtype --dst-type LOCAL\(exception) -j KUBE-NODEPORTS"]
    }
}
