internal import Iptables
internal import KubeChainsBytes

/// The Service ports whose own chains a node's dump has byte for byte as iptables-save prints a plan's, so that nobody needs to read
/// them as rules (measured with 5,000 Services of 10 endpoints: reading them is most of an audit).
///
/// Ports are left out whose chains say more of a node than their own rules: those with a local policy, source ranges, topology
/// hints, and that of the API server, which every cluster has.
///
/// A class, since many values hold it, and copies of a plan in each would be 0.3 MB of code.
package final class UnchangedServices: Sendable {
    /// What the dump was compared with.
    let iptables: IptablesPlan
    private let chains: SavedChains
    /// The Service port of each chain, by the chain's position; -1: one that has changed.
    private let owners: [Int32]
    /// Where the rules of these chains end, and how many there are.
    private let ends: [(offset: Int, count: Int32)]
    /// By index.
    private let isUnchanged: [Bool]
    /// How many there are.
    let count: Int

    /// - Parameters:
    ///   - chains: where the dump has its chains.
    ///   - workers: threads that may compare half of many Service ports.
    init(_ iptables: IptablesPlan, _ chains: SavedChains, in text: ByteView, with workers: Workers?) {
        self.iptables = iptables
        self.chains = chains
        let ports = iptables.plan.servicePorts.count
        var owners = Array(repeating: Int32(-1), count: chains.places.count)
        var ends: [(offset: Int, count: Int32)] = Array(repeating: (-1, 0), count: chains.places.count)
        var isUnchanged = Array(repeating: false, count: ports)
        for chain in UnchangedServices.compare(iptables, chains, text, workers) {
            let place = Int(chain.place)
            owners[place] = chain.port
            ends[place] = (chain.end, chain.count)
            isUnchanged[Int(chain.port)] = true
        }
        (self.owners, self.ends, self.isUnchanged) = (owners, ends, isUnchanged)
        count = isUnchanged.count { $0 }
    }

    /// Whether a Service port is one of these, by its index.
    func contains(_ port: Int) -> Bool { isUnchanged[port] }

    /// The Service port whose chain has a name; nil: the chain is none of these.
    func port(ofChain name: String) -> Int? {
        count > 0 ? port(ofChain: ChainName(name)) : nil
    }

    private func port(ofChain name: ChainName?) -> Int? {
        guard let name, let hash = name.hash, let place = chains.position(of: name.kind, hash), owners[place] >= 0
        else { return nil }
        return Int(owners[place])
    }

    /// The hashes of all.
    var hashes: [ChainHash] {
        var hashes: [ChainHash] = []
        for port in iptables.plan.servicePorts where isUnchanged[port.index] { hashes.append(iptables.hash(of: port)) }
        return hashes
    }

    /// Whether a plan of the same snapshot has these chains too, so that both sides of a comparison have them: whether all settings
    /// are the same on which they depend.
    func areRules(of other: IptablesPlan) -> Bool {
        let (ours, theirs) = (iptables.plan, other.plan)
        // Up to 1.35 it depends on the node which of several equal endpoints counts.
        return ours.settings.family == theirs.settings.family && ours.behaviors == theirs.behaviors
            && ours.node.localTraffic == theirs.node.localTraffic
            && ours.settings.masqueradeAll == theirs.settings.masqueradeAll
            && ours.settings.allowServiceExternalIPs == theirs.settings.allowServiceExternalIPs
            && (ours.node.name == theirs.node.name || ours.cluster.tables.equalEndpoints.isEmpty)
            && !other.writesSpellings
    }

    /// The lines of the dump that need not be read.
    var lines: LeftOutLines {
        var lines = LeftOutLines { name in self.port(ofChain: ChainName(in: name, at: 0)) != nil }
        for place in owners.indices where owners[place] >= 0 {
            lines.append(LeftOutLines.Part(range: chains.places[place].declaration, lines: 1))
        }
        for place in chains.rulesOrder.lazy.map({ Int($0) }) where owners[place] >= 0 {
            let (end, count) = ends[place]
            lines.append(LeftOutLines.Part(range: chains.places[place].rules..<end, lines: count))
        }
        return lines
    }

    // MARK: As rules

    /// The chains of a Service port as reading the dump would give them, with their lines.
    func readChains(of index: Int) -> [Chain] {
        let port = iptables.plan.servicePorts[index]
        var names: [ChainName] = []
        iptables.eachChain(of: port) { names.append($0) }
        var sink = RulesetSink("nat", names, keepsComments: true)
        RuleComposer(iptables).addNatRules(of: port, to: &sink)
        return zip(names, sink.finish().chains).map { name, chain in
            guard let hash = name.hash, let position = chains.position(of: name.kind, hash) else { return chain }
            let place = chains.places[position]
            var chain = chain
            chain.line = place.line
            for index in chain.rules.indices {
                chain.rules[index].line = place.rulesLine + Int32(truncatingIfNeeded: index)
            }
            return chain
        }
    }

    /// A dump without these, with them.
    func adding(to ruleset: Ruleset) -> Ruleset {
        var whole = ruleset
        guard let nat = whole.tables.firstIndex(where: { $0.name == "nat" }) else { return ruleset }
        for port in isUnchanged.indices where isUnchanged[port] {
            whole.tables[nat].chains += readChains(of: port)
        }
        return whole
    }
}

