internal import KubeChainsBytes

/// A table while its lines are read.
///
/// Chains are found by the numbers of their names in a ``StringTable``. The rules of the chain at hand are gathered
/// before they are added to it, so that the many small chains use no more memory than they need.
struct TableBuilder {
    let name: String
    private let strings: StringTable
    private let builtIns: [StaticString]?
    private var chains: [Chain] = []
    /// The positions of chains by the numbers of their names, -1 where there is none.
    private var positions: [Int32] = []
    /// The positions of chains that were deleted.
    private var deleted: Set<Int> = []
    /// The rules that are not yet in the chain at ``position``.
    private var pending: [Rule] = []
    /// The chain that the last rule was for, and its name.
    private var position = -1
    private var chainName = ByteView.empty

    init(name: String, strings: StringTable) {
        self.name = name
        self.strings = strings
        builtIns = BuiltInChains.names(inTable: name)
    }

    /// Puts all rules into their chains.
    mutating func flush() {
        guard !pending.isEmpty else { return }
        // To append to an empty array makes it just large enough.
        chains[position].rules.append(contentsOf: pending)
        pending.removeAll(keepingCapacity: true)
    }

    /// The table with what was read.
    var table: Table {
        deleted.isEmpty
            ? Table(name: name, chains: chains)
            : Table(name: name, chains: chains.indices.filter { !deleted.contains($0) }.map { chains[$0] })
    }

    // MARK: Chains

    func holds(_ chain: ByteView) -> Bool { existingPosition(strings.number(of: chain)) != nil }

    private func existingPosition(_ number: Int) -> Int? {
        number < positions.count && positions[number] >= 0 ? Int(positions[number]) : nil
    }

    /// Whether every table of this name has the chain; nil for a table that iptables does not have.
    private func isBuiltIn(_ chain: ByteView) -> Bool? {
        builtIns.map { $0.contains { chain == $0 } }
    }

    private mutating func add(_ chain: Chain, _ number: Int) -> Int {
        while positions.count <= number { positions.append(contentsOf: repeatElement(-1, count: max(64, number / 2))) }
        positions[number] = Int32(truncatingIfNeeded: chains.count)
        chains.append(chain)
        return chains.count - 1
    }

    /// Carries out `:CHAIN POLICY [PACKETS:BYTES]`. A chain of the user's that is there already is flushed; a built-in
    /// one keeps its rules.
    mutating func declare(
        _ chain: Token, policy: Token, _ counters: Counters?, line: Int32
    ) throws(RuleFault) {
        flush()
        let isBuiltIn = isBuiltIn(chain.bytes)
        let policy = try readPolicy(policy, of: isBuiltIn)
        let number = strings.number(of: chain.bytes)
        let existing = existingPosition(number)
        let place = existing ?? add(Chain(name: strings[number]), number)
        chains[place].policy = policy ?? chains[place].policy
        chains[place].counters = counters
        chains[place].line = line
        if existing != nil, isBuiltIn ?? (policy != nil) { return }
        chains[place].rules = []
    }

    private func readPolicy(_ policy: Token, of isBuiltIn: Bool?) throws(RuleFault) -> Chain.Policy? {
        if policy.bytes == "-" { return nil }
        guard isBuiltIn != false else {
            throw policy.fault(
                expected: "- for a chain that is not built in", remedy: "only built-in chains have a policy")
        }
        guard let found = Chain.Policy.allCases.first(where: { policy.bytes == $0.name }) else {
            throw policy.fault(expected: "ACCEPT, DROP or -")
        }
        return found
    }

    // MARK: Commands

    /// Carries out a line with a command.
    mutating func carryOut(_ line: RuleLine, line number: Int32) throws(RuleFault) {
        switch line.command {
        case UInt8(ascii: "A"):
            try move(to: line)
            try checkPlace(line)
            if line.sources.isEmpty, line.destinations.isEmpty {
                pending.append(line.rule)
            } else {
                pending.append(contentsOf: line.rules)
            }
        case UInt8(ascii: "N"):
            guard let chain = line.chain else { return }
            try chain.checkExtensionName("the name of a chain", atMost: 28)
            guard !holds(chain.bytes), isBuiltIn(chain.bytes) != true else {
                throw chain.fault(expected: "the name of a chain that is not there yet")
            }
            let name = strings.number(of: chain.bytes)
            flush()
            _ = add(Chain(name: strings[name], line: number), name)
        case UInt8(ascii: "F"):
            try forEachChain(of: line) { $0.rules = [] }
        case UInt8(ascii: "Z"):
            try forEachChain(of: line) { chain in
                if chain.counters != nil { chain.counters = Counters() }
                for index in chain.rules.indices where chain.rules[index].counters != nil {
                    chain.rules[index].counters = Counters()
                }
            }
        case UInt8(ascii: "X"):
            try deleteChains(line)
        case UInt8(ascii: "P"):
            guard let chain = line.chain, let policy = line.extra else { return }
            try move(to: line)
            let found = try readPolicy(policy, of: isBuiltIn(chain.bytes))
            chains[position].policy = found ?? chains[position].policy
        default:
            try changeRules(line)
        }
    }

