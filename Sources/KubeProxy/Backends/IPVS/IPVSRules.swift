internal import Iptables
internal import KubeChainsBytes
internal import NetAddress

/// Composes the iptables rules around IPVS (kube-proxy 1.36: `writeIptablesRules` of `pkg/proxy/ipvs/proxier.go`). They
/// are the same for every cluster, except that rules for empty sets are left out.
struct IPVSRules {
    /// The tables and their chains, in kube-proxy's order.
    static let tables: [(name: String, chains: [KubeChain])] = ["nat", "filter"].map { table in
        (table, KubeChainEntry.fixedChains(of: .ipvsMode, in: table))
    }

    /// The names of a table's chains.
    static func chains(of table: String) -> [String] {
        tables.first { $0.name == table }?.chains.map(\.name) ?? []
    }

    private let state: IPVSPlan
    private let family: AddressFamily

    init(_ state: IPVSPlan) {
        self.state = state
        family = state.plan.settings.family
    }

    func writeRestore(to text: inout TextWriter) { write(.restore, to: &text) }

    /// Tables and chains by name, as iptables-save prints them.
    func writeSave(to text: inout TextWriter) {
        for table in ruleset().tables { table.write(to: &text) }
    }

    /// The rules as the kernel holds them; tables and chains by name.
    ///
    /// - Parameter form: how matches are spelled that stay as they are written.
    func ruleset(_ form: TextForm = .save) -> Ruleset {
        var text = TextWriter()
        write(form, to: &text)
        do {
            var rules = try Ruleset(parsing: text.finish(), family: family)
            rules.tables.sort { $0.name < $1.name }
            for index in rules.tables.indices { rules.tables[index].chains.sort { $0.name < $1.name } }
            return rules
        } catch {
            preconditionFailure("rules of our own that cannot be read: \(error.message)")
        }
    }

    private func write(_ form: TextForm, to text: inout TextWriter) {
        for table in IPVSRules.tables {
            text.append("*", table.name, "\n")
            for chain in table.chains { text.append(":", chain.name, " - [0:0]\n") }
            for rule in rules(of: table.name, form) { write(rule, to: &text) }
            text.append("COMMIT\n")
        }
    }

    /// A rule of this mode alone, or one that both modes have.
    enum Composed {
        case own(IPVSRule)
        case shared(ComposedRule)
    }

    /// The rules of a table, in kube-proxy's order.
    func rules(of table: String, _ form: TextForm = .restore) -> [Composed] {
        let fixed = FixedRules(state.plan)
        guard table == "nat" else { return filterRules(form, fixed) }
        return natRules.map { .own($0) } + (fixed.postrouting + fixed.markMasquerade).map { .shared($0) }
    }

    /// A rule's text with its line's end.
    func write(_ rule: Composed, to text: inout TextWriter) {
        switch rule {
        case .shared(let rule):
            var sink = RestoreTextSink(TextWriter())
            sink.add(rule, RuleSubject(family))
            text.append(sink.finish().finish())
        case .own(let rule):
            text.append("-A ")
            text.append(rule.chain.text)
            text.append(string: rule.before)
            if let set = rule.set {
                if rule.hasComment {
                    text.append(" -m comment --comment \"")
                    text.append(set.comment)
                    text.append("\"")
                }
                text.append(" -m set --match-set ")
                text.append(string: set.name(family))
            }
            text.append(string: rule.after)
            text.append(" -j ", rule.target, "\n")
        }
    }

    // MARK: The nat table

    private var natRules: [IPVSRule] {
        var rules = [
            IPVSRule(
                chain: .services, before: family == .ipv4 ? " -s 127.0.0.0/8" : " -s ::1/128", target: "RETURN",
                purpose: .passLoopback)
        ]
        rules += [
            asking(.loopBack, .postrouting, " dst,dst,src", "MASQUERADE", for: .hairpin),
            asking(.loadBalancer, .services, " dst,dst", KubeChain.loadBalancer.name, for: .examineLoadBalancer),
            asking(.loadBalancerLocal, .loadBalancer, " dst,dst", "RETURN", for: .keepLoadBalancerSource),
        ].compactMap(\.self)
        // Traffic of a local policy is never masqueraded, so its set is matched first.
        let nodePorts: [(local: IPSet, cluster: IPSet, before: String, after: String)] = [
            (.nodePortLocalTCP, .nodePortTCP, " -p tcp", " dst"), (.nodePortLocalUDP, .nodePortUDP, " -p udp", " dst"),
            (.nodePortLocalSCTP, .nodePortSCTP, " -p sctp", " dst,dst"),
        ]
        for (local, cluster, before, after) in nodePorts {
            rules += [
                asking(local, .nodePort, before: before, after, "RETURN", for: .keepNodePortSource),
                asking(cluster, .nodePort, before: before, after, Self.mark, for: .markNodePort),
            ].compactMap(\.self)
        }
        rules += [
            asking(.clusterIP, .services, clusterIPSources, Self.mark, for: .markClusterIP),
            asking(.externalIP, .services, " dst,dst", Self.mark, for: .markExternalIP),
        ].compactMap(\.self)
        for set in [IPSet.externalIP, .externalIPLocal] {
            // What comes from outside of the node, and what is for an address of the node.
            let conditions = [
                " dst,dst -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL",
                " dst,dst -m addrtype --dst-type LOCAL",
            ]
            rules += conditions.compactMap { asking(set, .services, $0, "ACCEPT", for: .endTable) }
        }
        rules += [
            IPVSRule(
                chain: .services, before: " -m addrtype --dst-type LOCAL", target: KubeChain.nodePort.name,
                purpose: .examineNodePorts),
            IPVSRule(chain: .loadBalancer, target: Self.mark, purpose: .markLoadBalancer),
        ]
        for set in [IPSet.clusterIP, .loadBalancer] {
            guard var rule = asking(set, .services, " dst,dst", "ACCEPT", for: .endTable) else { continue }
            rule.hasComment = false
            rules.append(rule)
        }
        return rules
    }

