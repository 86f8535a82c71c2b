internal import Iptables
internal import KubeChainsBytes
internal import NetAddress

/// The differences between two states of one family, as input of the programs that change it.
struct FamilyChanges {
    private(set) var chains = StepText()
    private(set) var sets = StepText()
    private(set) var servers = StepText()
    private(set) var addresses = StepText()
    private(set) var realServers = StepText()
    private(set) var entries = StepText()
    private(set) var rules = StepText()
    private(set) var staleAddresses = StepText()
    private(set) var staleServers = StepText()
    private(set) var draining: [IPVSChanges.Draining] = []
    private(set) var strangeSets: [HostSet] = []

    init(_ host: IPVSFamilyState, _ wanted: IPVSFamilyState, _ policy: IPVSChanges.Policy) {
        addChains(host.rules, wanted.rules)
        addSets(host.sets, wanted.sets)
        addServers(host.servers, wanted.servers, policy)
        addAddresses(host.addresses, wanted.addresses)
        addRules(host, wanted)
    }

    // MARK: Rules

    /// The chains of kube-proxy that a table has, in kube-proxy's order.
    fileprivate static let tables = ["nat", "filter"].map { (name: $0, chains: IPVSRules.chains(of: $0)) }

    /// Missing chains and jumps. The text names no existing chain, since that would flush it.
    private mutating func addChains(_ host: Ruleset, _ wanted: Ruleset) {
        for table in FamilyChanges.tables {
            let old = host[table: table.name]
            let new = wanted[table: table.name]
            let missing = table.chains.filter { old?[chain: $0] == nil && new?[chain: $0] != nil }
            let jumps = JumpRule.ipvsMode.filter { jump in
                jump.table == table.name && !(old?.has(jump) ?? false) && (new?.has(jump) ?? false)
            }
            guard !missing.isEmpty || !jumps.isEmpty else { continue }
            chains.append("*\(table.name)")
            for chain in missing { chains.append("-N \(chain)") }
            for jump in jumps { chains.append("-I \(jump.text)") }
            chains.append("COMMIT")
            chains.count("chains added", missing.count)
            chains.count("jumps added", jumps.count)
        }
    }

    /// All chains are written if any differs, as kube-proxy does it.
    private mutating func addRules(_ host: IPVSFamilyState, _ wanted: IPVSFamilyState) {
        var text = ""
        var count = 0
        var isSame = true
        for table in FamilyChanges.tables {
            let new = table.chains.compactMap { wanted.rules[table: table.name]?[chain: $0] }
            guard !new.isEmpty else { continue }
            for chain in new {
                let old = host.rules[table: table.name]?[chain: chain.name]?.rules ?? []
                if !old.isSame(as: chain.rules) { isSame = false }
                count += chain.rules.count
            }
            text += new.restoreText(table: table.name)
        }
        guard !isSame else { return }
        rules.append(
            wanted.restoreText.map { String(decoding: $0.dropLast(), as: UTF8.self) } ?? String(text.dropLast()))
        rules.count("rules written", count)
    }

    // MARK: Sets

    private mutating func addSets(_ host: [HostSet], _ wanted: [HostSet]) {
        var known: [String: HostSet] = [:]
        for set in host { known[set.name] = set }
        for set in wanted {
            var old: Set<String> = []
            if let there = known[set.name] {
                if there.kind != set.kind { strangeSets.append(there) }
                old = Set(there.entries)
                let new = Set(set.entries)
                // Deletions come first, so that there is room.
                for entry in there.entries.sorted() where !new.contains(entry) {
                    entries.append("del \(set.name) \(entry)")
                    entries.count("deleted")
                }
            } else {
                sets.append("create \(set.name) \(set.kind)" + set.sizes)
                sets.count("added")
            }
            for entry in set.entries where !old.contains(entry) {
                entries.append("add \(set.name) \(entry)")
                entries.count("added")
            }
        }
    }

    // MARK: Servers

    private mutating func addServers(
        _ host: [HostServer], _ wanted: [HostServer], _ policy: IPVSChanges.Policy
    ) {
        var known: [String: HostServer] = [:]
        for server in host { known[server.name] = server }
        for server in wanted {
            let old = known.removeValue(forKey: server.name)
            if let old {
                if old.options != server.options {
                    servers.append("-E \(server.name) \(server.options)")
                    servers.count("edited")
                }
            } else {
                servers.append("-A \(server.name) \(server.options)")
                servers.count("added")
            }
            addRealServers(server, old?.realServers ?? [], policy)
        }
        for server in host where known[server.name] != nil {
            if case .gentle(let excluded) = policy, excluded.contains(where: { $0.contains(server.address) }) {
                continue
            }
            staleServers.append("-D \(server.name)")
            staleServers.count("deleted")
        }
    }

