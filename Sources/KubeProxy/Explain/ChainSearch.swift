internal import NetAddress

/// Looks for a chain in a plan of iptables mode.
struct ChainSearch {
    private let iptables: IptablesPlan

    init(_ iptables: IptablesPlan) { self.iptables = iptables }

    /// The number of candidates that are named if a prefix is ambiguous.
    private static let namedCandidates = 8

    func find(_ text: String) throws(ExplainTargetError) -> TargetMatch {
        // Up to 1.23 the chain of traffic from outside; its hash is that of KUBE-EXT.
        let old = "KUBE-XLB-"
        if text.hasPrefix(old), text.utf8.count > old.utf8.count {
            var match = try find("KUBE-EXT-" + text.dropFirst(old.utf8.count))
            match.remarks.insert(
                "\(text) is a chain of kube-proxy up to 1.23, which is called KUBE-EXT-… since then", at: 0)
            return match
        }
        let pattern = ChainPattern(text)
        var found: [(chain: ChainName, port: Int?)] = []
        for kind in sharedKinds {
            let chain = ChainName(kind)
            if pattern.matches(chain) { found.append((chain, nil)) }
        }
        for (index, port) in iptables.plan.servicePorts.enumerated() {
            iptables.eachChain(of: port) { if pattern.matches($0) { found.append(($0, index)) } }
        }
        if let exact = found.first(where: { $0.port == nil && $0.chain.kind.text.description == text }) {
            found = [exact]
        }
        if found.isEmpty { found = unwritten(pattern) }
        if found.isEmpty, let other = ChainSearch.notOfTheMode(text) {
            throw ExplainTargetError(.notFound, "this node's rules have no chain \(text): \(other)")
        }
        guard let (chain, index) = found.first else {
            throw ExplainTargetError(
                .notFound, "no chain of this node's rules is called \(text), or begins so",
                unknown: (text, similarChains(text)))
        }
        guard found.count == 1 else {
            let names = found.prefix(ChainSearch.namedCandidates).map(\.chain.description)
            throw ExplainTargetError(
                .ambiguous,
                "\(text) begins the names of \(found.count) chains: \(names.joined(separator: ", "))"
                    + (found.count > names.count ? ", …" : ""))
        }
        var match = TargetMatch()
        guard let index else {
            match.sharedChain = chain
            return match
        }
        let port = iptables.plan.servicePorts[index]
        match.add(index, remark(chain, port, &match.endpoint))
        return match
    }

    /// Whose a known chain is that iptables mode does not have today; nil: it is not known.
    private static func notOfTheMode(_ text: String) -> String? {
        let entries = KubeChainEntry.all.filter {
            // Those of Services and endpoints have suggestions.
            if $0.owner == .iptablesMode, $0.chain.isHashed { return false }
            return text == $0.chain.text.description || $0.chain.isHashed && text.hasPrefix($0.chain.text.description)
        }
        guard let entry = entries.first else { return nil }
        if entry.chain == .markDrop {
            return
                "up to 1.26 kubelet marked packets there that it dropped, and Services' rules of kube-proxy up to 1.23 led "
                + "there"
        }
        switch entry.owner {
        case .ipvsMode: return "kube-proxy makes it in IPVS mode, see --proxy-mode ipvs"
        case .kubelet: return "kubelet or the container runtime makes it"
        case .iptablesMode where entry.content == .nothing:
            return "kube-proxy makes it empty, to notice when somebody flushes its rules"
        case .iptablesMode: return "kube-proxy makes it in other versions or with other settings"
        }
    }

    private var sharedKinds: [ChainName.Kind] {
        RuleComposer(iptables).filterChains.map(\.kind) + [.postrouting, .markMasquerade]
    }

    /// The chains that Service ports and endpoints would have if they were used.
    private func unwritten(_ pattern: ChainPattern) -> [(chain: ChainName, port: Int?)] {
        var found: [(chain: ChainName, port: Int?)] = []
        var hasher = ChainHasher()
        for (index, port) in iptables.plan.servicePorts.enumerated() {
            let own = iptables.chains(of: port)
            for chain in [own.external, own.sourceRanges, own.clusterPolicy, own.localPolicy]
            where pattern.matches(chain) {
                found.append((chain, index))
            }
            for endpoint in port.endpoints where !endpoint.isReachable {
                let chain = ChainName(.endpoint, hasher.hash(of: endpoint, of: port))
                if pattern.matches(chain) { found.append((chain, index)) }
            }
        }
        return found
    }

    /// What a Service port's chain is for, or why it is not written.
    private func remark(
        _ chain: ChainName, _ port: ServicePortPlan, _ target: inout (address: IPAddress, port: UInt16?)?
    ) -> String {
        let none = "is not written on this node:"
        let noEndpoint = "there is no endpoint to use"
        switch chain.kind {
        case .endpoint:
            var hasher = ChainHasher()
            guard
                let endpoint = port.endpoints.first(where: {
                    (iptables.chain(of: $0) ?? ChainName(.endpoint, hasher.hash(of: $0, of: port))) == chain
                })
            else { return "" }
            target = (endpoint.address, endpoint.port)
            return endpoint.isReachable
                ? "\(chain) is the chain of the endpoint \(endpoint.text) of \(port.label)"
                : "\(chain) \(none) the endpoint \(endpoint.text) of \(port.label) is left out"
        case .clusterPolicy where port.clusterCount > 0:
            return "\(chain) is the chain of \(port.label)'s cluster policy: endpoints of all nodes"
        case .clusterPolicy:
            return "\(chain) \(none) "
                + (port.usesClusterPolicy ? noEndpoint : "nothing asks for the cluster policy of \(port.label)")
        case .localPolicy where port.localCount > 0:
            return "\(chain) is the chain of \(port.label)'s local policy: endpoints of this node"
        case .localPolicy:
            return "\(chain) \(none) "
                + (port.usesLocalPolicy
                    ? "this node has no endpoint of \(port.label)" : "no traffic policy of \(port.label) is Local")
        case .sourceRanges where port.usesSourceRangesChain:
            return "\(chain) is the chain of \(port.label)'s loadBalancerSourceRanges"
        case .sourceRanges:
            return "\(chain) \(none) "
                + (port.hasAnyEndpoint
                    ? "no loadBalancerSourceRanges restrict a load balancer IP of \(port.label)" : noEndpoint)
        default:
            if port.usesExternalChain { return "\(chain) is the chain of \(port.label)'s traffic from outside" }
            return "\(chain) \(none) "
                + (port.hasAnyEndpoint ? "nothing but the cluster IP leads to \(port.label)" : noEndpoint)
        }
    }

    /// Suggestions for a chain's name: few, since each is compared letter by letter.
    private func similarChains(_ text: String) -> [String] {
        var similar = sharedKinds.map(\.text.description)
        // A typing error is seldom in the first half of the hash.
        let pattern = ChainPattern(String(text.uppercased().prefix(14)))
        for port in iptables.plan.servicePorts {
            iptables.eachChain(of: port) {
                if similar.count < 2000, pattern.matches($0) { similar.append($0.description) }
            }
        }
        return similar
    }
}
