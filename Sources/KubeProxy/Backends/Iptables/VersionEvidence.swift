public import Iptables
internal import NetAddress

/// What rules of a node show of the version that wrote them: that it does something which not all versions do, or that
/// it does not.
public struct VersionEvidence: Sendable, Hashable {
    /// The behaviour that the rules show, or show to be missing.
    public let behavior: ProxyBehavior
    /// Whether the rules show that the version does it.
    public let isShown: Bool
    /// Where it is seen: a table, and a chain of it.
    public let table: String
    /// The chain that shows it.
    public let chain: String

    /// The releases that the evidence leaves.
    public var minors: [Int] {
        ProxyVersion.knownMinors.filter { behavior.versions.contains($0) == isShown }
    }

    /// Whether damage looks the same, so that what a Node says of its version counts more: kubelet makes KUBE-FIREWALL too,
    /// and a node of any version has it.
    var isWeak: Bool { behavior == .loopbackGuard }

    /// All evidence in rules, such as a node's dump. Rules that are not kube-proxy's are not looked at.
    public static func all(in rules: Ruleset) -> [VersionEvidence] {
        var search = VersionEvidenceSearch(rules)
        search.run()
        return search.found
    }
}

extension ProxyVersion {
    /// The releases that can have written rules, the oldest first: all where nothing shows which, none where the rules
    /// are of several.
    ///
    /// 1.31 and 1.32, and 1.34 and 1.35 write the same for every input. Rules alone show less: most versions differ only
    /// in what they make of certain Services, which a snapshot shows.
    public static func candidates(from rules: Ruleset) -> [ProxyVersion] { candidates(from: rules, countsWeak: true) }

    /// - Parameter countsWeak: whether evidence counts that damage looks like. It never does against other evidence.
    static func candidates(from rules: Ruleset, countsWeak: Bool) -> [ProxyVersion] {
        var minors = Set(knownMinors)
        let evidence = VersionEvidence.all(in: rules)
        for found in evidence where !found.isWeak { minors.formIntersection(found.minors) }
        if countsWeak {
            for found in evidence where found.isWeak && !minors.isDisjoint(with: found.minors) {
                minors.formIntersection(found.minors)
            }
        }
        return minors.sorted().map { ProxyVersion(minor: $0) }
    }
}

private struct VersionEvidenceSearch {
    private let rules: Ruleset
    private(set) var found: [VersionEvidence] = []

    init(_ rules: Ruleset) { self.rules = rules }

    private mutating func add(_ behavior: ProxyBehavior, _ isShown: Bool, _ table: String, _ chain: String) {
        let evidence = VersionEvidence(behavior: behavior, isShown: isShown, table: table, chain: chain)
        if !found.contains(where: { $0.behavior == behavior && $0.isShown == isShown }) { found.append(evidence) }
    }

    mutating func run() {
        for table in rules.tables {
            for chain in table.chains {
                guard let kind = KubeChain(chain: chain.name) else { continue }
                switch (table.name, kind) {
                case ("filter", .proxyFirewall): add(.dropsInFilterTable, true, table.name, chain.name)
                case ("filter", .forward) where !chain.rules.isEmpty: lookAtForward(chain)
                case ("nat", .postrouting): lookAtPostrouting(chain)
                case ("nat", .services): lookAtTail(chain)
                case ("nat", .sourceRanges) where !chain.rules.isEmpty: lookAtRanges(chain)
                case ("nat", .localPolicy): lookForDropMark(chain)
                case ("nat", .nodePorts): lookForCounter(chain, "nat")
                default: break
                }
            }
        }
        lookForMissingFirewall()
        dropContradictedFirewall()
        lookForMissingGuard()
    }

    /// Up to 1.26 kube-proxy makes no KUBE-FIREWALL beside node ports on 127.0.0.1. Where only the chain or only a jump is
    /// missing, or another jump, it is damage.
    private mutating func lookForMissingGuard() {
        guard rules.family == .ipv4, let filter = rules[table: "filter"],
            filter[chain: KubeChain.firewall.name] == nil, answersOnLoopback
        else { return }
        let builtIn = ["INPUT", "FORWARD", "OUTPUT"].flatMap { filter[chain: $0]?.rules ?? [] }
        let others: [KubeChain] = [.services, .externalServices, .forward, .nodePorts]
        guard others.allSatisfy({ chain in builtIn.contains { $0.target == .jump(chain.name) } }),
            !builtIn.contains(where: { $0.target == .jump(KubeChain.firewall.name) })
        else { return }
        add(.loopbackGuard, false, "filter", KubeChain.forward.name)
    }

