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
    func ruleset() -> Ruleset {
        var text = TextWriter()
        write(.save, to: &text)
        do {
            var rules = try Ruleset(parsing: text.finish(), family: family)
            rules.tables.sort { $0.name < $1.name }
            for index in rules.tables.indices { rules.tables[index].chains.sort { $0.name < $1.name } }
            return rules
        } catch {
            preconditionFailure("rules of our own that can not be read: \(error.message)")
        }
    }

    private func write(_ form: TextForm, to text: inout TextWriter) {
        for table in IPVSRules.tables {
            text.append("*", table.name, "\n")
            for chain in table.chains { text.append(":", chain.name, " - [0:0]\n") }
            if table.name == "nat" { addNatRules(to: &text) } else { addFilterRules(form, to: &text) }
            text.append("COMMIT\n")
        }
    }

    // MARK: The nat table

    private func addNatRules(to text: inout TextWriter) {
        text.append(family == .ipv4 ? "-A KUBE-SERVICES -s 127.0.0.0/8" : "-A KUBE-SERVICES -s ::1/128")
        text.append(" -j RETURN\n")
        ask(.loopBack, "KUBE-POSTROUTING", " dst,dst,src -j MASQUERADE\n", to: &text)
        ask(.loadBalancer, "KUBE-SERVICES", " dst,dst -j KUBE-LOAD-BALANCER\n", to: &text)
        ask(.loadBalancerLocal, "KUBE-LOAD-BALANCER", " dst,dst -j RETURN\n", to: &text)
        // Traffic of a local policy is never masqueraded, so its set is matched first.
        ask(.nodePortLocalTCP, "KUBE-NODE-PORT -p tcp", " dst -j RETURN\n", to: &text)
        ask(.nodePortTCP, "KUBE-NODE-PORT -p tcp", " dst -j KUBE-MARK-MASQ\n", to: &text)
        ask(.nodePortLocalUDP, "KUBE-NODE-PORT -p udp", " dst -j RETURN\n", to: &text)
        ask(.nodePortUDP, "KUBE-NODE-PORT -p udp", " dst -j KUBE-MARK-MASQ\n", to: &text)
        ask(.nodePortLocalSCTP, "KUBE-NODE-PORT -p sctp", " dst,dst -j RETURN\n", to: &text)
        ask(.nodePortSCTP, "KUBE-NODE-PORT -p sctp", " dst,dst -j KUBE-MARK-MASQ\n", to: &text)
        addClusterIPMasquerade(to: &text)
        ask(.externalIP, "KUBE-SERVICES", " dst,dst -j KUBE-MARK-MASQ\n", to: &text)
        for set in [IPSet.externalIP, .externalIPLocal] {
            // What comes from outside of the node, and what is for an address of the node.
            ask(
                set, "KUBE-SERVICES",
                " dst,dst -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT\n", to: &text)
            ask(set, "KUBE-SERVICES", " dst,dst -m addrtype --dst-type LOCAL -j ACCEPT\n", to: &text)
        }
        text.append("-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT\n")
        text.append("-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ\n")
        ask(.clusterIP, "KUBE-SERVICES", " dst,dst -j ACCEPT\n", hasComment: false, to: &text)
        ask(.loadBalancer, "KUBE-SERVICES", " dst,dst -j ACCEPT\n", hasComment: false, to: &text)
        let fixed = FixedRules(state.plan)
        add(fixed.postrouting + fixed.markMasquerade, to: &text)
    }

    /// Traffic to a cluster IP that is not from a local pod is masqueraded, so that replies come back through this
    /// node. If local pods cannot be detected, only traffic from a cluster IP itself is.
    private func addClusterIPMasquerade(to text: inout TextWriter) {
        guard !state.entries(of: .clusterIP).isEmpty else { return }
        appendQuestion(.clusterIP, "KUBE-SERVICES", hasComment: true, to: &text)
        if state.plan.settings.masqueradeAll {
            text.append(" dst,dst")
        } else {
            switch state.plan.node.localTraffic {
            case .source(let prefix):
                text.append(" dst,dst ! -s ")
                text.append(prefix.text)
            case .interface(let name):
                text.append(" dst,dst ! -i ")
                text.append(string: name)
            case nil: text.append(" src,dst")
            }
        }
        text.append(" -j KUBE-MARK-MASQ\n")
    }

    // MARK: The filter table

    private func addFilterRules(_ form: TextForm, to text: inout TextWriter) {
        ask(.loadBalancerFirewall, "KUBE-PROXY-FIREWALL", " dst,dst -j KUBE-SOURCE-RANGES-FIREWALL\n", to: &text)
        ask(.loadBalancerSourceCIDR, "KUBE-SOURCE-RANGES-FIREWALL", " dst,dst,src -j RETURN\n", to: &text)
        ask(.loadBalancerSourceIP, "KUBE-SOURCE-RANGES-FIREWALL", " dst,dst,src -j RETURN\n", to: &text)
        text.append("-A KUBE-SOURCE-RANGES-FIREWALL -j DROP\n")
        for origin in state.refusedOrigins { addDrop(of: origin, form, to: &text) }
        add(FixedRules(state.plan).forward, to: &text)
        // From here on empty sets are matched too.
        appendQuestion(.healthCheckNodePort, "KUBE-NODE-PORT", hasComment: true, to: &text)
        text.append(" dst -j ACCEPT\n")
        for set in [IPSet.loadBalancer, .clusterIP, .externalIP, .externalIPLocal] {
            appendQuestion(set, "KUBE-IPVS-FILTER", hasComment: false, to: &text)
            text.append(" dst,dst -j RETURN\n")
        }
        appendQuestion(.healthCheckNodePort, "KUBE-IPVS-FILTER", hasComment: false, to: &text)
        text.append(" dst -j RETURN\n")
        appendQuestion(
            .boundAddresses, "KUBE-IPVS-FILTER -m conntrack --ctstate NEW", hasComment: false, to: &text)
        text.append(" dst -j REJECT\n")
    }

    private func addDrop(of origin: RefusedOrigin, _ form: TextForm, to text: inout TextWriter) {
        text.append("-A KUBE-IPVS-OUT-FILTER -s ")
        text.append(origin.address.text)
        text.append(" -m ipvs")
        // The ruleset's reader keeps the words of this match as they are, so they are spelled here.
        if form == .save {
            text.append(" --vproto ")
            text.append(decimal: UInt64(origin.transport.number))
        }
        text.append(" --vaddr ")
        text.append(origin.address.text)
        if form == .restore {
            text.append(" --vproto ")
            text.append(origin.transport.name)
        }
        text.append(" --vport ")
        text.append(decimal: UInt64(origin.port))
        text.append(" -j DROP\n")
    }

    // MARK: Parts of rules

    /// Adds a rule that matches a set, unless the set is empty.
    private func ask(
        _ set: IPSet, _ start: StaticString, _ end: StaticString, hasComment: Bool = true, to text: inout TextWriter
    ) {
        guard !state.entries(of: set).isEmpty else { return }
        appendQuestion(set, start, hasComment: hasComment, to: &text)
        text.append(end)
    }

    /// Begins a rule that matches a set, up to the set's name.
    private func appendQuestion(
        _ set: IPSet, _ start: StaticString, hasComment: Bool, to text: inout TextWriter
    ) {
        text.append("-A ")
        text.append(start)
        if hasComment {
            text.append(" -m comment --comment \"")
            text.append(set.comment)
            text.append("\"")
        }
        text.append(" -m set --match-set ")
        text.append(string: set.name(family))
    }

    /// Adds rules that both modes have.
    private func add(_ rules: [ComposedRule], to text: inout TextWriter) {
        var sink = RestoreTextSink(TextWriter())
        for rule in rules { sink.add(rule, RuleSubject(family)) }
        text.append(sink.finish().finish())
    }
}