/// A chain of a Service port that has not changed.
private struct ComparedChain {
    /// Its position in the dump.
    let place: Int32
    let port: Int32
    /// Where its rules end, and how many there are.
    let end: Int
    let count: Int32
}

extension UnchangedServices {
    private static func compare(
        _ iptables: IptablesPlan, _ chains: SavedChains, _ text: ByteView, _ workers: Workers?
    ) -> [ComparedChain] {
        // Addresses that are written as they were given are rare.
        guard !iptables.writesSpellings else { return [] }
        return Workers.halves(of: iptables.plan.servicePorts.count, atLeast: 100, with: workers) { ports in
            compare(ports, iptables, chains, text)
        }
    }

    /// Compares Service ports, but for those that are left out. Where the first ones have nearly all changed, the others are not
    /// looked at: nothing would be gained.
    private static func compare(
        _ range: Range<Int>, _ iptables: IptablesPlan, _ chains: SavedChains, _ text: ByteView
    ) -> [ComparedChain] {
        let rules = RuleComposer(iptables)
        var sink = ComparingSink(text, chains)
        var (looked, same) = (0, 0)
        for index in range {
            let port = iptables.plan.servicePorts[index]
            guard port.hasAnyEndpoint, !port.usesLocalPolicy, !port.usesSourceRangesChain, port.hintCoverage.isEmpty,
                !port.isOfAPIServer
            else { continue }
            sink.begin()
            iptables.eachChain(of: port) { sink.expect($0) }
            rules.addNatRules(of: port, to: &sink)
            looked += 1
            if sink.end(port: index) { same += 1 }
            if looked >= 64, same * 8 < looked { return [] }
        }
        return sink.found
    }
}

/// Compares the rules of a Service port's chains, as they come, with those in a text.
private struct ComparingSink: RuleSink, ~Copyable {
    private let text: ByteView
    private let chains: SavedChains
    private var line = SavedRuleText()
    /// The chains of the Service port at hand, and how far their rules have been compared.
    private var progress: [(name: ChainName, place: Int, offset: Int, count: Int32)] = []
    /// The one to which the last rule belongs.
    private var current = 0
    private var isSame = true
    private(set) var found: [ComparedChain] = []

    init(_ text: ByteView, _ chains: SavedChains) {
        self.text = text
        self.chains = chains
    }

    mutating func begin() {
        progress.removeAll(keepingCapacity: true)
        current = 0
        isSame = true
    }

    /// Adds a chain of the Service port.
    mutating func expect(_ name: ChainName) {
        guard isSame, let hash = name.hash, let place = chains.position(of: name.kind, hash),
            !chains.places[place].isScattered
        else {
            isSame = false
            return
        }
        progress.append((name, place, chains.places[place].rules, 0))
    }

    mutating func add(_ rule: borrowing ComposedRule, _ subject: borrowing RuleSubject) {
        guard isSame, rule.chain.hash != nil else { return }
        guard find(rule.chain) else {
            isSame = false
            return
        }
        line.text.removeAll()
        line.append(rule, subject)
        isSame = line.text.stands(in: text, at: progress[current].offset)
        progress[current].offset += line.text.totalCount
        progress[current].count += 1
    }

    /// Makes the chain the current one: mostly it is, or is the next.
    private mutating func find(_ name: ChainName) -> Bool {
        for _ in progress.indices {
            if progress[current].name == name { return true }
            current = current + 1 < progress.count ? current + 1 : 0
        }
        return false
    }

    /// - Returns: whether the Service port is unchanged.
    mutating func end(port: Int) -> Bool {
        guard isSame else { return false }
        // A chain that goes on has rules more.
        for chain in progress where chain.offset >= 0 && ChainName(in: text, at: chain.offset + 3) == chain.name {
            return false
        }
        for chain in progress {
            found.append(
                ComparedChain(
                    place: Int32(truncatingIfNeeded: chain.place), port: Int32(truncatingIfNeeded: port),
                    end: chain.offset, count: chain.count))
        }
        return !progress.isEmpty
    }
}
