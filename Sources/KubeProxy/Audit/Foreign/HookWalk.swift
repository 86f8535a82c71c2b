internal import Iptables

/// A chain of a hook, with the chains of its table.
struct Hook {
    let table: String
    let chain: String
}

/// What becomes of a packet at a hook.
enum HookVerdict {
    /// The chain's end was reached, or a RETURN.
    case returns
    /// A rule that is not kube-proxy's took the packet for good.
    case taken(Rule, chain: String)
    /// The policy of the built-in chain drops it.
    case droppedByPolicy(Chain)
    /// The packet is accepted, or kube-proxy's rules have it.
    case passes
    /// It depends on what is not known.
    case unknown
}

extension HookVerdict {
    /// The verdict for packets of which some may have met another before; unknown where they differ.
    fileprivate func joined(with earlier: HookVerdict?) -> HookVerdict {
        switch (self, earlier) {
        case (_, nil), (.passes, .passes), (.returns, .returns): self
        default: .unknown
        }
    }
}

/// Follows one packet through the chains of a hook. Each chain is looked through once, however many rules jump to it.
struct HookWalk {
    /// kube-proxy's own chains, which other checks compare.
    static let ownChains: Set<String> = [
        "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL", "KUBE-FORWARD",
        "KUBE-POSTROUTING", "KUBE-MARK-MASQ",
    ]
    /// How deep chains are followed.
    private static let depthLimit = 256

    private let live: ChainsByName
    private let hook: Hook
    private let packet: ServicePacket
    private let mark: UInt32
    private var known: [String: HookVerdict] = [:]

    init(_ live: ChainsByName, _ hook: Hook, _ packet: ServicePacket, mark: UInt32) {
        self.live = live
        self.hook = hook
        self.packet = packet
        self.mark = mark
    }

    /// What becomes of the packet.
    mutating func verdict() -> HookVerdict {
        guard let chain = live.chain(hook.table, hook.chain) else { return .passes }
        let verdict = walk(chain, depth: 0)
        guard case .returns = verdict else { return verdict }
        return chain.policy == .drop ? .droppedByPolicy(chain) : .passes
    }

    private mutating func walk(_ chain: Chain, depth: Int) -> HookVerdict {
        // Where packets may have gone that met earlier rules.
        var earlier: HookVerdict?
        for rule in chain.rules {
            let certainty = packet.meets(rule, mark: mark)
            if certainty == .no { continue }
            guard let step = step(rule, chain, depth) else { continue }
            if certainty == .yes { return step.joined(with: earlier) }
            switch step {
            // Perhaps dropped: what follows is met at least by other packets.
            case .taken where rule.isRefusing: continue
            case .droppedByPolicy: continue
            case .passes, .returns:
                earlier = step.joined(with: earlier)
                if case .unknown? = earlier { return .unknown }
            default: return .unknown
            }
        }
        return HookVerdict.returns.joined(with: earlier)
    }

    /// Where a rule's target leads; nil: to the next rule.
    private mutating func step(_ rule: Rule, _ chain: Chain, _ depth: Int) -> HookVerdict? {
        switch rule.target {
        case .accept:
            // In the nat table an accepted packet is not translated any more.
            return hook.table == "nat" ? .taken(rule, chain: chain.name) : .passes
        case .drop, .reject: return .taken(rule, chain: chain.name)
        case .dnat, .redirect: return hook.table == "nat" ? .taken(rule, chain: chain.name) : .unknown
        case .return:
            // What returns here is not masqueraded.
            return depth == 0 && hook.chain == "POSTROUTING" ? .taken(rule, chain: chain.name) : .returns
        case .masquerade, .snat: return .passes
        case .jump(let target):
            switch enter(target, depth) {
            case .returns: return nil
            case let verdict: return verdict
            }
        case .goto(let target): return enter(target, depth)
        case .queue, .unknown: return .unknown
        default: return nil
        }
    }

    private mutating func enter(_ target: String, _ depth: Int) -> HookVerdict {
        if HookWalk.ownChains.contains(target) {
            if hook.table == "nat", target == "KUBE-SERVICES" || target == "KUBE-POSTROUTING" { return .passes }
            return target == "KUBE-FORWARD" && packet.isMarked ? .passes : .returns
        }
        if let verdict = known[target] { return verdict }
        guard depth < HookWalk.depthLimit, let chain = live.chain(hook.table, target) else { return .unknown }
        let verdict = walk(chain, depth: depth + 1)
        known[target] = verdict
        return verdict
    }
}

extension Rule {
    /// Whether the rule drops or refuses what it matches.
    var isRefusing: Bool {
        switch target {
        case .drop, .reject: true
        default: false
        }
    }
}
