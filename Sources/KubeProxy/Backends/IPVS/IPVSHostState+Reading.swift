public import Iptables
public import NetAddress

/// What programs print of a host's state.
public struct IPVSHostTexts: Sendable {
    /// `ipvsadm -S -n`, or input for it.
    public var servers: String
    /// `ipvsadm -L -n`, for the numbers of connections.
    public var connections = ""
    /// `ipset save`, or input for `ipset restore`.
    public var sets: String
    /// The addresses of the interface `kube-ipvs0`, each with its length.
    public var addresses: [Substring]

    /// What the programs printed.
    public init(servers: String, connections: String = "", sets: String, addresses: [Substring]) {
        self.servers = servers
        self.connections = connections
        self.sets = sets
        self.addresses = addresses
    }

    /// The addresses in what `ip -o addr show` prints: `2: kube-ipvs0    inet 10.96.0.1/32 scope global …`.
    public static func addresses(in text: String) -> [Substring] {
        text.lines.compactMap { line in
            let words = line.words
            return words.firstIndex { $0 == "inet" || $0 == "inet6" }.flatMap { words.dropFirst($0 + 1).first }
        }
    }

    /// The three numbers in what `ipvsadm -L --timeout` prints: `Timeout (tcp tcpfin udp): 900 120 300`.
    public static func timeouts(in text: String) -> [Int] {
        text.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
    }
}

extension IPVSFamilyState {
    /// The family's part of what the texts say.
    public init(_ family: AddressFamily, _ texts: IPVSHostTexts, _ rules: Ruleset) {
        self.family = family
        self.rules = rules
        addresses = texts.addresses.compactMap { BoundAddress($0) }.filter { bound in
            bound.address.family == family && !IPVSPlan.isSpecial(bound.address)
        }
        sets = IPVSFamilyState.sets(texts.sets, family)
        servers = IPVSFamilyState.servers(texts.servers, family)
        addConnections(texts.connections)
    }

    // MARK: Sets

    private static func sets(_ text: String, _ family: AddressFamily) -> [HostSet] {
        let names = Set(IPSet.allCases.map { $0.name(family) })
        var sets: [HostSet] = []
        var places: [Substring: Int] = [:]
        for line in text.lines {
            let words = line.words
            guard words.count >= 3, names.contains(String(words[1])) else { continue }
            if words[0] == "create" {
                var kind = String(words[2])
                for index in words.indices.dropFirst(3).dropLast() where ["family", "range"].contains(words[index]) {
                    kind += " \(words[index]) \(words[index + 1])"
                }
                places[words[1]] = sets.count
                sets.append(HostSet(name: String(words[1]), kind: kind, entries: []))
            } else if words[0] == "add", let place = places[words[1]] {
                sets[place].entries.append(canonical(words[2], sets[place].kind, family))
            }
        }
        return sets
    }

    /// An entry as we spell it. The kernel leaves the length out of a network that is one address.
    private static func canonical(_ entry: Substring, _ kind: String, _ family: AddressFamily) -> String {
        var parts = entry.split(separator: ",").map { part in
            IPAddress(String(part))?.description ?? IPPrefix(String(part))?.description ?? String(part)
        }
        if kind.hasPrefix(IPSet.Kind.addressPortRange.rawValue + " "), let last = parts.last, !last.contains("/") {
            parts[parts.count - 1] = "\(last)/\(family.bitWidth)"
        }
        return parts.joined(separator: ",")
    }

    // MARK: Servers

    private static func servers(_ text: String, _ family: AddressFamily) -> [HostServer] {
        var servers: [HostServer] = []
        // Virtual servers of another kind or family come with real servers too.
        var isOurs = false
        for line in text.lines {
            let words = line.words
            guard words.count >= 3 else { continue }
            if words[0] == "-A" {
                isOurs = false
                guard let transport = TransportProtocol(ipvsadmOption: words[1]),
                    let (address, port) = socket(words[2]), address.family == family
                else { continue }
                isOurs = true
                servers.append(
                    HostServer(
                        name: "\(words[1]) \(AddressText(address, port: port))", transport: transport, address: address,
                        port: port, options: words[3...].joined(separator: " ")))
            } else if isOurs, words[0] == "-a", words.count >= 5, let server = HostRealServer(words[4...]) {
                servers[servers.count - 1].realServers.append(server)
            }
        }
        return servers
    }

    /// Adds what the list of ipvsadm says of connections:
    /// ```
    /// TCP  10.96.0.1:443 rr
    ///   -> 10.244.1.5:6443              Masq    1      0          0
    /// ```
    private mutating func addConnections(_ text: String) {
        var counts: [String: Int] = [:]
        var server = ""
        for line in text.lines {
            let words = line.words
            if words.count >= 2,
                let transport = TransportProtocol.allCases.first(where: { $0.kubernetesName == words[0] }),
                let (address, port) = IPVSFamilyState.socket(words[1])
            {
                server = "\(transport.ipvsadmOption) \(AddressText(address, port: port))"
            } else if words.first != "->" {
                server = ""
            } else if words.count >= 6, let active = Int(words[4]), let others = Int(words[5]), active + others > 0,
                let (address, port) = IPVSFamilyState.socket(words[1])
            {
                counts["\(server) \(AddressText(address, port: port))"] = active + others
            }
        }
        guard !counts.isEmpty else { return }
        for index in servers.indices {
            for place in servers[index].realServers.indices {
                let name = "\(servers[index].name) \(servers[index].realServers[place].name)"
                servers[index].realServers[place].connections = counts[name] ?? 0
            }
        }
    }

    /// An address and a port, with brackets around an IPv6 address.
    static func socket(_ text: Substring) -> (IPAddress, UInt16)? {
        guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
            return nil
        }
        let address = text[..<colon].drop { $0 == "[" }.prefix { $0 != "]" }
        return IPAddress(String(address)).map { ($0, port) }
    }
}

extension HostRealServer {
    /// What follows `-r` in a line of ipvsadm: `10.1.0.1:80 -m -w 1`, with the kind of a tunnel where it is one.
    fileprivate init?(_ words: ArraySlice<Substring>) {
        guard let first = words.first, let (address, port) = IPVSFamilyState.socket(first) else { return nil }
        var weight = 1
        var options: [Substring] = []
        var rest = words.dropFirst()
        while let word = rest.popFirst() {
            switch (word, rest.first) {
            case ("-w", let value?): weight = Int(value) ?? 1
            // IP-in-IP is what `-i` alone means.
            case ("--tun-type", "ipip"): break
            default:
                options.append(word)
                continue
            }
            rest.removeFirst()
        }
        self.init(
            name: AddressText(address, port: port).description, options: options.joined(separator: " "), weight: weight,
            connections: 0)
    }
}

// By bytes: by characters it takes many times as long.
extension String {
    /// The lines that are not empty.
    fileprivate var lines: [Substring] { utf8.split(separator: UInt8(ascii: "\n")).map { Substring($0) } }
}

extension Substring {
    /// What stands between spaces.
    fileprivate var words: [Substring] { utf8.split(separator: UInt8(ascii: " ")).map { Substring($0) } }
}

extension BoundAddress {
    fileprivate init?(_ text: Substring) {
        let parts = text.split(separator: "/")
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]) else {
            return nil
        }
        self.init(address: address, length: length)
    }
}
