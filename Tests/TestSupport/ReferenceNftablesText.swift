/// The lines of a transaction, gathered service port by service port.
struct ReferenceNftablesText {
    private let cluster: ClusterDescription
    private let node: ReferenceNode
    private let nodePorts: ReferenceNftablesNodePorts
    private let ip: String
    private let addr: String
    private let table: String
    private let mark: String
    /// Matches the pods' traffic, and all other.
    private let local: (own: String, other: String)?
    private(set) var lines: [String] = []
    private var written: [String: (verdict: String, line: Int)] = [:]

    private var version: ReferenceVersion { node.version }
    /// Endpoints have chains, and packets are marked by a chain.
    private var isOld: Bool { version.isUpTo(35) }

    init(_ cluster: ClusterDescription, _ node: ReferenceNode) {
        self.cluster = cluster
        self.node = node
        nodePorts = ReferenceNftablesNodePorts(cluster, node)
        let isIPv4 = cluster.settings.family == .ipv4
        ip = isIPv4 ? "ip" : "ip6"
        addr = isIPv4 ? "ipv4_addr" : "ipv6_addr"
        table = "\(ip) kube-proxy"
        let digits = String(UInt32(1) << UInt32(cluster.settings.nftablesMasqueradeBit), radix: 16)
        mark = "0x" + String(repeating: "0", count: 8 - digits.count) + digits
        local = Self.localTraffic(node)
    }

    private static func localTraffic(_ node: ReferenceNode) -> (String, String)? {
        guard let match = node.localTraffic else { return nil }
        let ip = node.family == .ipv4 ? "ip" : "ip6"
        var value = String(match.dropFirst(3))
        if match.hasPrefix("-s") { return ("\(ip) saddr \(value)", "\(ip) saddr != \(value)") }
        if value.hasSuffix("+") { value = value.dropLast() + "*" }
        let keyword = node.version.isUpTo(32) ? "iif" : "iifname"
        return ("\(keyword) \(value)", "\(keyword) != \(value)")
    }

    // MARK: Commands

    private mutating func command(_ verb: String, _ rest: String) { lines.append("\(verb) \(table) \(rest)") }

    private mutating func chain(_ name: String, _ braces: String = "") {
        command("add chain", name + braces)
        command("flush chain", name)
    }

    private mutating func rule(_ chain: String, _ words: String, _ comment: String? = nil) {
        command("add rule", "\(chain) \(words)" + (comment.map { " comment \"\($0)\"" } ?? ""))
    }

    private mutating func element(_ set: String, _ key: String, _ verdict: String? = nil, comment: String? = nil) {
        let place = "\(set) \(key)"
        if let old = written[place] {
            if old.verdict == verdict ?? "" { return }
            command("delete element", "\(set) { \(key) }")
        }
        written[place] = (verdict ?? "", lines.count)
        let note = comment.map { text in
            " comment \"\(version.isUpTo(36) ? text : String(text.prefix(128)))\""
        }
        command("add element", "\(set) { \(key)\(note ?? "")" + (verdict.map { " : \($0)" } ?? "") + " }")
    }

    // MARK: The fixed part

