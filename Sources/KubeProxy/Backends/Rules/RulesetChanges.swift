public import Iptables
public import KubeChainsBytes

/// What leads from one state of a host's rules to another: kube-proxy's chains get other rules, come or go, and so do the jumps
/// to them from the built-in chains. Chains and rules of others stay as they are.
public struct RulesetChanges: Sendable {
    /// The changes of one table.
    public struct TableChanges: Sendable {
        /// The table's name.
        public let name: String
        /// Chains that get these rules, whether they were there or not.
        fileprivate var written: [Chain] = []
        fileprivate var deletedChains: [String] = []
        /// Commands without `-D` and `-I`.
        fileprivate var deletedJumps: [String] = []
        fileprivate var addedJumps: [String] = []

        /// Whether nothing changes.
        public var isEmpty: Bool {
            written.isEmpty && deletedChains.isEmpty && deletedJumps.isEmpty && addedJumps.isEmpty
        }

        /// Such as `2 chains written, 1 chain deleted`.
        public var summary: String {
            var work = StepText()
            work.count("chains written", written.count)
            work.count("chains deleted", deletedChains.count)
            work.count("jumps added", addedJumps.count)
            work.count("jumps deleted", deletedJumps.count)
            return work.summary
        }

        /// Appends the table for `iptables-restore --noflush`, with counters.
        public func write(to text: inout TextWriter) {
            text.append("*", name, "\n")
            for chain in written { text.append(":", chain.name, " - [0:0]\n") }
            for chain in deletedChains { text.append(":", chain, " - [0:0]\n") }
            for jump in deletedJumps { text.append("-D ", jump, "\n") }
            for jump in addedJumps { text.append("-I ", jump, "\n") }
            for chain in written { chain.writeRules(to: &text, SaveOptions(rulesHaveCounters: true)) }
            for chain in deletedChains { text.append("-X ", chain, "\n") }
            text.append("COMMIT\n")
        }
    }

    /// The tables in which something changes.
    public private(set) var tables: [TableChanges] = []
    /// Rules of others that lead to chains which are to be deleted, so that they cannot be.
    public private(set) var blockingReferences: [ChainReference] = []

    /// - Parameters:
    ///   - live: the present rules.
    ///   - wanted: the rules afterwards; tables that it lacks have none.
    public init(from live: Ruleset, to wanted: Ruleset) {
        for table in live.tables { add(table, wanted[table: table.name] ?? Table(name: table.name)) }
        for table in wanted.tables where live[table: table.name] == nil { add(Table(name: table.name), table) }
    }

    /// Whether nothing changes.
    public var isEmpty: Bool { tables.isEmpty }
    /// How many chains are deleted.
    public var deletedChainCount: Int { tables.reduce(0) { $0 + $1.deletedChains.count } }
    /// How many jumps are deleted.
    public var deletedJumpCount: Int { tables.reduce(0) { $0 + $1.deletedJumps.count } }

    /// All tables for `iptables-restore --noflush`.
    public var text: [UInt8] {
        var text = TextWriter()
        for table in tables { table.write(to: &text) }
        return text.finish()
    }

    private mutating func add(_ live: Table, _ wanted: Table) {
        let own = OwnedChains(KubeChainEntry.all.filter { $0.owner != .kubelet && $0.table == live.name })
        guard !own.isEmpty else { return }
        var changes = TableChanges(name: live.name)
        let (before, after) = (ChainPositions(live.chains), ChainPositions(wanted.chains))
        for chain in live.chains where own.contains(chain.name) {
            guard let position = after.position(of: chain.name, in: wanted.chains) else {
                changes.deletedChains.append(chain.name)
                continue
            }
            if !wanted.chains[position].rules.isSame(as: chain.rules) {
                changes.written.append(wanted.chains[position])
            }
        }
        for chain in wanted.chains where own.contains(chain.name) {
            if before.position(of: chain.name, in: live.chains) == nil { changes.written.append(chain) }
        }
        var gone: [String: [Rule]] = [:]
        for chain in live.chains where chain.policy != nil {
            let position = after.position(of: chain.name, in: wanted.chains)
            gone[chain.name] = changes.addJumps(of: chain, position.map { wanted.chains[$0].rules } ?? [], own)
        }
        for chain in wanted.chains where chain.policy != nil {
            guard before.position(of: chain.name, in: live.chains) == nil else { continue }
            _ = changes.addJumps(of: Chain(name: chain.name, policy: chain.policy), chain.rules, own)
        }
        let rewritten = Set(changes.written.map(\.name))
        blockingReferences += ChainReference.all(
            to: Set(changes.deletedChains), in: live, exceptIn: { rewritten.contains($0) },
            besides: { chain, rule in
                guard let gone = gone[chain.name] else { return false }
                for other in gone where other.isSame(as: rule) { return true }
                return false
            })
        if !changes.isEmpty { tables.append(changes) }
    }
}

extension RulesetChanges.TableChanges {
    /// Adds what has to be done to the jumps of a built-in chain.
    ///
    /// - Returns: the rules that go.
    fileprivate mutating func addJumps(of chain: Chain, _ wanted: [Rule], _ own: OwnedChains) -> [Rule] {
        var missing = wanted.indices.filter { JumpRule.isJump(wanted[$0], to: own.contains) }
        var left = 0
        var gone: [Rule] = []
        for rule in chain.rules {
            guard JumpRule.isJump(rule, to: own.contains) else {
                left += 1
                continue
            }
            if let place = missing.firstIndex(where: { wanted[$0].isSame(as: rule) }) {
                missing.remove(at: place)
                left += 1
            } else {
                gone.append(rule)
                deletedJumps.append(rule.command(in: chain.name))
            }
        }
        for index in missing {
            // Where it was, as far as the chain is as it was.
            let words = wanted[index].command(in: "")
            addedJumps.append("\(chain.name) \(min(index, left) + 1)\(words)")
            left += 1
        }
        return gone
    }
}

extension Rule {
    /// What follows `-D` in a command of iptables.
    fileprivate func command(in chain: String) -> String {
        String(ignoringCounters.saved(in: chain).dropFirst("-A ".count))
    }
}
