/// Which of a node's addresses take node ports, by version.
struct ReferenceNodePorts {
    /// Every local address takes node ports.
    let matchesAll: Bool
    /// The local addresses that take node ports, in byte order, unless all do.
    let addresses: [String]
    /// Node ports are reachable from 127.0.0.0/8, guarded by KUBE-FIREWALL: from 1.27.
    let localhost: Bool
    /// The loopback range that the last rule of KUBE-SERVICES leaves out where every address takes node ports.
    let exception: String?
    /// Whether node ports get rules at all: up to 1.26 only where some address takes them.
    let hasRules: Bool

    init(texts: [String], settings: ClusterDescription.Settings, host: [ReferenceAddress], version: ReferenceVersion) {
        let isIPv4 = settings.family == .ipv4
        let zero = isIPv4 ? "0.0.0.0/0" : "::/0"
        var prefixes = texts.compactMap { ReferencePrefix($0) }.filter { $0.family == settings.family }
        if prefixes.isEmpty { prefixes = [ReferencePrefix(zero)!] }
        matchesAll = prefixes.contains { version.isUpTo(33) ? $0.given == zero : $0.length == 0 }

        // 1.27 takes no address from a zero prefix that is spelled in another way.
        let contributing = version.minor == 27 ? prefixes.filter { $0.length != 0 } : prefixes
        let candidates = host.filter { address in contributing.contains { $0.contains(address) } }
        hasRules = !version.isUpTo(26) || matchesAll || !candidates.isEmpty

        let localhost = isIPv4 && settings.localhostNodePorts && Self.containLoopback(prefixes)
        self.localhost = localhost && !version.isUpTo(26)
        let loopback = isIPv4 ? "127.0.0.0/8" : "::1/128"
        let allowsLoopback: Bool
        if version.isUpTo(25) {
            allowsLoopback = true
        } else if version.isUpTo(26) {
            allowsLoopback = isIPv4 && settings.localhostNodePorts
        } else {
            allowsLoopback = localhost
        }
        exception = allowsLoopback ? nil : loopback
        let listed = candidates.filter { !$0.isLoopback || allowsLoopback }
        addresses = matchesAll ? [] : uniqueSorted(listed.map(\.text))
    }

    /// A prefix up to the first zero prefix is inside 127.0.0.0/8 or contains its network address.
    private static func containLoopback(_ prefixes: [ReferencePrefix]) -> Bool {
        for prefix in prefixes {
            if prefix.network.isLoopback || prefix.contains(ReferenceAddress(octets: [127, 0, 0, 0])) { return true }
            if prefix.length == 0 { break }
        }
        return false
    }
}