    private mutating func addRealServers(
        _ server: HostServer, _ host: [HostRealServer], _ policy: IPVSChanges.Policy
    ) {
        var known: [String: HostRealServer] = [:]
        for real in host { known[real.name] = real }
        for real in server.realServers {
            let old = known.removeValue(forKey: real.name)
            let line = "\(server.name) -r \(real.name) \(real.options) -w \(real.weight)"
            if let old {
                guard old.options != real.options || old.weight != real.weight else { continue }
                realServers.append("-e \(line)")
                realServers.count("edited")
            } else {
                realServers.append("-a \(line)")
                realServers.count("added")
            }
        }
        for real in host where known[real.name] != nil {
            let name = "\(server.name) -r \(real.name)"
            guard case .gentle = policy, server.transport == .tcp, real.connections > 0 else {
                realServers.append("-d \(name)")
                realServers.count("deleted")
                continue
            }
            draining.append(IPVSChanges.Draining(name: name, connections: real.connections))
            guard real.weight != 0 else { continue }
            realServers.append("-e \(name) \(real.options) -w 0")
            realServers.count("left to drain")
        }
    }

    // MARK: Addresses

    private mutating func addAddresses(_ host: [BoundAddress], _ wanted: [BoundAddress]) {
        let old = Set(host.map(\.address))
        let new = Set(wanted.map(\.address))
        for bound in wanted where !old.contains(bound.address) {
            addresses.append("addr add \(bound.text) dev \(IPVSHostState.interfaceName)")
            addresses.count("added")
        }
        for bound in host where !new.contains(bound.address) {
            staleAddresses.append("addr del \(bound.text) dev \(IPVSHostState.interfaceName)")
            staleAddresses.count("deleted")
        }
    }
}

extension FamilyChanges {
    /// Chains, jumps and sets that are not wanted. They are deleted last, since rules use sets.
    struct Removal {
        private(set) var chains = StepText()
        private(set) var sets = StepText()

        init(_ host: IPVSFamilyState, _ wanted: IPVSFamilyState) {
            for table in FamilyChanges.tables {
                let old = host.rules[table: table.name]
                let new = wanted.rules[table: table.name]
                let surplus = table.chains.filter { old?[chain: $0] != nil && new?[chain: $0] == nil }
                let jumps = JumpRule.ipvsMode.filter { $0.table == table.name && !(new?.has($0) ?? false) }
                let rules = jumps.flatMap { jump in
                    (old?[chain: jump.chain]?.rules ?? []).filter { jump.isDone(by: $0) }.map { rule in
                        rule.ignoringCounters.saved(in: jump.chain).dropFirst("-A ".count)
                    }
                }
                guard !surplus.isEmpty || !rules.isEmpty else { continue }
                chains.append("*\(table.name)")
                for chain in surplus { chains.append(":\(chain) - [0:0]") }
                for rule in rules { chains.append("-D \(rule)") }
                for chain in surplus { chains.append("-X \(chain)") }
                chains.append("COMMIT")
                chains.count("chains deleted", surplus.count)
                chains.count("jumps deleted", rules.count)
            }
            let kept = Set(wanted.sets.map(\.name))
            for set in host.sets where !kept.contains(set.name) {
                sets.append("destroy \(set.name)")
                sets.count("deleted")
            }
        }
    }
}

extension Table {
    /// Whether a rule of the table does the same as a jump.
    fileprivate func has(_ jump: JumpRule) -> Bool {
        jump.isDone(by: self[chain: jump.chain]?.rules ?? [])
    }
}

extension [Chain] {
    /// The chains with their rules and counters, as input for iptables-restore.
    fileprivate func restoreText(table: String) -> String {
        var text = TextWriter()
        text.append("*", table, "\n")
        for chain in self { text.append(":", chain.name, " - [0:0]\n") }
        for chain in self { chain.writeRules(to: &text, SaveOptions(rulesHaveCounters: true)) }
        text.append("COMMIT\n")
        return String(decoding: text.finish(), as: UTF8.self)
    }
}

extension HostSet {
    /// The options that say how a set of hashes grows.
    fileprivate var sizes: String { kind.hasPrefix("hash:") ? " hashsize 1024 maxelem 65536" : "" }
}
