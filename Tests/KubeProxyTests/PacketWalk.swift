import NetAddress
import TestSupport

/// The first packet of a connection.
struct TestPacket {
    var source: IPAddress
    var destination: IPAddress
    var port: UInt16
    let transport: String
    /// The interface that it comes in by; empty for the node's own.
    let interface: String
    let isSourceLocal: Bool
    var isDestinationLocal: Bool
}

/// What the rules make of a packet: found by reading kube-proxy's text word by word, with the built-in chains' jumps as
/// kube-proxy makes them.
struct PacketFate: Hashable {
    enum End: Hashable {
        case passes, drop, reject
    }

    var end: End
    /// The endpoint that the destination becomes; nil: it stays.
    var endpoint: String?
    var isMasqueraded = false
}

/// Sends packets through a text for iptables-restore, in all ways that chance allows.
struct PacketWalk {
    private let rules: [String: [String: [[String]]]]
    private let hostAddresses: Set<String>

    init(_ text: String, hostAddresses: [IPAddress]) throws {
        var rules: [String: [String: [[String]]]] = [:]
        for table in try RuleText(text).tables {
            for rule in table.rules {
                rules[table.name, default: [:]][rule.chain, default: []].append(RuleText.words(of: rule.line) ?? [])
            }
        }
        self.rules = rules
        self.hostAddresses = Set(hostAddresses.map(\.description))
    }

    /// The order in which built-in chains of the filter table jump: each jump is put at the top, so the last comes first.
    private static let filterJumps = [
        "INPUT": ["KUBE-FIREWALL", "KUBE-PROXY-FIREWALL", "KUBE-NODEPORTS", "KUBE-EXTERNAL-SERVICES"],
        "FORWARD": ["KUBE-PROXY-FIREWALL", "KUBE-FORWARD", "KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES"],
        "OUTPUT": ["KUBE-FIREWALL", "KUBE-PROXY-FIREWALL", "KUBE-SERVICES"],
    ]

    func fates(of packet: TestPacket) -> Set<PacketFate> {
        var fates: Set<PacketFate> = []
        for way in walk("nat", "KUBE-SERVICES", State(packet: packet)) {
            var state = way.state
            let isLocal = state.endpoint == nil ? packet.isDestinationLocal : isHost(state)
            state.packet.isDestinationLocal = isLocal
            let hooks =
                packet.isSourceLocal ? (isLocal ? ["OUTPUT", "INPUT"] : ["OUTPUT"]) : [isLocal ? "INPUT" : "FORWARD"]
            var end = PacketFate.End.passes
            for hook in hooks where end == .passes {
                jumps: for chain in Self.filterJumps[hook] ?? [] {
                    // No rule of the filter table leaves anything to chance.
                    switch walk("filter", chain, state).first?.verdict {
                    case "DROP": end = .drop
                    case "REJECT": end = .reject
                    case "ACCEPT": break
                    default: continue
                    }
                    break jumps
                }
            }
            let leaves = packet.isSourceLocal || !isLocal
            let isMasqueraded =
                end == .passes && leaves && walk("nat", "KUBE-POSTROUTING", state).first?.verdict == "MASQUERADE"
            fates.insert(PacketFate(end: end, endpoint: state.endpoint, isMasqueraded: isMasqueraded))
        }
        return fates
    }

    private func isHost(_ state: State) -> Bool { hostAddresses.contains(state.packet.destination.description) }

    private struct State {
        var packet: TestPacket
        var mark: UInt32 = 0
        var endpoint: String?
    }

    /// Goes through a chain; the verdict is nil where the chain's end is reached.
    private func walk(_ table: String, _ chain: String, _ start: State) -> [(verdict: String?, state: State)] {
        var done: [(verdict: String?, state: State)] = []
        var pending = [start]
        for words in rules[table]?[chain] ?? [] {
            var next: [State] = []
            for state in pending {
                guard matches(words, state) else {
                    next.append(state)
                    continue
                }
                if let chance = words.firstIndex(of: "--probability"), words[chance + 1] != "1.0000000000" {
                    next.append(state)
                }
                guard let option = words.firstIndex(of: "-j") else {
                    next.append(state)
                    continue
                }
                var changed = state
                switch words[option + 1] {
                case "MARK":
                    let value = UInt32(words[option + 3].dropFirst(2), radix: 16) ?? 0
                    changed.mark = words[option + 2] == "--or-mark" ? state.mark | value : state.mark ^ value
                    next.append(changed)
                case "DNAT":
                    changed.endpoint = words[option + 3]
                    let parts = words[option + 3].split(separator: ":")
                    let host = parts.dropLast().joined(separator: ":").filter { !"[]".contains($0) }
                    // An IPv6 address keeps the empty groups that splitting drops.
                    let address = IPAddress(host) ?? IPAddress(Self.host(of: words[option + 3]))
                    changed.packet.destination = address ?? state.packet.destination
                    changed.packet.port = parts.last.flatMap { UInt16($0) } ?? 0
                    done.append(("DNAT", changed))
                case "RETURN": done.append((nil, changed))
                case let verdict where !verdict.hasPrefix("KUBE-"): done.append((verdict, changed))
                case let target:
                    for way in walk(table, target, changed) {
                        if way.verdict == nil { next.append(way.state) } else { done.append(way) }
                    }
                }
            }
            pending = next
        }
        return done + pending.map { (nil, $0) }
    }

    private static func host(of endpoint: String) -> String {
        String(endpoint[..<(endpoint.lastIndex(of: ":") ?? endpoint.endIndex)].filter { !"[]".contains($0) })
    }

    /// Whether all conditions of a rule hold.
    private func matches(_ words: [String], _ state: State) -> Bool {
        let packet = state.packet
        var index = 2
        while index < words.count, words[index] != "-j" {
            let isNegated = words[index] == "!"
            if isNegated { index += 1 }
            let option = words[index]
            let value = index + 1 < words.count ? words[index + 1] : ""
            index += 2
            let holds: Bool
            switch option {
            case "-m", "--comment", "--name", "--seconds", "--nfacct-name", "--mode", "--probability": continue
            case "--reap", "--set":
                index -= 1
                continue
            case "--rcheck": return false
            case "-p": holds = packet.transport == value
            case "-d": holds = Self.contains(value, packet.destination)
            case "-s": holds = Self.contains(value, packet.source)
            case "--dport": holds = String(packet.port) == value
            case "-i":
                holds = value.hasSuffix("+") ? packet.interface.hasPrefix(value.dropLast()) : packet.interface == value
            case "--src-type": holds = packet.isSourceLocal
            case "--dst-type": holds = packet.isDestinationLocal
            case "--mark": holds = state.mark != 0
            case "--ctstate": holds = value.contains("DNAT") && state.endpoint != nil
            default: preconditionFailure("no rule of kube-proxy's has \(option)")
            }
            if holds == isNegated { return false }
        }
        return true
    }

    private static func contains(_ range: String, _ address: IPAddress) -> Bool {
        (IPPrefix(range) ?? IPAddress(range).map { IPPrefix(single: $0) })?.contains(address) ?? false
    }
}
