/// What the kernel asks at a hook.
indirect enum HookStage: Sendable, Hashable {
    /// The chain of one of iptables' tables.
    case table(String)
    /// Connection tracking looks at the packet.
    case tracking
    /// A chain of another program.
    case other(HookedChain)
    /// The chains that rewrite connections: each group has chains of the same priority.
    case translation([[HookStage]])
    /// A chain that rewrites connections, for packets that none has rewritten at this hook.
    case unlessRewritten(HookStage)

    /// A name for messages.
    func name(at hook: Hook) -> String {
        switch self {
        case .table(let table): "iptables \(table) \(hook.chain)"
        case .tracking: "connection tracking"
        case .other(let chain): chain.name
        case .translation: "address translation"
        case .unlessRewritten(let stage): stage.name(at: hook)
        }
    }

    /// What is asked at a hook, in the order of priorities; what stands in one group has the same one.
    ///
    /// - Parameters:
    ///   - tables: the tables of iptables with a chain for the hook.
    ///   - others: the chains of other programs.
    static func groups(_ hook: Hook, tables: [String], _ others: [HookedChain]) -> [[HookStage]] {
        var stages: [(priority: Int, stage: HookStage)] = []
        var translating: [(priority: Int, stage: HookStage)] = []
        // Chains that rewrite connections have an order among themselves, and together one place (`nf_nat_register_fn`).
        let translation = hook.rewritesDestination ? -100 : 100
        for table in tables {
            switch table {
            case "raw": stages.append((-300, .table(table)))
            case "mangle": stages.append((-150, .table(table)))
            case "nat": translating.append((translation, .unlessRewritten(.table(table))))
            case "security": stages.append((50, .table(table)))
            default: stages.append((0, .table(table)))
            }
        }
        for chain in others {
            if chain.translates {
                translating.append((chain.priority, .unlessRewritten(.other(chain))))
            } else {
                stages.append((chain.priority, .other(chain)))
            }
        }
        if hook.rewritesDestination { stages.append((-200, .tracking)) }
        if hook != .forward { stages.append((translation, .translation(grouped(translating)))) }
        return grouped(stages)
    }

    private static func grouped(_ stages: [(priority: Int, stage: HookStage)]) -> [[HookStage]] {
        var groups: [(priority: Int, stages: [HookStage])] = []
        for (priority, stage) in stages {
            if let index = groups.firstIndex(where: { $0.priority == priority }) {
                groups[index].stages.append(stage)
            } else {
                groups.append((priority, [stage]))
            }
        }
        return groups.sorted { $0.priority < $1.priority }.map(\.stages)
    }
}
