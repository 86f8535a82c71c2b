/// What turns a table of a host into another one: commands for one transaction of `nft -f`.
///
/// Only what differs is named. A chain whose rules differ is flushed and written again; what nft cannot change in place is
/// deleted and made again, with the rules and elements that lead to it. What rules have put into sets stays, in a table that is
/// made again too.
public struct TableChanges: Sendable {
    /// The commands, one a line; empty: nothing differs.
    public private(set) var text = ""
    /// The number of chains that are written, new ones too.
    public private(set) var writtenChains = 0
    /// The number of rules in these.
    public private(set) var writtenRules = 0
    /// The number of chains that are deleted.
    public private(set) var deletedChains = 0
    /// The number of sets, maps and counters that are made.
    public private(set) var addedSets = 0
    /// The number of sets, maps and counters that are deleted.
    public private(set) var deletedSets = 0
    /// The number of elements that are added.
    public private(set) var addedElements = 0
    /// The number of elements that are deleted.
    public private(set) var deletedElements = 0
    /// Whether the table is deleted.
    public private(set) var deletesTable = false
    /// The number of elements, put into sets by rules, that a table which is made again gets back.
    public private(set) var keptElements = 0

    /// Whether nothing differs.
    public var isEmpty: Bool { text.isEmpty }

    private let table: String

    /// - Parameters:
    ///   - live: the table of the host; nil: there is none.
    ///   - wanted: what it is to be; nil: there is to be none.
    public init(from live: NftTable?, to wanted: NftTable?) {
        table = ((wanted ?? live).map { "\($0.family) \($0.name)" }) ?? ""
        guard let wanted else {
            if live != nil { deleteTable() }
            return
        }
        guard let live else {
            create(wanted)
            return
        }
        // A table's comment and flags are given to it when it is made; objects of other kinds are none of kube-proxy's.
        let hasOtherComment = !live.omitsComments && live.comment != wanted.comment
        guard !hasOtherComment, live.flags == wanted.flags, live.unknown == wanted.unknown else {
            deleteTable()
            create(wanted)
            keepRemembered(live, wanted)
            return
        }
        change(live, wanted)
    }

    private mutating func add(_ command: String, _ name: String, _ rest: String = "") {
        text += "\(command) \(table) \(name)\(rest)\n"
    }

    private mutating func deleteTable() {
        text += "delete table \(table)\n"
        deletesTable = true
    }

    // MARK: All of a table

