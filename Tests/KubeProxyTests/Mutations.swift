import KubeProxy
import NetAddress
import TestSupport

/// Which rules are meant, by their lines.
private struct RulePattern: Sendable {
    let fits: @Sendable (String) -> Bool

    init(_ fits: @escaping @Sendable (String) -> Bool) { self.fits = fits }
}

/// A kind of damage to a node's rules, or of change that does no damage.
struct Mutation: Sendable {
    typealias Identifier = AuditFinding.Identifier

    let name: String
    /// The identifiers that fit; none: the change is harmless.
    let ids: [Identifier]
    /// Changes the rules; gives the Service port that suffers (nil: all of them do), or `.notHere` where it does not apply.
    let apply: @Sendable (inout SavedRules, inout SeededGenerator) -> Outcome

    enum Outcome {
        case notHere
        case applied(SavedRules.Label?)
    }

    /// A change of one rule of a table, picked among those that are as wanted.
    private static func rule(
        _ name: String, _ table: String, _ ids: [Identifier], isOfService: Bool = true,
        where pattern: RulePattern,
        change: @escaping @Sendable (inout SavedRules, Int) -> Bool
    ) -> Mutation {
        Mutation(name: name, ids: ids) { rules, generator in
            let candidates = rules.rules(table, pattern.fits)
            guard !candidates.isEmpty else { return .notHere }
            let index = generator.pick(candidates)
            let label = isOfService ? rules.label(index) : nil
            guard change(&rules, index) else { return .notHere }
            return .applied(label)
        }
    }

    private static func isBalancing(_ line: String) -> Bool {
        (line.hasPrefix("-A KUBE-SVC-") || line.hasPrefix("-A KUBE-SVL-")) && line.contains(" -j KUBE-SEP-")
            && !line.contains("--rcheck")
    }

    private static func isOfFrontend(_ line: String) -> Bool {
        line.hasPrefix("-A KUBE-SERVICES -d ") && line.contains(" -j KUBE-")
    }

    static let endpoints: [Mutation] = [
        rule("balancing rule removed", "nat", [.missingEndpoint, .wrongWeight], where: RulePattern(isBalancing)) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        rule("endpoint's chain removed", "nat", [.missingEndpoint], where: RulePattern(isBalancing)) { rules, index in
            guard let chain = rules.target(index) else { return false }
            rules.lines.removeAll {
                $0.hasSuffix("-j \(chain)") || $0.hasPrefix("-A \(chain) ") || $0.hasPrefix(":\(chain) ")
            }
            return true
        },
        rule("endpoint added", "nat", [.staleEndpoint], where: RulePattern(isBalancing)) { rules, index in
            let chain = "KUBE-SEP-AAAAAAAAAAAAAAAA"
            let address = rules.plan.settings.family == .ipv4 ? "203.0.113.99:80" : "[2001:db8:ffff::99]:80"
            let jump = "-A \(rules.chain(index)) -m statistic --mode random --probability 0.50000000000 -j \(chain)"
            rules.lines.insert(jump, at: index)
            rules.lines.insert("-A \(chain) -p tcp -m tcp -j DNAT --to-destination \(address)", at: index)
            rules.lines.insert(":\(chain) - [0:0]", at: rules.range("nat").lowerBound + 1)
            return true
        },
        rule(
            "translation to another address", "nat", [.staleEndpoint, .missingEndpoint],
            where: RulePattern { $0.contains("-j DNAT") }
        ) {
            rules, index in
            let port = rules.lines[index].split(separator: ":").last ?? "80"
            let address = rules.plan.settings.family == .ipv4 ? "203.0.113.99" : "[2001:db8:ffff::99]"
            let line = rules.lines[index]
            guard let range = line.firstRange(of: "--to-destination ") else { return false }
            rules.lines[index] = line[..<range.upperBound] + "\(address):\(port)"
            return true
        },
        rule(
            "translation to another port", "nat", [.staleEndpoint, .missingEndpoint],
            where: RulePattern { $0.contains("-j DNAT") }
        ) {
            rules, index in
            rules.lines[index] += "9"
            return !rules.lines[index].hasSuffix("99999")
                && (Int(rules.lines[index].split(separator: ":").last ?? "") ?? 0) < 65_536
        },
        rule(
            "chance changed", "nat", [.wrongWeight],
            where: RulePattern { isBalancing($0) && $0.contains("--probability") }
        ) {
            rules, index in
            rules.lines[index].replace(/--probability [0-9.]+/, with: "--probability 0.01000000024")
            return true
        },
        rule(
            "chance removed", "nat", [.wrongWeight, .missingEndpoint],
            where: RulePattern { isBalancing($0) && $0.contains("--probability") }
        ) {
            rules, index in
            rules.lines[index].replace(/\ -m statistic --mode random --probability [0-9.]+/, with: "")
            return true
        },
        rule(
            "balancing rules swapped", "nat", [.wrongWeight, .missingEndpoint],
            where: RulePattern { isBalancing($0) && $0.contains("--probability") }
        ) {
            rules, index in
            rules.lines.swapAt(index, index + 1)
            return isBalancing(rules.lines[index])
        },
        rule("affinity's seconds changed", "nat", [.wrongAffinity], where: RulePattern { $0.contains("--rcheck") }) {
            rules, index in
            rules.lines[index].replace(/--seconds [0-9]+/, with: "--seconds 7")
            return true
        },
        rule("client not remembered", "nat", [.wrongAffinity], where: RulePattern { $0.contains("-m recent --set") }) {
            rules, index in
            rules.lines[index].replace(/\ -m recent --set --name [^ ]+ --mask [^ ]+ --rsource/, with: "")
            return true
        },
    ]

