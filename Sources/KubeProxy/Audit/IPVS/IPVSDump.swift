internal import Iptables
public import NetAddress

/// What programs printed on a node in IPVS mode. Each text is known by its lines, so that several may stand in one file.
public struct IPVSDump: Sendable {
    /// What an audit compares.
    public enum Part: Sendable, Hashable, CaseIterable {
        /// The virtual and real servers: `ipvsadm -Sn` or `ipvsadm -Ln`.
        case servers
        /// The sets: `ipset save`.
        case sets
        /// The rules: `iptables-save`.
        case rules
        /// The jumps from built-in chains, which a text for iptables-restore does not have.
        case jumps
        /// The addresses of `kube-ipvs0`: `ip -o addr`.
        case addresses
    }

    /// Why a text cannot be read.
    public struct Failure: Error, Sendable {
        /// The line, from 1.
        public let line: Int
        /// What is wrong, and what to do.
        public let message: String
    }

    /// Lines for ipvsadm-restore; nil: not given.
    private(set) var servers: [Substring]?
    /// Those that a list of ipvsadm says.
    private var listed = ServerList()
    /// Lines for `ipset restore`; nil: not given.
    private(set) var sets: [Substring]?
    /// The addresses of `kube-ipvs0`, each with its length; nil: not given.
    private(set) var addresses: [Substring]?
    /// The addresses of the other interfaces; nil: not given.
    private(set) var hostAddresses: [IPAddress]?
    /// The sysctls that were given, with slashes in their names.
    private(set) var sysctls: [String: String] = [:]
    private(set) var rulesets: [Ruleset] = []
    /// What the inputs are called that the rules are in.
    private var rulesNames: [String] = []
    /// Commands that add jumps, as `TABLE CHAIN RULE`.
    private var jumps: [(table: Substring, chain: Substring, rule: String)] = []
    private var hasBlankText = false

    /// Nothing yet.
    public init() {}

    /// Whether a text begins as one that only a node in IPVS mode has: of ipvsadm, or of ipset with kube-proxy's sets.
    public static func isOfIPVSMode(_ text: String) -> Bool {
        for line in text.dumpLines.prefix(100) {
            switch line.dumpWords.first {
            case "-A", "-a": return line.isOfServers
            case "IP": return line.hasPrefix("IP Virtual Server")
            case "create", "add": if line.dumpWords.dropFirst().first?.hasPrefix("KUBE-") == true { return true }
            case nil: continue
            default: return false
            }
        }
        return false
    }

    // MARK: Reading

    /// Adds what a text says.
    ///
    /// - Parameter name: what the input is called in messages.
    public mutating func read(_ text: String, of name: String = "") throws(Failure) {
        var rules = RuleTexts()
        var interface: Substring?
        var isBlank = true
        for (index, line) in text.dumpLines.enumerated() {
            let words = line.dumpWords
            let number = index + 1
            if words.isEmpty { continue }
            isBlank = false
            if rules.take(line, words[0], number) { continue }
            guard try !takeServers(line, words, number), !takeSets(line, words),
                !takeAddresses(line, words, &interface), !takeSetup(line, words)
            else { continue }
            throw Failure(
                line: number,
                message:
                    "found '\(line.prefix(60))', expected what 'ipvsadm -Sn', 'ipvsadm -Ln', 'ipset save', iptables-save or "
                    + "'ip -o addr' prints")
        }
        if isBlank { hasBlankText = true }
        for text in rules.texts {
            rulesNames.append(name)
            do throws(RulesetError) {
                rulesets.append(try Ruleset(parsing: text.text, family: text.family))
            } catch {
                throw Failure(line: error.line, message: error.message)
            }
            if let hidden = rulesets[rulesets.count - 1].hiddenTable() {
                throw Failure(line: hidden.line, message: rulesets[rulesets.count - 1].refusal(of: hidden))
            }
        }
    }

