internal import Iptables
internal import NetAddress
internal import Nftables

/// Looks for rules of other tables that decide about packets to Services: nftables asks each base chain of a hook, and what one
/// drops no other can accept.
///
/// Each chain is looked through once; only a rule that some Service's packets can meet is followed with such a packet. So the
/// work grows with the rules and with the Services, not with their product.
struct NftablesForeignRules {
    private let plan: NodePlan
    private let mark: UInt32
    private var probe: ChainProbe
    private var targets: [ServiceTargets.Stage: ServiceTargets] = [:]

    /// How many packets are followed in one base chain.
    private static let walkLimit = 200
    /// The priorities of kube-proxy's chains that translate destinations and sources; chains of others with the same one come
    /// before or behind them, which nothing says.
    private static let (dstnat, srcnat) = (-100, 100)

    /// - Parameter tables: the host's, but kube-proxy's.
    init(_ nftables: NftablesPlan, _ tables: [NftTable]) {
        plan = nftables.plan
        mark = nftables.node.masqueradeMark
        probe = ChainProbe(tables, plan.settings.family, hostAddresses: plan.node.hostAddresses)
    }

    mutating func add(to findings: inout AuditFindings) {
        for chain in probe.chains {
            for stage in stages(of: chain) where !probe.isExhausted {
                let known = targets[stage] ?? ServiceTargets(plan, at: stage)
                targets[stage] = known
                if !known.isEmpty { search(chain, known, &findings) }
            }
        }
        addMarks(to: &findings)
    }

    /// What packets are headed for that come to a chain.
    private func stages(of chain: ChainProbe.BaseChain) -> [ServiceTargets.Stage] {
        let isAfterTranslation = chain.base.priority > Self.dstnat
        switch chain.base.hook {
        case "prerouting" where chain.base.priority < Self.dstnat: return [.frontends]
        case "prerouting": return isAfterTranslation ? [.endpoints, .hostEndpoints] : []
        case "output" where chain.base.priority < Self.dstnat: return [.frontends]
        case "output": return isAfterTranslation ? [.endpoints] : []
        case "forward": return [.endpoints]
        case "input": return [.hostEndpoints]
        default: return []
        }
    }

    private mutating func search(
        _ chain: ChainProbe.BaseChain, _ targets: ServiceTargets, _ findings: inout AuditFindings
    ) {
        var walks = 0
        var known: [ServiceTargets.Target: ChainProbe.Verdict] = [:]
        func verdict(on target: ServiceTargets.Target) -> ChainProbe.Verdict {
            if let verdict = known[target] { return verdict }
            walks += 1
            let verdict = probe.verdict(on: packet(target, chain), in: chain)
            known[target] = verdict
            return verdict
        }
        for taker in probe.takers(in: chain) {
            let ranges = taker.selection.destinations?.map { $0.low...$0.high }
            for target in targets.candidates(in: ranges, ports: taker.selection.ports, where: { _ in true }) {
                guard let isMet = probe.isMet(taker, by: packet(target, chain), in: chain) else { break }
                guard isMet else { continue }
                guard walks < Self.walkLimit, !probe.isExhausted else { return }
                guard case .taken(let rules) = verdict(on: target), rules.contains(taker.rule) else { continue }
                let (line, command) = probe.text(of: taker.rule)
                findings.add(
                    NftablesEvidence.ForeignRule(
                        taken: target.kind, effectOfRule: .init(taker.effect), chain: chain.name),
                    ServicePortLabel(plan.servicePorts[target.servicePort].name), line: line, rule: command)
                break
            }
        }
        guard chain.base.policy == "drop" else { return }
        for target in targets.candidates(in: nil, ports: nil, where: { _ in true }) {
            guard verdict(on: target) == .droppedByPolicy else { continue }
            findings.add(
                NftablesEvidence.ForeignRule(taken: target.kind, effectOfRule: .policyDrops, chain: chain.name), nil,
                line: chain.line,
                rule: "chain \(chain.name) { type \(chain.base.type) hook \(chain.base.hook) priority "
                    + "\(chain.base.priority); policy drop; }")
            return
        }
    }

    private func packet(_ target: ServiceTargets.Target, _ chain: ChainProbe.BaseChain) -> TraceBranch {
        let isFromNode = chain.base.hook == "output"
        let senders = plan.senders(isFromNode: isFromNode) ?? .all(plan.settings.family)
        let port = plan.servicePorts[target.servicePort]
        let isTranslated = if case .endpoint = target.kind { true } else { false }
        return TraceBranch(
            from: TracedAddress(senders),
            to: isTranslated ? (port.clusterIP, port.port) : (target.address, target.port), target.transport,
            translated: isTranslated ? (target.address, target.port) : nil,
            mark: isTranslated && plan.masqueradesSenders(isFromNode: isFromNode) ? mark : 0, isFromHost: isFromNode)
    }

    /// Rules that change kube-proxy's mark on the way to its chain `masquerading`.
    private mutating func addMarks(to findings: inout AuditFindings) {
        var reported: Set<ChainProbe.PlacedRule> = []
        for chain in probe.chains {
            let priority = chain.base.priority
            let mayBeMarked: Bool
            switch chain.base.hook {
            case "prerouting", "output": mayBeMarked = priority > Self.dstnat
            case "forward": mayBeMarked = true
            case "postrouting" where priority < Self.srcnat: mayBeMarked = true
            default: continue
            }
            for (rule, change) in probe.markChanges(in: chain, mark, mayBeMarked: mayBeMarked)
            where reported.insert(rule).inserted {
                let (line, command) = probe.text(of: rule)
                findings.add(
                    NftablesEvidence.ForeignMark(bit: mark.trailingZeroBitCount, change: .init(change)), nil,
                    line: line, rule: command)
            }
        }
    }
}

extension TracedAddress {
    /// One of a range.
    fileprivate init(_ range: IPPrefix) {
        if range.first == range.last {
            self = .exact(range.network)
        } else {
            self = .range(range.network, IPAddress(range.last, range.family))
        }
    }
}
