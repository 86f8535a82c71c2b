import Iptables
import KubeProxy
import NetAddress
import Testing

/// A host as far as the programs' commands show it, which refuses what a kernel refuses.
struct ModelHost {
    struct Texts: Equatable {
        var servers: [String]
        var sets: [String]
        var addresses: [String]

        var sorted: Texts { Texts(servers: servers.sorted(), sets: sets.sorted(), addresses: addresses.sorted()) }
    }

    private var servers: [String: (options: String, real: [String: String])] = [:]
    private var sets: [String: (create: String, entries: Set<String>)] = [:]
    private var addresses: Set<String> = []
    private(set) var hasInterface = false
    private var sysctls: [IPVSHostState.Sysctl] = []
    /// All that iptables-restore was given.
    private var rules = ""

    var texts: Texts {
        Texts(
            servers: servers.flatMap { name, server in
                ["-A \(name) \(server.options)"] + server.real.map { "-a \(name) -r \($0) \($1)" }
            },
            sets: sets.flatMap { name, set in [set.create] + set.entries.map { "add \(name) \($0)" } },
            addresses: Array(addresses))
    }

    func state(_ family: AddressFamily) throws -> IPVSHostState {
        // In the kernel's order: virtual servers before their real ones, sets before their entries.
        let servers = servers.sorted { $0.key < $1.key }.flatMap { name, server in
            ["-A \(name) \(server.options)"]
                + server.real.sorted { $0.key < $1.key }.map { "-a \(name) -r \($0) \($1)" }
        }
        let sets = sets.sorted { $0.key < $1.key }.flatMap { name, set in
            [set.create] + set.entries.sorted().map { "add \(name) \($0)" }
        }
        let texts = IPVSHostTexts(
            servers: servers.joined(separator: "\n"), sets: sets.joined(separator: "\n"),
            addresses: addresses.sorted().map { $0[...] })
        return IPVSHostState(
            sysctls: sysctls, timeouts: [], hasInterface: hasInterface,
            families: [IPVSFamilyState(family, texts, try Ruleset(parsing: Array(rules.utf8), family: family))])
    }

    /// The names of the steps to what a plan wants.
    func steps(to plan: IPVSPlan) throws -> [String] {
        let host = try state(plan.plan.settings.family)
        return IPVSChanges(from: host, to: IPVSHostState([plan]), .gentle(excluding: [])).steps.map(\.name)
    }

    mutating func addServers(_ text: String) { for line in text.components { runServer(line) } }

    mutating func run(_ changes: IPVSChanges) throws {
        for step in changes.steps {
            if case .write(let sysctl) = step.work { sysctls.append(sysctl) }
            guard case .run(let program, let arguments, let input) = step.work else { continue }
            switch program {
            case .ipvsadm: for line in input.components { runServer(line) }
            case .ipset: for line in input.components { runSet(line) }
            case .nft: break
            case .ip where input.isEmpty:
                #expect(hasInterface == (arguments[1] == "del"))
                hasInterface = arguments[1] == "add"
                if !hasInterface { addresses = [] }
            case .ip: for line in input.components { runAddress(line) }
            case .iptablesRestore: rules += asKernelSpells(input)
            }
        }
    }

    /// What iptables-save prints for the match whose words are kept as they are.
    private func asKernelSpells(_ rules: String) -> String {
        rules.replacing(#/--vaddr ([^ ]+) --vproto (tcp|udp|sctp) /#) { match in
            let number = ["tcp": 6, "udp": 17, "sctp": 132][String(match.2)] ?? 0
            return "--vproto \(number) --vaddr \(match.1) "
        }
    }

    private mutating func runServer(_ line: String) {
        let words = line.split(separator: " ", maxSplits: 3).map(String.init)
        let name = "\(words[1]) \(words[2])"
        let rest = words.count > 3 ? words[3] : ""
        #expect((servers[name] == nil) == (words[0] == "-A"), "\(line)")
        guard ["-a", "-e", "-d"].contains(words[0]) else {
            servers[name] = words[0] == "-D" ? nil : (rest, servers[name]?.real ?? [:])
            return
        }
        let parts = rest.split(separator: " ", maxSplits: 2).map(String.init)
        #expect((servers[name]?.real[parts[1]] == nil) == (words[0] == "-a"), "\(line)")
        servers[name]?.real[parts[1]] = words[0] == "-d" ? nil : parts[2]
    }

    private mutating func runSet(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        #expect((sets[words[1]] == nil) == (words[0] == "create"), "\(line)")
        switch words[0] {
        case "create": sets[words[1]] = (line, [])
        case "destroy": sets[words[1]] = nil
        case "add": #expect(sets[words[1]]?.entries.insert(words[2]).inserted == true, "\(line)")
        default: #expect(sets[words[1]]?.entries.remove(words[2]) != nil, "\(line)")
        }
    }

    private mutating func runAddress(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        #expect(hasInterface && addresses.contains(words[2]) == (words[1] == "del"), "\(line)")
        if words[1] == "add" { addresses.insert(words[2]) } else { addresses.remove(words[2]) }
    }
}

extension String {
    /// The lines that are not empty.
    var components: [String] { split(separator: "\n").map(String.init) }
}