    /// Whether node ports answer on 127.0.0.1.
    private var answersOnLoopback: Bool {
        let tail = rules[table: "nat"]?[chain: KubeChain.services.name]?.rules ?? []
        return tail.contains { rule in
            guard rule.target == .jump(KubeChain.nodePorts.name) else { return false }
            guard let destination = rule.destination else { return true }
            return !destination.isNegated && (destination.prefix?.network.isLoopback ?? false)
        }
    }

    /// 1.24 has no KUBE-PROXY-FIREWALL, and no jump to it. Where the chain alone is missing, or the other jumps are missing too,
    /// it is damage.
    private mutating func lookForMissingFirewall() {
        guard let filter = rules[table: "filter"], filter[chain: KubeChain.proxyFirewall.name] == nil else { return }
        let builtIn = ["INPUT", "FORWARD", "OUTPUT"].map { filter[chain: $0]?.rules ?? [] }
        func jumps(to chain: KubeChain) -> Bool {
            builtIn.contains { $0.contains { $0.target == .jump(chain.name) } }
        }
        let others: [KubeChain] = [.services, .externalServices, .forward, .nodePorts]
        guard others.allSatisfy(jumps), !jumps(to: .proxyFirewall) else { return }
        add(.dropsInFilterTable, false, "filter", KubeChain.forward.name)
    }

    /// KUBE-PROXY-FIREWALL stays when a node goes back to 1.24, whose rules say more: kube-proxy writes them anew.
    private mutating func dropContradictedFirewall() {
        guard found.contains(where: { $0.behavior == .dropsInFilterTable && !$0.isShown }) else { return }
        found.removeAll { $0.behavior == .dropsInFilterTable && $0.isShown }
    }

    private mutating func lookAtForward(_ chain: Chain) {
        let dropsInvalid = chain.rules.contains { rule in
            rule.target == .drop
                && rule.matches.contains { match in
                    if case .conntrack(let states) = match { states.states?.value == .invalid } else { false }
                }
        }
        // The rule is written where connection tracking is not liberal, by all versions.
        if !dropsInvalid { add(.liberalConntrackKeepsInvalid, true, "filter", chain.name) }
        lookForCounter(chain, "filter")
    }

    private mutating func lookForCounter(_ chain: Chain, _ table: String) {
        let counts = chain.rules.contains { rule in
            rule.matches.contains { if case .nfacct = $0 { true } else { false } }
        }
        if counts { add(.accountingCounters, true, table, chain.name) }
    }

    private mutating func lookAtPostrouting(_ chain: Chain) {
        for rule in chain.rules {
            guard case .masquerade(let ports) = rule.target, !ports.isFullyRandom else { continue }
            add(.alwaysRandomFully, false, "nat", chain.name)
        }
    }

    /// The rules that lead to node ports, the last ones of KUBE-SERVICES.
    private mutating func lookAtTail(_ chain: Chain) {
        for rule in chain.rules where rule.target == .jump(KubeChain.nodePorts.name) {
            if let destination = rule.destination {
                if destination.isNegated {
                    add(.localhostNodePortsOption, true, "nat", chain.name)
                } else if rules.family == .ipv6, destination.prefix?.network.isLoopback ?? false {
                    add(.localhostNodePortsOption, false, "nat", chain.name)
                }
            } else if rules.family == .ipv6 {
                add(.localhostNodePortsOption, false, "nat", chain.name)
            }
        }
    }

    private mutating func lookAtRanges(_ chain: Chain) {
        lookForDropMark(chain)
        let isComment = chain.rules.last?.target == nil
        add(.rangesEndWithComment, isComment, "nat", chain.name)
        // A range of all addresses is no condition.
        let letsAllIn = chain.rules.contains { rule in
            rule.source == nil && rule.target?.chain.flatMap { ChainName($0)?.kind } == .external
        }
        if letsAllIn { add(.zeroRangeLiftsRestriction, false, "nat", chain.name) }
    }

    private mutating func lookForDropMark(_ chain: Chain) {
        let marks = chain.rules.contains { $0.target == .jump(KubeChain.markDrop.name) }
        if marks { add(.dropsInFilterTable, false, "nat", chain.name) }
    }
}

extension KubeChain {
    /// The kind of a chain by its name; nil: it is not one of kube-proxy's.
    fileprivate init?(chain name: String) {
        if let chain = ChainName(name) {
            self = chain.kind
        } else if let kind = KubeChain.allCases.first(where: { !$0.isHashed && $0.name == name }) {
            self = kind
        } else {
            return nil
        }
    }
}
