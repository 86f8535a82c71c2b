internal import Iptables
internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

/// The rules of one host, read from dumps, in place of those that kube-proxy would make of a snapshot.
struct HostRulesInput {
    private var dumps: [AddressFamily: Ruleset] = [:]
    private var tables: [NftTable]?

    /// Reads what iptables-save and ip6tables-save print, and what nft lists.
    ///
    /// - Parameter family: that of iptables' rules where they do not say it; nil: they have to.
    init(_ dumps: [SnapshotSource], _ family: AddressFamily?) throws(CommandFailure) {
        for source in dumps {
            if case .nftables = source.content {
                tables = (tables ?? []) + (try source.requireNftablesTables())
                continue
            }
            let read = try RulesInput.readRules(source, family, needsAllTables: true)
            guard read.meetsPackets || read.namedFrontends.isEmpty else {
                throw .input(
                    "\(source.name): error: no built-in chain has a rule, so packets meet none; "
                        + "give all that iptables-save prints")
            }
            guard self.dumps.updateValue(read, forKey: read.family) == nil else {
                throw .input(
                    "\(source.name): error: there are two dumps of \(read.family.name) rules; "
                        + "those of one host are one for each family")
            }
        }
        // Those of iptables are in its own dump too.
        if !self.dumps.isEmpty { tables = tables?.filter { !$0.isOfIptables } }
    }

    /// The families that there are rules of.
    var families: [AddressFamily] {
        AddressFamily.allCases.filter { family in
            dumps[family] != nil || tables?.contains { [family.keyword, "inet"].contains($0.family) } ?? false
        }
    }

    /// The rules of a family.
    func rules(_ family: AddressFamily) -> TracedRules {
        let indexed = dumps[family].map { IndexedRules($0) }
        if let tables { return .nftables(TracedTables(tables), indexed) }
        return .iptables(indexed ?? IndexedRules(Ruleset(family: family, tables: [])))
    }

    /// The frontends that the rules name.
    func frontends(_ family: AddressFamily) -> [RuleFrontend] { dumps[family]?.namedFrontends ?? [] }
}

extension Ruleset {
    /// Whether a chain that the kernel asks has a rule.
    var meetsPackets: Bool {
        let hooks = ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"]
        return tables.contains { table in
            table.chains.contains { chain in hooks.contains(chain.name) && !chain.rules.isEmpty }
        }
    }
}

extension HostRulesInput {
    /// Reads dumps of one host and asks for their flows.
    ///
    /// - Parameters:
    ///   - snapshot: says what the node's addresses are, where pods and endpoints are, and which frontends there are; nil: the
    ///     rules say it, as far as they do.
    static func flows(
        of dumps: [SnapshotSource], _ snapshot: PreparedSnapshot?, _ shaping: ShapingOptions,
        _ question: FlowQuestion = FlowQuestion()
    ) throws(CommandFailure) -> (flows: [HostFlows], diagnostics: [Diagnostic]) {
        let host = try HostRulesInput(dumps, shaping.family)
        var flows: [HostFlows] = []
        var diagnostics = snapshot?.diagnostics ?? []
        if snapshot == nil, shaping.settings.hostAddresses == nil { diagnostics.append(unknownAddresses) }
        for family in try host.families(shaping, dumps[0].name) {
            let place = try FlowsPlace(snapshot, family, shaping)
            let frontends = place.frontends([host])
            guard !frontends.isEmpty else {
                throw .input(
                    "\(dumps[0].name): error: no rule names a Service port in its comment; give the snapshot beside --live"
                )
            }
            let rules = host.rules(family)
            let found = NodeFlows(rules, place.host, frontends, of: place.plan, question, with: System.workers)
            flows.append(HostFlows(flows: found, rules: rules, place: place, frontends: frontends))
        }
        return (flows, diagnostics)
    }

    /// The families of the rules that are asked for.
    func families(_ shaping: ShapingOptions, _ name: String) throws(CommandFailure) -> [AddressFamily] {
        let found = families.filter { shaping.families.contains($0) }
        guard found.isEmpty else { return found }
        throw .input("\(name): error: there are no rules of the family \((shaping.family ?? .ipv4).name)")
    }

    static let unknownAddresses = Diagnostic(
        .warning,
        "no snapshot and no --node-address is given, so node ports and what the node itself sends are left out")
}

/// The flows of a host's rules of a family, and what they were asked of.
struct HostFlows {
    let flows: NodeFlows
    let rules: TracedRules
    let place: FlowsPlace
    /// What was asked about.
    let frontends: [RuleFrontend]
}

/// Where rules are asked about flows: the host, and the frontends.
struct FlowsPlace {
    let host: RulesHost
    let plan: NodePlan?
    private let family: AddressFamily

    init(
        _ snapshot: PreparedSnapshot?, _ family: AddressFamily, _ shaping: ShapingOptions
    ) throws(CommandFailure) {
        self.family = family
        guard var own = snapshot else {
            host = RulesHost(family, addresses: shaping.settings.hostAddresses ?? [])
            plan = nil
            return
        }
        own.settings.family = family
        let plan = try own.plan()
        host = RulesHost(plan)
        self.plan = plan
    }

    /// The frontends of the snapshot, and those that rules name besides.
    func frontends(_ rules: [HostRulesInput]) -> [RuleFrontend] {
        var frontends = plan?.ruleFrontends ?? []
        var known = Set(frontends.map(\.frontend))
        for rules in rules {
            frontends += rules.frontends(family).filter { known.insert($0.frontend).inserted }
        }
        return frontends
    }
}

extension PreparedSnapshot {
    /// The rules that a plan's mode programs on a host where kube-proxy runs alone.
    func hostRules(_ plan: NodePlan) throws(CommandFailure) -> TracedRules {
        guard let rules = try input({ () throws(SnapshotError) in try TracedRules(plan, with: System.workers) }) else {
            throw .input("error: IPVS mode has no rules to follow; compare two snapshots, or give --proxy-mode")
        }
        return rules
    }
}