    private mutating func takeServers(_ line: Substring, _ words: [Substring], _ number: Int) throws(Failure) -> Bool {
        if words[0] == "-A" || words[0] == "-a", line.isOfServers {
            try check(words[1] == "-f" ? nil : words.dropFirst(2).first, number)
            if servers == nil { servers = [] }
            servers?.append(line)
            return true
        }
        if let address = listed.take(words) {
            try check(address.isEmpty ? nil : address, number)
            return true
        }
        return false
    }

    /// Refuses names of hosts and ports in place of numbers.
    private func check(_ socket: Substring?, _ number: Int) throws(Failure) {
        guard let socket, IPVSFamilyState.socket(socket) == nil else { return }
        throw Failure(
            line: number,
            message:
                "found '\(socket)', expected an address and a port in digits: run ipvsadm with -n, as in 'ipvsadm -Sn'")
    }

    private mutating func takeSets(_ line: Substring, _ words: [Substring]) -> Bool {
        guard words[0] == "create" || words[0] == "add", words.count > 2 else { return false }
        if sets == nil { sets = [] }
        sets?.append(line)
        return true
    }

    /// What `ip addr` prints, with `-o` or without, or an address in a line of its own.
    private mutating func takeAddresses(
        _ line: Substring, _ words: [Substring], _ interface: inout Substring?
    ) -> Bool {
        if words.count == 1, line.contains("/"), IPPrefix(String(line)) != nil {
            if addresses == nil { addresses = [] }
            addresses?.append(line)
            return true
        }
        var rest = words[...]
        if words.count > 2, words[0].last == ":", words[0].dropLast().allSatisfy(\.isNumber) {
            // `5: kube-ipvs0:` without -o, and of a pair `3: veth0@if2:`.
            interface = words[1].split { $0 == ":" || $0 == "@" }.first
            if interface == "kube-ipvs0", addresses == nil { addresses = [] }
            rest = words[2...]
        }
        guard let interface else { return false }
        guard let place = rest.firstIndex(where: { $0 == "inet" || $0 == "inet6" }), place + 1 < rest.endIndex else {
            return ["link/", "valid_lft", "<", "altname"].contains { rest.first?.hasPrefix($0) ?? false }
        }
        let address = rest[place + 1]
        if interface == "kube-ipvs0" {
            if addresses == nil { addresses = [] }
            addresses?.append(address)
        } else if let address = IPAddress(String(address.prefix { $0 != "/" })) {
            hostAddresses = (hostAddresses ?? []) + [address]
        }
        return true
    }

    /// What `render -o setup` gives, and what `sysctl` prints.
    private mutating func takeSetup(_ line: Substring, _ words: [Substring]) -> Bool {
        let setting = words[0] == "sysctl" ? words.dropFirst() : words[...]
        if setting.count >= 2, setting[setting.startIndex + 1] == "=" {
            let name = setting[setting.startIndex].split { $0 == "." || $0 == "/" }.joined(separator: "/")
            // Some have several values, some none.
            sysctls[name] = setting.dropFirst(2).joined(separator: " ")
            return true
        }
        if words[0] == "ipvsadm" || line.hasPrefix("Timeout (") { return true }
        guard words[0] == "iptables" || words[0] == "ip6tables", words.count > 4, words[1] == "-t" else { return false }
        if words[3] == "-I" || words[3] == "-A" {
            jumps.append((words[2], words[4], words[5...].joined(separator: " ")))
        }
        return true
    }

    // MARK: What was given

    /// The families that the texts are of.
    public var families: Set<AddressFamily> {
        var families: Set<AddressFamily> = []
        for line in serverLines ?? [] {
            guard let socket = line.dumpWords.dropFirst(2).first, let (address, _) = IPVSFamilyState.socket(socket)
            else {
                continue
            }
            families.insert(address.family)
        }
        families.formUnion(rulesets.map(\.family))
        guard families.isEmpty else { return families }
        for line in sets ?? [] {
            families.insert(line.dumpWords.dropFirst().first?.hasPrefix("KUBE-6-") == true ? .ipv6 : .ipv4)
        }
        for address in addresses ?? [] { families.formUnion(IPPrefix(String(address)).map { [$0.family] } ?? []) }
        return families
    }