    static let masquerading: [Mutation] = [
        rule(
            "hairpin rule removed", "nat", [.wrongMasquerade],
            where: RulePattern { $0.hasPrefix("-A KUBE-SEP-") && $0.hasSuffix("-j KUBE-MARK-MASQ") }
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        rule("cluster IP's masquerade removed", "nat", [.wrongMasquerade], where: RulePattern(isClusterMasquerade)) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        rule(
            "cluster IP's masquerade of others", "nat", [.wrongMasquerade],
            where: RulePattern { isClusterMasquerade($0) && $0.contains(" ! -s ") }
        ) {
            rules, index in
            let range = rules.plan.settings.family == .ipv4 ? "198.18.0.0/15" : "2001:db8:eeee::/48"
            rules.lines[index].replace(/! -s [^ ]+/, with: "! -s \(range)")
            return true
        },
        rule(
            "outside traffic's masquerade removed", "nat", [.wrongMasquerade],
            where: RulePattern { $0.hasPrefix("-A KUBE-EXT-") && $0.hasSuffix("-j KUBE-MARK-MASQ") }
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        rule(
            "mark set differently", "nat", [.wrongMark], isOfService: false,
            where: RulePattern { $0.hasPrefix("-A KUBE-MARK-MASQ") }
        ) {
            rules, index in
            rules.lines[index] = "-A KUBE-MARK-MASQ -j MARK --set-xmark 0x123/0x123"
            return true
        },
        rule(
            "mark looked for differently", "nat", [.wrongMark], isOfService: false,
            where: RulePattern { $0.contains("-m mark ! --mark") }
        ) {
            rules, index in
            rules.lines[index].replace(/--mark [^ ]+/, with: "--mark 0x123/0x123")
            return true
        },
        rule(
            "MASQUERADE removed", "nat", [.wrongMasquerade], isOfService: false,
            where: RulePattern { $0.contains("-j MASQUERADE") }
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
    ]

    private static func isClusterMasquerade(_ line: String) -> Bool {
        (line.hasPrefix("-A KUBE-SVC-") || line.hasPrefix("-A KUBE-SVL-")) && line.hasSuffix("-j KUBE-MARK-MASQ")
    }

    static let frontends: [Mutation] = [
        rule("frontend removed", "nat", [.wrongAddress, .missingService], where: RulePattern(isOfFrontend)) {
            rules, index in
            rules.removeAll(like: index)
            return true
        },
        rule("frontend at another address", "nat", [.wrongAddress, .missingService], where: RulePattern(isOfFrontend)) {
            rules, index in
            let address = rules.plan.settings.family == .ipv4 ? "203.0.113.254/32" : "2001:db8:ffff::254/128"
            let old = rules.lines[index]
            rules.lines[index].replace(/-d [^ ]+/, with: "-d \(address)")
            return !rules.lines.contains(old)
        },
        rule("frontend at another port", "nat", [.wrongAddress, .missingService], where: RulePattern(isOfFrontend)) {
            rules, index in
            let old = rules.lines[index]
            rules.lines[index].replace(/--dport [0-9]+/, with: "--dport 7")
            return !rules.lines.contains(old)
        },
        Mutation(name: "frontend to another Service", ids: [.wrongAddress, .missingService, .wrongPolicy]) {
            rules, generator in
            let candidates = rules.rules("nat", isOfFrontend)
            guard candidates.count > 1 else { return .notHere }
            let index = generator.pick(candidates)
            let label = rules.label(index)
            guard let other = candidates.first(where: { rules.label($0) != label }),
                let target = rules.target(other),
                let own = rules.target(index)
            else { return .notHere }
            let old = rules.lines[index]
            rules.replace(index, "-j \(own)", "-j \(target)")
            return rules.lines.contains(old) ? .notHere : .applied(label)
        },
        rule(
            "node port removed", "nat", [.wrongAddress],
            where: RulePattern { $0.hasPrefix("-A KUBE-NODEPORTS ") && !$0.contains("nfacct") }
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        Mutation(name: "node ports no longer last", ids: [.wrongOrder]) { rules, _ in
            let all = rules.rules("nat") { $0.hasPrefix("-A KUBE-SERVICES ") }
            guard let tail = all.last, rules.lines[tail].hasSuffix("-j KUBE-NODEPORTS"),
                let first = all.first(where: { !rules.lines[$0].hasSuffix("-j KUBE-NODEPORTS") })
            else { return .notHere }
            rules.lines.insert(rules.lines.remove(at: tail), at: first)
            return .applied(nil)
        },
        rule(
            "source range removed", "nat", [.wrongSourceRange],
            where: RulePattern { $0.hasPrefix("-A KUBE-FW-") && $0.contains(" -s ") }
        ) {
            rules, index in
            rules.removeAll(like: index)
            return true
        },
        rule(
            "source range changed", "nat", [.wrongSourceRange],
            where: RulePattern { $0.hasPrefix("-A KUBE-FW-") && $0.contains(" -s ") }
        ) {
            rules, index in
            let range = rules.plan.settings.family == .ipv4 ? "198.18.0.0/15" : "2001:db8:eeee::/48"
            rules.lines[index].replace(/-s [^ ]+/, with: "-s \(range)")
            return true
        },
        rule(
            "source range added", "nat", [.wrongSourceRange],
            where: RulePattern { $0.hasPrefix("-A KUBE-FW-") && $0.contains(" -s ") }
        ) {
            rules, index in
            let range = rules.plan.settings.family == .ipv4 ? "198.18.0.0/15" : "2001:db8:eeee::/48"
            rules.lines.insert(rules.lines[index].replacing(/-s [^ ]+/, with: "-s \(range)"), at: index)
            return true
        },
        rule(
            "external policy widened", "nat", [.wrongPolicy],
            where: RulePattern { $0.hasPrefix("-A KUBE-EXT-") && $0.contains(" -j KUBE-SVL-") }
        ) {
            rules, index in
            rules.replace(index, "-j KUBE-SVL-", "-j KUBE-SVC-")
            return true
        },
    ]

    static let verdicts: [Mutation] = [
        rule(
            "refusal removed", "filter", [.wrongVerdict, .missingService],
            where: RulePattern { $0.contains("-j REJECT") }
        ) {
            rules, index in
            rules.removeAll(like: index)
            return true
        },
        rule(
            "drop without local endpoints removed", "filter", [.wrongVerdict, .missingService],
            where: RulePattern { $0.contains("has no local endpoints") }
        ) {
            rules, index in
            rules.removeAll(like: index)
            return true
        },
        rule(
            "drop outside source ranges removed", "filter", [.wrongVerdict],
            where: RulePattern { $0.hasPrefix("-A KUBE-PROXY-FIREWALL") }
        ) {
            rules, index in
            rules.removeAll(like: index)
            return true
        },
        Mutation(name: "health check's rule removed", ids: [.wrongVerdict, .missingService]) { rules, generator in
            let candidates = rules.rules("filter") { $0.hasPrefix("-A KUBE-NODEPORTS") }
            guard !candidates.isEmpty else { return .notHere }
            let index = generator.pick(candidates)
            guard
                let port = rules.plan.servicePorts.first(
                    where: {
                        rules.lines[index].contains(" --dport \($0.healthCheckNodePort) ")
                    })
            else { return .notHere }
            rules.removeAll(like: index)
            return .applied(.init(servicePort: port.name.description, transport: "\(port.name.transport.name)"))
        },
    ]

    static let structure: [Mutation] = [
        rule(
            "jump of a built-in chain removed", "filter", [.missingJump], isOfService: false,
            where: RulePattern(isBuiltInJump)
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        rule(
            "jump of a built-in nat chain removed", "nat", [.missingJump], isOfService: false,
            where: RulePattern(isBuiltInJump)
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        rule(
            "forwarding rule removed", "filter", [.missingRule, .wrongMark], isOfService: false,
            where: RulePattern { $0.hasPrefix("-A KUBE-FORWARD") }
        ) {
            rules, index in
            rules.lines.remove(at: index)
            return true
        },
        Mutation(name: "Service removed", ids: [.missingService]) { rules, generator in
            let candidates = rules.rules("nat", isOfFrontend)
            guard !candidates.isEmpty else { return .notHere }
            let label = rules.label(generator.pick(candidates))
            let gone = Set(rules.lines.indices.filter { rules.lines[$0].hasPrefix("-A ") && rules.label($0) == label })
            let chains = Set(
                gone.map { rules.chain($0) }.filter { $0.contains("-S") || $0.contains("EXT-") || $0.contains("FW-") }
            )
            .filter { $0.count == 25 || $0.count == 24 }
            // A health-check rule of a Service with several ports belongs to them all.
            guard !gone.contains(where: { rules.lines[$0].contains("health check") }) else {
                return .notHere
            }
            rules.lines = rules.lines.enumerated().filter { index, line in
                !gone.contains(index) && !chains.contains { line.hasPrefix(":\($0) ") }
            }.map(\.element)
            return .applied(label)
        },
        Mutation(name: "Service added", ids: [.extraService]) { rules, _ in
            guard let last = rules.rules("nat", { $0.hasPrefix("-A KUBE-SERVICES ") }).last else { return .notHere }
            let isIPv4 = rules.plan.settings.family == .ipv4
            let chain = "KUBE-SVC-BBBBBBBBBBBBBBBB"
            let address = isIPv4 ? "10.255.255.9/32" : "fd00:ffff::9/128"
            rules.lines.insert(
                "-A KUBE-SERVICES -d \(address) -p tcp -m comment --comment \"gone/gone:http cluster IP\" -m tcp --dport 80 -j \(chain)",
                at: last)
            rules.lines.insert(":\(chain) - [0:0]", at: rules.range("nat").lowerBound + 1)
            return .applied(.init(servicePort: "gone/gone:http", transport: "tcp"))
        },
        Mutation(name: "orphaned chain left", ids: [.orphanedChain]) { rules, _ in
            let start = rules.range("nat")
            rules.lines.insert(
                "-A KUBE-SEP-CCCCCCCCCCCCCCCC -p tcp -m tcp -j DNAT --to-destination "
                    + (rules.plan.settings.family == .ipv4 ? "10.9.9.9:80" : "[fd00::9]:80"), at: start.upperBound)
            rules.lines.insert(":KUBE-SEP-CCCCCCCCCCCCCCCC - [0:0]", at: start.lowerBound + 1)
            return .applied(nil)
        },
        rule(
            "jump to a chain that is not there", "nat", [.missingTargetChain, .missingEndpoint],
            where: RulePattern(isBalancing)
        ) {
            rules, index in
            guard let target = rules.target(index) else { return false }
            rules.replace(index, target, "KUBE-SEP-DDDDDDDDDDDDDDDD")
            return true
        },
        Mutation(name: "foreign ACCEPT ahead in nat", ids: [.foreignRule]) { rules, generator in
            guard !rules.plan.servicePorts.isEmpty else { return .notHere }
            let port = generator.pick(Array(rules.plan.servicePorts))
            guard let first = rules.rules("nat", { $0.hasPrefix("-A PREROUTING ") }).first else { return .notHere }
            rules.lines.insert(
                "-A PREROUTING -d \(port.clusterIP) -p \(port.name.transport.name) -j ACCEPT", at: first)
            // Several ports of one address and protocol are hit alike; the first is named.
            let hit = rules.plan.servicePorts.first { other in
                other.name.transport == port.name.transport
                    && ([other.clusterIP] + other.externalIPs + other.loadBalancerIPs).contains(port.clusterIP)
            }
            return .applied(
                hit.map { .init(servicePort: $0.name.description, transport: "\($0.name.transport.name)") })
        },
        Mutation(name: "foreign DROP ahead in filter", ids: [.foreignRule]) { rules, generator in
            let ports = rules.plan.servicePorts.filter { $0.clusterCount > 0 }
            guard !ports.isEmpty else { return .notHere }
            let port = generator.pick(ports)
            guard let endpoint = port.endpoints.first(where: \.isReachable),
                let first = rules.rules("filter", { $0.hasPrefix("-A FORWARD ") }).first
            else { return .notHere }
            rules.lines.insert("-A FORWARD -d \(endpoint.address) -j DROP", at: first)
            let hit = rules.plan.servicePorts.first { other in
                other.endpoints.contains { $0.isReachable && $0.address == endpoint.address }
                    || ([other.clusterIP] + other.externalIPs + other.loadBalancerIPs).contains(endpoint.address)
            }
            return .applied(
                hit.map { .init(servicePort: $0.name.description, transport: "\($0.name.transport.name)") })
        },
        Mutation(name: "both backends", ids: [.bothBackends]) { rules, _ in
            rules.otherBackend = ["*nat", ":KUBE-SERVICES - [0:0]", "COMMIT"]
            return .applied(nil)
        },
    ]

    private static func isBuiltInJump(_ line: String) -> Bool {
        ["INPUT", "FORWARD", "OUTPUT", "PREROUTING", "POSTROUTING"].contains { line.hasPrefix("-A \($0) ") }
    }

    static let harmful = endpoints + masquerading + frontends + verdicts + structure
}