    mutating func writeFixedPart() {
        command("add table", #"{ comment "rules for kube-proxy" ; }"#)
        let bases = baseChains
        for base in bases {
            command("add chain", base.name)
            command("delete chain", base.name)
        }
        for base in bases { chain(base.name, base.braces) }
        for (target, callers) in jumps {
            chain(target)
            for caller in callers {
                rule(caller, (caller.hasPrefix("nat") ? "" : "ct state new ") + "jump \(target)")
            }
        }
        writeMasquerading()
        command("add set", "cluster-ips { type \(addr) ; comment \"Active ClusterIPs\" ; }")
        rule("cluster-ips-check", "\(ip) daddr @cluster-ips reject", "Reject traffic to invalid ports of ClusterIPs")
        let ranges = serviceRanges
        if !ranges.isEmpty {
            rule(
                "cluster-ips-check", "\(ip) daddr { \(ranges.joined(separator: ",")) } drop",
                "Drop traffic to unallocated ClusterIPs")
        }
        command("add set", "nodeport-ips { type \(addr) ; comment \"IPs that accept NodePort traffic\" ; }")
        command(nodePorts.matchesAll ? "delete set" : "flush set", "nodeport-ips")
        if !nodePorts.matchesAll { for address in nodePorts.addresses { element("nodeport-ips", address) } }
        let byAddress = "type \(addr) . inet_proto . inet_service : verdict"
        let byPort = "type inet_proto . inet_service : verdict"
        func map(_ name: String, _ type: String, _ comment: String) -> String {
            "\(name) { \(type) ; comment \"\(comment)\" ; }"
        }
        let vmap = "vmap to drop or reject packets to"
        command("add map", map("no-endpoint-services", byAddress, "\(vmap) services with no endpoints"))
        command("add map", map("no-endpoint-nodeports", byPort, "\(vmap) service nodeports with no endpoints"))
        chain("reject-chain", " { comment \"helper for @no-endpoint-services / @no-endpoint-nodeports\" ; }")
        rule("reject-chain", "reject")
        let key = "\(ip) daddr . meta l4proto . th dport vmap"
        rule("service-endpoints-check", "\(key) @no-endpoint-services")
        let notLoopback = ip == "ip" ? "ip daddr != 127.0.0.0/8" : "ip6 daddr != ::1"
        let toNode = nodePorts.matchesAll ? notLoopback : "\(ip) daddr @nodeport-ips"
        rule("nodeport-endpoints-check", "\(toNode) meta l4proto . th dport vmap @no-endpoint-nodeports")
        if let rejected = nodePorts.rejected {
            command(
                "add map", map("localhost-nodeport-reject-ports", byPort, "localhost NodePorts rejected by kube-proxy"))
            writeLocalhostRejects(rejected)
        }
        command(
            "add map", map("firewall-ips", byAddress, "destinations that are subject to LoadBalancerSourceRanges"))
        rule("firewall-check", "\(key) @firewall-ips")
        command("add map", map("service-ips", byAddress, "ClusterIP, ExternalIP and LoadBalancer IP traffic"))
        command("add map", map("service-nodeports", byPort, "NodePort traffic"))
        if !isOld, let condition = masqueradedClusterTraffic {
            rule(
                "services", "\(ip) daddr @cluster-ips \(condition)mark set mark or \(mark)",
                cluster.settings.masqueradeAll
                    ? "masquerade all clusterIP traffic" : "masquerade clusterIP traffic from outside cluster")
        }
        rule("services", "\(key) @service-ips")
        let fib = nodePorts.matchesAll ? "fib daddr type local " : ""
        rule("services", "\(fib)\(toNode) meta l4proto . th dport vmap @service-nodeports")
        guard version.isUpTo(32) else { return }
        command("flush set", "cluster-ips")
        for map in [
            "service-ips", "firewall-ips", "no-endpoint-services", "no-endpoint-nodeports", "service-nodeports",
        ] {
            command("flush map", map)
        }
    }

    private var baseChains: [(name: String, braces: String)] {
        func base(_ name: String, _ type: String, _ hook: String, _ priority: Int) -> (String, String) {
            (name, " { type \(type) hook \(hook) priority \(priority) ; }")
        }
        let filter =
            version.isUpTo(32)
            ? [
                base("filter-prerouting", "filter", "prerouting", -110), base("filter-input", "filter", "input", -110),
                base("filter-forward", "filter", "forward", -110), base("filter-output", "filter", "output", -110),
                base("filter-output-post-dnat", "filter", "output", -90),
            ]
            : [
                base("filter-prerouting-pre-dnat", "filter", "prerouting", -110),
                base("filter-output-pre-dnat", "filter", "output", -110), base("filter-input", "filter", "input", 0),
                base("filter-forward", "filter", "forward", 0), base("filter-output", "filter", "output", 0),
            ]
        return filter + [
            base("nat-prerouting", "nat", "prerouting", -100), base("nat-output", "nat", "output", -100),
            base("nat-postrouting", "nat", "postrouting", 100),
        ]
    }

    private var jumps: [(String, [String])] {
        let early =
            version.isUpTo(32)
            ? ["filter-prerouting", "filter-output"] : ["filter-prerouting-pre-dnat", "filter-output-pre-dnat"]
        return [
            ("nodeport-endpoints-check", ["filter-input"]),
            ("service-endpoints-check", ["filter-input", "filter-forward", "filter-output"]),
            ("firewall-check", early), ("services", ["nat-output", "nat-prerouting"]),
            ("masquerading", ["nat-postrouting"]),
            (
                "cluster-ips-check",
                ["filter-forward", version.isUpTo(32) ? "filter-output-post-dnat" : "filter-output"]
            ),
        ]
    }

    private mutating func writeMasquerading() {
        if isOld {
            chain("mark-for-masquerade")
            rule("mark-for-masquerade", "mark set mark or \(mark)")
            rule("masquerading", "mark and \(mark) == 0 return")
            rule("masquerading", "mark set mark xor \(mark)")
            rule("masquerading", "masquerade fully-random")
            return
        }
        command(
            "add set",
            "hairpin-connections { type \(addr) . \(addr) . inet_proto . inet_service ; "
                + "comment \"service hairpin connections\" ; }")
        rule("masquerading", "mark and \(mark) != 0 mark set mark xor \(mark) masquerade fully-random")
        rule(
            "masquerading",
            "ct status dnat \(ip) saddr . \(ip) daddr . meta l4proto . th dport @hairpin-connections "
                + "masquerade fully-random")
    }

    private mutating func writeLocalhostRejects(_ rejected: [String]) {
        for proto in rejected {
            command("add counter", "localhost-nodeport-rejected-\(proto)")
            chain("localhost-nodeport-reject-\(proto)")
            rule("localhost-nodeport-reject-\(proto)", "counter name \"localhost-nodeport-rejected-\(proto)\" reject")
        }
        if rejected.isEmpty {
            command("delete map", "localhost-nodeport-reject-ports")
        } else {
            let loopback = ip == "ip" ? "ip daddr 127.0.0.0/8" : "ip6 daddr ::1"
            rule(
                "nodeport-endpoints-check",
                "\(loopback) meta l4proto . th dport vmap @localhost-nodeport-reject-ports")
        }
        for proto in ["tcp", "udp", "sctp"] where !rejected.contains(proto) {
            for verb in ["add chain", "delete chain"] { command(verb, "localhost-nodeport-reject-\(proto)") }
            for verb in ["add counter", "delete counter"] { command(verb, "localhost-nodeport-rejected-\(proto)") }
        }
    }

    /// The condition, with a blank behind it, under which traffic to cluster IPs is masqueraded; nil: never.
    private var masqueradedClusterTraffic: String? {
        cluster.settings.masqueradeAll ? "" : local.map { "\($0.other) " }
    }

    private var serviceRanges: [String] {
        let own = cluster.serviceCIDRs.flatMap { $0 }.filter { text in
            (ReferencePrefix(text)?.family ?? .ipv6) == cluster.settings.family
        }
        return uniqueSorted(own)
    }

    // MARK: Service ports

    mutating func write(_ port: ReferenceServicePort) {
        let names = ReferenceNftablesNames(port)
        let selection = port.selection
        let isSticky = port.affinityTimeout != nil
        let hasEndpointChains = isOld || isSticky
        for endpoint in selection.reached {
            if hasEndpointChains { chain(names.endpoint(endpoint)) }
            if !isOld, endpoint.isLocal {
                element(
                    "hairpin-connections", "\(endpoint.ip) . \(endpoint.ip) . \(port.proto) . \(endpoint.portNumber)")
            }
        }
        if !selection.cluster.isEmpty { chain(names.cluster) }
        if !selection.local.isEmpty { chain(names.local) }
        if port.usesExternalChain { chain(names.external) }
        writeElements(port, names)

        if isOld, port.acceptsInternal, let condition = masqueradedClusterTraffic {
            let match = version.isUpTo(33) ? "\(port.proto) dport \(port.port) " : ""
            rule(
                port.isInternalLocal ? names.local : names.cluster,
                "\(ip) daddr \(port.clusterIP) \(match)\(condition)jump mark-for-masquerade")
        }
        if port.usesExternalChain { writeExternalChain(port, names) }
        if usesFirewall(port) {
            var sources = port.sourceRanges.map(\.text)
            if port.sourceRanges.contains(where: { $0.contains(node.nodeIP) }) { sources += port.loadBalancerIPs }
            rule(names.firewall, "\(ip) saddr != { \(sources.joined(separator: " , ")) } drop")
        }
        if let timeout = port.affinityTimeout {
            for endpoint in selection.reached {
                command(
                    "add set",
                    "\(names.affinity(endpoint)) { type \(addr) ; flags dynamic,timeout ; timeout \(timeout)s ; }")
            }
        }
        writePolicy(names.cluster, selection.cluster, port, names)
        writePolicy(names.local, selection.local, port, names)
        guard hasEndpointChains else { return }
        for endpoint in selection.reached {
            if isOld { rule(names.endpoint(endpoint), "\(ip) saddr \(endpoint.ip) jump mark-for-masquerade") }
            if isSticky {
                rule(names.endpoint(endpoint), "update @\(names.affinity(endpoint)) { \(ip) saddr }")
            }
            rule(names.endpoint(endpoint), "meta l4proto \(port.proto) dnat to \(endpoint.text)")
        }
    }

    /// Source ranges are enforced without endpoints too.
    private func usesFirewall(_ port: ReferenceServicePort) -> Bool {
        !port.loadBalancerIPs.isEmpty && !port.sourceRanges.isEmpty
    }

    private mutating func writeElements(_ port: ReferenceServicePort, _ names: ReferenceNftablesNames) {
        let hasAny = port.selection.hasAny
        let refusal = hasAny ? "drop" : "goto reject-chain"
        func key(_ address: String) -> String { "\(address) . \(port.proto) . \(port.port)" }
        element("cluster-ips", port.clusterIP)
        if port.acceptsInternal {
            element(
                "service-ips", key(port.clusterIP), "goto \(port.isInternalLocal ? names.local : names.cluster)")
        } else {
            element("no-endpoint-services", key(port.clusterIP), refusal, comment: port.name)
        }
        for address in port.externalIPs {
            if hasAny { element("service-ips", key(address), "goto \(names.external)") }
            if !port.acceptsExternal {
                element("no-endpoint-services", key(address), refusal, comment: port.name)
            }
        }
        if usesFirewall(port) { chain(names.firewall) }
        for address in port.loadBalancerIPs {
            if hasAny { element("service-ips", key(address), "goto \(names.external)") }
            if usesFirewall(port) { element("firewall-ips", key(address), "goto \(names.firewall)") }
        }
        if !port.acceptsExternal {
            for address in port.loadBalancerIPs {
                element("no-endpoint-services", key(address), refusal, comment: port.name)
            }
        }
        guard port.nodePort != 0 else { return }
        let nodePort = "\(port.proto) . \(port.nodePort)"
        if nodePorts.rejected?.contains(port.proto) ?? false {
            element("localhost-nodeport-reject-ports", nodePort, "goto localhost-nodeport-reject-\(port.proto)")
        }
        if hasAny { element("service-nodeports", nodePort, "goto \(names.external)") }
        if !port.acceptsExternal { element("no-endpoint-nodeports", nodePort, refusal, comment: port.name) }
    }

    private mutating func writeExternalChain(_ port: ReferenceServicePort, _ names: ReferenceNftablesNames) {
        let masquerade = isOld ? "jump mark-for-masquerade" : "mark set mark or \(mark)"
        if port.isExternalLocal {
            if let local {
                rule(names.external, "\(local.own) goto \(names.cluster)", "short-circuit pod traffic")
            }
            rule(names.external, "fib saddr type local \(masquerade)", "masquerade local traffic")
            rule(names.external, "fib saddr type local goto \(names.cluster)", "short-circuit local traffic")
        } else {
            rule(names.external, masquerade, isOld ? nil : "masquerade")
        }
        if port.acceptsExternal {
            rule(names.external, "goto \(port.isExternalLocal ? names.local : names.cluster)")
        }
    }

    private mutating func writePolicy(
        _ chain: String, _ endpoints: [ReferenceEndpoint], _ port: ReferenceServicePort, _ names: ReferenceNftablesNames
    ) {
        if endpoints.isEmpty { return }
        let count = endpoints.count
        let isSticky = port.affinityTimeout != nil
        if isSticky {
            for endpoint in endpoints {
                rule(chain, "\(ip) saddr @\(names.affinity(endpoint)) goto \(names.endpoint(endpoint))")
            }
        }
        let numbered = endpoints.enumerated()
        if isOld || isSticky {
            let members = numbered.map { "\($0) : goto \(names.endpoint($1))" }.joined(separator: " , ")
            rule(chain, "numgen random mod \(count) vmap { \(members) }")
        } else if count == 1, !version.isUpTo(36) {
            rule(chain, "meta l4proto \(port.proto) dnat to \(endpoints[0].text)")
        } else {
            let members = numbered.map { "\($0) : \($1.ip) . \($1.portNumber)" }.joined(separator: " , ")
            rule(
                chain,
                "meta l4proto \(port.proto) dnat \(ip) addr . port to numgen random mod \(count) map { \(members) }")
        }
    }
}

extension ReferenceEndpoint {
    /// The port at the end of its text.
    var portNumber: String { String(text.split(separator: ":").last ?? "") }
}

/// The names of a service port's chains and sets.
struct ReferenceNftablesNames {
    private let base: String

    init(_ port: ReferenceServicePort) {
        base = "\(port.namespace)/\(port.service)/\(port.proto)/\(port.portName)"
    }

    private static func hashed(_ text: String) -> String {
        let name = chainHash(text).prefix(8) + "-" + text
        return name.utf8.count > 240 ? name.prefix(237) + "..." : String(name)
    }

    var cluster: String { "service-" + Self.hashed(base) }
    var local: String { "local-" + Self.hashed(base) }
    var external: String { "external-" + Self.hashed(base) }
    var firewall: String { "firewall-" + Self.hashed(base) }

    func endpoint(_ endpoint: ReferenceEndpoint) -> String { "endpoint-" + ending(endpoint) }

    func affinity(_ endpoint: ReferenceEndpoint) -> String { "affinity-" + ending(endpoint) }

    private func ending(_ endpoint: ReferenceEndpoint) -> String {
        let address = String(endpoint.ip.map { $0 == ":" ? "." : $0 })
        return Self.hashed("\(base)__\(address)/\(endpoint.portNumber)")
    }
}