    /// The lines of `ipvsadm -Sn`, else those that say the same as `ipvsadm -Ln`. An empty text is that of a node without any.
    private var serverLines: [Substring]? { servers ?? listed.commands ?? (hasBlankText ? [] : nil) }

    /// Whether no text says anything.
    var isEmpty: Bool {
        servers == nil && listed.commands == nil && sets == nil && rulesets.isEmpty && addresses == nil
    }

    /// Whether a part was given.
    func has(_ part: Part, _ family: AddressFamily) -> Bool {
        switch part {
        case .servers: serverLines != nil
        case .sets: sets != nil
        case .rules: rules(family) != nil
        case .jumps:
            !jumps.isEmpty || rules(family)?.tables.contains { $0.chains.contains(where: \.isBuiltIn) } ?? false
        case .addresses: addresses != nil
        }
    }

    /// The rules of a family; of several dumps those with IPVS mode's chains.
    func rules(_ family: AddressFamily) -> Ruleset? { place(ofRules: family).map { rulesets[$0] } }

    /// What the input is called that the rules of a family are in; nil: there are none.
    public func rulesName(_ family: AddressFamily) -> String? { place(ofRules: family).map { rulesNames[$0] } }

    private func place(ofRules family: AddressFamily) -> Int? {
        let own = rulesets.indices.filter { rulesets[$0].family == family }
        return own.first { rulesets[$0].holdsChains(only: .ipvs) } ?? own.first
    }

    /// The family that an audit is about, if none is given: that of the rules, where they are of one only.
    public var mainFamily: AddressFamily {
        let ofRules = Set(rulesets.map(\.family))
        let candidates = ofRules.count == 1 ? ofRules : families
        return candidates.contains(.ipv4) || candidates.isEmpty ? .ipv4 : .ipv6
    }

    /// The state of a family as far as it was given.
    func state(_ family: AddressFamily) -> IPVSFamilyState {
        IPVSFamilyState(
            family,
            IPVSHostTexts(
                servers: (serverLines ?? []).joined(separator: "\n"), connections: listed.text,
                sets: (sets ?? []).joined(separator: "\n"), addresses: addresses ?? []),
            rules(family) ?? Ruleset(family: family, tables: []))
    }

    /// Whether a jump is known not to be there.
    func lacks(_ jump: JumpRule, _ family: AddressFamily) -> Bool {
        if let table = rules(family)?[table: jump.table], table.chains.contains(where: \.isBuiltIn) {
            return !jump.isDone(by: table[chain: jump.chain]?.rules ?? [])
        }
        guard !jumps.isEmpty else { return false }
        let added = jumps.filter { $0.table == jump.table && $0.chain == jump.chain }.map {
            "-A \(jump.chain) \($0.rule)\n"
        }
        let text = "*\(jump.table)\n:\(jump.chain) ACCEPT [0:0]\n\(added.joined())COMMIT\n"
        let rules = try? Ruleset(parsing: Array(text.utf8), family: family)
        return !jump.isDone(by: rules?[table: jump.table]?[chain: jump.chain]?.rules ?? [])
    }
}

extension Chain {
    /// Whether the kernel has it by itself.
    fileprivate var isBuiltIn: Bool { policy != nil }
}

// By bytes: by characters it takes many times as long.
extension String {
    /// The lines, without the returns that Windows ends them with.
    fileprivate var dumpLines: [Substring] {
        utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { line in
            Substring(line.last == UInt8(ascii: "\r") ? line.dropLast() : line)
        }
    }
}

extension Substring {
    /// What stands between blanks.
    var dumpWords: [Substring] {
        utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map { Substring($0) }
    }

    /// Whether it is a line for ipvsadm-restore.
    fileprivate var isOfServers: Bool {
        let words = dumpWords
        return words.count > 2
            && (words[1] == "-f" || TransportProtocol(ipvsadmOption: words[1]) != nil)
    }
}