    private static let mark = KubeChain.markMasquerade.name

    /// Traffic to a cluster IP that is not from a local pod is masqueraded, so that replies come back through this
    /// node. If local pods cannot be detected, only traffic from a cluster IP itself is.
    private var clusterIPSources: String {
        if state.plan.settings.masqueradeAll { return " dst,dst" }
        switch state.plan.node.localTraffic {
        case .source(let prefix): return " dst,dst ! -s \(prefix)"
        case .interface(let name): return " dst,dst ! -i \(name)"
        case nil: return " src,dst"
        }
    }

    // MARK: The filter table

    private func filterRules(_ form: TextForm, _ fixed: FixedRules) -> [Composed] {
        let ranges = KubeChain.sourceRangesFirewall
        var rules = [
            asking(.loadBalancerFirewall, .proxyFirewall, " dst,dst", ranges.name, for: .checkRanges),
            asking(.loadBalancerSourceCIDR, ranges, " dst,dst,src", "RETURN", for: .allowRange),
            asking(.loadBalancerSourceIP, ranges, " dst,dst,src", "RETURN", for: .allowOwnAddress),
            IPVSRule(chain: ranges, target: "DROP", purpose: .dropOutsideRanges),
        ].compactMap(\.self).map { Composed.own($0) }
        rules += state.refusedOrigins.map { .own(drop(of: $0, form)) }
        rules += fixed.forward.map { .shared($0) }
        // From here on empty sets are matched too.
        rules.append(
            .own(
                IPVSRule(
                    chain: .nodePort, set: .healthCheckNodePort, after: " dst", target: "ACCEPT", purpose: .healthCheck)
            ))
        for set in [IPSet.loadBalancer, .clusterIP, .externalIP, .externalIPLocal] {
            rules.append(.own(passing(set, " dst,dst", .passService)))
        }
        rules.append(.own(passing(.healthCheckNodePort, " dst", .passHealthCheck)))
        rules.append(
            .own(
                IPVSRule(
                    chain: .ipvsFilter, before: " -m conntrack --ctstate NEW", set: .boundAddresses, hasComment: false,
                    after: " dst", target: "REJECT", purpose: .rejectOtherPorts)))
        return rules
    }

    private func passing(_ set: IPSet, _ after: String, _ purpose: IPVSRulePurpose) -> IPVSRule {
        IPVSRule(chain: .ipvsFilter, set: set, hasComment: false, after: after, target: "RETURN", purpose: purpose)
    }

    private func drop(of origin: RefusedOrigin, _ form: TextForm) -> IPVSRule {
        // The ruleset's reader keeps the words of this match as they are, so they are spelled here.
        let (address, port) = (origin.address, origin.port)
        let conditions =
            form == .save
            ? "--vproto \(origin.transport.number) --vaddr \(address) --vport \(port)"
            : "--vaddr \(address) --vproto \(origin.transport.name) --vport \(port)"
        return IPVSRule(
            chain: .ipvsOutFilter, before: " -s \(address) -m ipvs \(conditions)", target: "DROP",
            purpose: .dropOwn(origin))
    }

    // MARK: Parts of rules

    /// A rule that matches a set; nil where the set is empty.
    private func asking(
        _ set: IPSet, _ chain: KubeChain, before: String = "", _ after: String, _ target: String,
        for purpose: IPVSRulePurpose
    ) -> IPVSRule? {
        guard !state.entries(of: set).isEmpty else { return nil }
        return IPVSRule(chain: chain, before: before, set: set, after: after, target: target, purpose: purpose)
    }
}