    /// Makes the chain of a line the one at hand.
    @inline(__always)
    private mutating func move(to line: RuleLine) throws(RuleFault) {
        guard let chain = line.chain else { throw missingChain(line) }
        if chain.bytes == chainName, position >= 0 { return }
        try move(to: chain)
    }

    private mutating func move(to chain: Token) throws(RuleFault) {
        flush()
        let number = strings.number(of: chain.bytes)
        if let existing = existingPosition(number) {
            position = existing
        } else if isBuiltIn(chain.bytes) == true {
            position = add(Chain(name: strings[number]), number)
        } else {
            throw chain.fault(
                expected: "a chain of the table \(name)",
                remedy: "declare the chain in a line ':\(chain.bytes.string) - [0:0]' before its rules")
        }
        // Bytes beside the text do not outlive their line.
        chainName = chain.isQuoted ? .empty : chain.bytes
    }

    private func missingChain(_ line: RuleLine) -> RuleFault {
        RuleFault(at: line.commandOffset, found: "a command without a chain", expected: "the name of a chain after it")
    }

    /// The conditions and targets that iptables refuses in certain chains.
    private func checkPlace(_ line: RuleLine) throws(RuleFault) {
        guard let chain = line.chain?.bytes else { return }
        if line.rule.outInterface != nil, chain == "PREROUTING" || chain == "INPUT" {
            throw RuleFault(
                at: line.commandOffset, found: "-o in \(chain.string)", expected: "a packet that goes out",
                remedy: "leave -o out; iptables refuses it in this chain")
        }
        if line.rule.inInterface != nil, chain == "POSTROUTING" || chain == "OUTPUT" {
            throw RuleFault(
                at: line.commandOffset, found: "-i in \(chain.string)", expected: "a packet that has come in",
                remedy: "leave -i out; iptables refuses it in this chain")
        }
        if name == "nat", line.rule.target == .drop {
            throw RuleFault(
                at: line.commandOffset, found: "-j DROP in the table nat", expected: "a target for translation",
                remedy: "drop packets in the table filter; iptables refuses it in nat")
        }
    }

    private mutating func forEachChain(
        of line: RuleLine, _ body: (inout Chain) -> Void
    ) throws(RuleFault) {
        flush()
        if line.chain != nil {
            try move(to: line)
            body(&chains[position])
        } else {
            for index in chains.indices { body(&chains[index]) }
        }
    }

    /// Carries out `-X [CHAIN]`.
    private mutating func deleteChains(_ line: RuleLine) throws(RuleFault) {
        flush()
        var doomed: [Int] = []
        if let chain = line.chain {
            try move(to: line)
            guard isBuiltIn(chain.bytes) != true else {
                throw chain.fault(expected: "a chain of the user's; built-in ones cannot be deleted")
            }
            doomed = [position]
        } else {
            doomed = chains.indices.filter { index in
                chains[index].policy == nil && !deleted.contains(index)
                    && builtIns?.contains { chains[index].name == "\($0)" } != true
            }
        }
        for index in doomed {
            guard chains[index].rules.isEmpty else {
                throw RuleFault(
                    at: line.commandOffset, found: "-X of the chain \(chains[index].name), which has rules",
                    expected: "an empty chain", remedy: "flush the chain with -F before; iptables refuses this too")
            }
        }
        deleted.formUnion(doomed)
        for (number, place) in positions.enumerated() where doomed.contains(Int(place)) { positions[number] = -1 }
        position = -1
        chainName = .empty
    }

    /// Carries out `-I`, `-R` and `-D`.
    private mutating func changeRules(_ line: RuleLine) throws(RuleFault) {
        try move(to: line)
        flush()
        let count = chains[position].rules.count
        switch line.command {
        case UInt8(ascii: "I"):
            try checkPlace(line)
            let index = (line.number ?? 1) - 1
            guard index <= count else { throw noSuchRule(line, count) }
            // Each of several rules goes to the same place, before the one put there last.
            for rule in line.rules { chains[position].rules.insert(rule, at: index) }
        case UInt8(ascii: "R"):
            try checkPlace(line)
            guard let number = line.number, number <= count else { throw noSuchRule(line, count) }
            let rules = line.rules
            guard let rule = rules.first, rules.count == 1 else {
                throw RuleFault(at: line.commandOffset, found: "-R with several addresses", expected: "one rule")
            }
            chains[position].rules[number - 1] = rule
        case UInt8(ascii: "D"):
            if let number = line.number {
                guard number <= count else { throw noSuchRule(line, count) }
                chains[position].rules.remove(at: number - 1)
                return
            }
            for rule in line.rules {
                let wanted = rule.ignoringCounters
                guard let index = chains[position].rules.firstIndex(where: { $0.ignoringCounters == wanted }) else {
                    throw noSuchRule(line, count)
                }
                chains[position].rules.remove(at: index)
            }
        default:
            throw RuleFault(
                at: line.commandOffset, found: "a command that is not supported",
                expected: "one of -A, -I, -R, -D, -N, -F, -X, -Z and -P", remedy: "leave the line out")
        }
    }

    private func noSuchRule(_ line: RuleLine, _ count: Int) -> RuleFault {
        RuleFault(
            at: line.commandOffset, found: "a command for a rule that the chain \(chains[position].name) does not have",
            expected: "one of its \(count) rules")
    }
}