    private mutating func create(_ wanted: NftTable) {
        text += "add table \(table)\(wanted.comment.map { " { comment \"\($0)\" ; }" } ?? "")\n"
        for chain in wanted.chains { add(chain) }
        for set in wanted.sets { add(set) }
        for counter in wanted.counters { add("add counter", counter) }
        addedSets += wanted.counters.count
        for chain in wanted.chains { addRules(chain) }
        for set in wanted.sets { for element in set.elements { add(element, to: set) } }
    }

    /// What rules have put into sets, which are the host's data, is put into those of a new table: each element for the set's
    /// whole time again.
    private mutating func keepRemembered(_ live: NftTable, _ wanted: NftTable) {
        let known = live.setsByName
        for set in wanted.sets where set.isDynamic {
            guard let old = known[set.name], old.isDeclared(as: set) else { continue }
            for element in old.elements { add("add element", set.name, " { \(element.line) }") }
            keptElements += old.elements.count
        }
    }

    private mutating func add(_ chain: NftChain) {
        add("add chain", chain.name, chain.block)
        writtenChains += 1
    }

    private mutating func add(_ set: NftSet) {
        add(set.isMap ? "add map" : "add set", set.name, set.block)
        addedSets += 1
    }

    private mutating func addRules(_ chain: NftChain) {
        for rule in chain.rules { add("add rule", chain.name, " \(rule.command)") }
        writtenRules += chain.rules.count
    }

    private mutating func add(_ element: NftElement, to set: NftSet) {
        add("add element", set.name, " { \(element.line) }")
        addedElements += 1
    }

    // MARK: What differs

    private mutating func change(_ live: NftTable, _ wanted: NftTable) {
        let (liveChains, wantedChains) = (live.chainsByName, wanted.chainsByName)
        let (liveSets, wantedSets) = (live.setsByName, wanted.setsByName)
        /// Chains and sets that are deleted and made again.
        var madeAgain: Set<String> = []
        var setsMadeAgain: Set<String> = []
        for chain in wanted.chains {
            guard let old = liveChains[chain.name] else { continue }
            let hasOtherComment = !live.omitsComments && old.comment != chain.comment
            if hasOtherComment || old.base != chain.base { madeAgain.insert(chain.name) }
        }
        for set in wanted.sets {
            if let old = liveSets[set.name], !old.isDeclared(as: set) { setsMadeAgain.insert(set.name) }
        }
        let written = wanted.chains.filter { chain in
            guard let old = liveChains[chain.name], !madeAgain.contains(chain.name) else { return true }
            guard old.rules == chain.rules else { return true }
            guard !madeAgain.isEmpty || !setsMadeAgain.isEmpty else { return false }
            return chain.rules.contains { rule in
                rule.targets.contains(where: madeAgain.contains) || rule.sets.contains(where: setsMadeAgain.contains)
            }
        }
        // What leads to something goes before it.
        let goneChains = live.chains.filter { wantedChains[$0.name] == nil }
        let goneSets = live.sets.filter { wantedSets[$0.name] == nil }
        for chain in goneChains { add("flush chain", chain.name) }
        for chain in written where liveChains[chain.name] != nil { add("flush chain", chain.name) }
        for set in goneSets + live.sets.filter({ setsMadeAgain.contains($0.name) }) {
            let kind = set.isMap ? "map" : "set"
            add("flush \(kind)", set.name)
            add("delete \(kind)", set.name)
        }
        deletedSets += goneSets.count
        var added: [(NftElement, NftSet)] = []
        for set in wanted.sets {
            guard let old = liveSets[set.name], !setsMadeAgain.contains(set.name) else {
                added += set.elements.map { ($0, set) }
                continue
            }
            // What rules add is data of the host.
            if !set.isDynamic { added += deleteElements(old, set, madeAgain) }
        }
        for chain in goneChains { add("delete chain", chain.name) }
        for name in madeAgain.sorted() { add("delete chain", name) }
        deletedChains += goneChains.count
        for counter in live.counters where !wanted.counters.contains(counter) {
            add("delete counter", counter)
            deletedSets += 1
        }
        for chain in written where liveChains[chain.name] == nil || madeAgain.contains(chain.name) {
            add("add chain", chain.name, chain.block)
        }
        for set in wanted.sets where liveSets[set.name] == nil || setsMadeAgain.contains(set.name) { add(set) }
        for counter in wanted.counters where !live.counters.contains(counter) {
            add("add counter", counter)
            addedSets += 1
        }
        for chain in written { addRules(chain) }
        writtenChains += written.count
        for (element, set) in added { add(element, to: set) }
    }

    /// Deletes elements that differ, or that lead to chains that are made again.
    ///
    /// - Returns: those to add.
    private mutating func deleteElements(
        _ live: NftSet, _ wanted: NftSet, _ madeAgain: Set<String>
    ) -> [(NftElement, NftSet)] {
        let old = Dictionary(live.elements.map { ($0.key, $0) }) { first, _ in first }
        var kept: Set<[String]> = []
        var added: [(NftElement, NftSet)] = []
        for element in wanted.elements {
            if old[element.key] == element, !(element.target.map(madeAgain.contains) ?? false) {
                kept.insert(element.key)
            } else {
                added.append((element, wanted))
            }
        }
        for element in live.elements where !kept.contains(element.key) {
            add("delete element", live.name, " { \(element.key.joined(separator: " . ")) }")
            deletedElements += 1
        }
        return added
    }
}

extension NftTable {
    /// The chains by name.
    public var chainsByName: [String: NftChain] {
        Dictionary(chains.map { ($0.name, $0) }) { first, _ in first }
    }

    /// The sets and maps by name.
    public var setsByName: [String: NftSet] { Dictionary(sets.map { ($0.name, $0) }) { first, _ in first } }
}

extension NftChain {
    /// What stands behind the name in a command that makes the chain.
    fileprivate var block: String {
        var words = ""
        if let base {
            words += " type \(base.type) hook \(base.hook) priority \(base.priority) ;"
            if base.policy != "accept" { words += " policy \(base.policy) ;" }
        }
        if let comment { words += " comment \"\(comment)\" ;" }
        return words.isEmpty ? "" : " {\(words) }"
    }
}

extension NftSet {
    /// What stands behind the name in a command that makes the set or map.
    fileprivate var block: String {
        var words = " type \(keyTypes.joined(separator: " . "))\(dataType.map { " : \($0)" } ?? "") ;"
        if !flags.isEmpty { words += " flags \(flags.joined(separator: ",")) ;" }
        if let timeout { words += " timeout \(NftDuration.text(timeout)) ;" }
        // The kernel's own bound of what rules fill.
        if let size, !isDynamic || size != 65535 { words += " size \(size) ;" }
        for statement in unknown { words += " \(statement) ;" }
        if let comment { words += " comment \"\(comment)\" ;" }
        return " {\(words) }"
    }

    /// Whether everything but the elements is the same.
    fileprivate func isDeclared(as other: NftSet) -> Bool {
        var (one, other) = (self, other)
        one.elements = []
        other.elements = []
        return one == other
    }
}
