internal import Iptables
internal import NetAddress

extension IPVSHostState {
    /// The state of a host on which everything is as plans for its families want it.
    public init(_ plans: [IPVSPlan]) {
        let setup = plans.first.map { IPVSSetup($0.plan.settings) }
        sysctls = setup?.sysctls ?? []
        timeouts = setup?.timeouts ?? []
        hasInterface = true
        families = plans.map { IPVSFamilyState($0) }
    }
}

extension IPVSFamilyState {
    /// The plan's own texts, read like those of a host, so that both are spelled the same way.
    fileprivate init(_ state: IPVSPlan) {
        let addresses = state.text(.addresses)
        let texts = IPVSHostTexts(
            servers: state.text(.ipvsadm), sets: state.text(.ipset), addresses: addresses.split(separator: "\n"))
        var rules = IPVSRules(state).ruleset()
        for jump in JumpRule.ipvsMode { rules.insert(jump) }
        self.init(state.plan.settings.family, texts, rules)
        restoreText = Array(state.text(.restore).utf8)
    }
}

extension Ruleset {
    /// Inserts a jump at the top of its chain.
    fileprivate mutating func insert(_ jump: JumpRule) {
        guard let table = tables.firstIndex(where: { $0.name == jump.table }) else { return }
        if !tables[table].chains.contains(where: { $0.name == jump.chain }) {
            tables[table].chains.append(Chain(name: jump.chain, policy: .accept))
        }
        let chain = tables[table].chains.firstIndex { $0.name == jump.chain } ?? 0
        tables[table].chains[chain].rules.insert(jump.rule, at: 0)
    }
}
