import KubeProxy
import NetAddress
import TestSupport

extension Mutation {
    /// Changes that no packet notices.
    static let harmless: [Mutation] = [
        Mutation(name: "comment altered", ids: []) { rules, generator in
            let candidates = rules.rules("nat") { $0.contains("--comment \"") }
            guard !candidates.isEmpty else { return .notHere }
            rules.lines[generator.pick(candidates)].replace(/--comment "[^"]*"/, with: "--comment \"something else\"")
            return .applied(nil)
        },
        Mutation(name: "all comments removed", ids: []) { rules, _ in
            rules.lines = rules.lines.map { SavedRules.withoutComment($0) }
            return .applied(nil)
        },
        Mutation(name: "counters altered", ids: []) { rules, generator in
            rules.lines = rules.lines.map { line in
                if line.hasPrefix("-A ") {
                    return "[\(generator.number(in: 0...99)):\(generator.number(in: 0...9999))] \(line)"
                }
                return line.hasPrefix(":") ? line.replacing("[0:0]", with: "[5:300]") : line
            }
            return .applied(nil)
        },
        Mutation(name: "frontends of Services swapped", ids: []) { rules, generator in
            let all = rules.rules("nat") { $0.hasPrefix("-A KUBE-SERVICES -d ") }
            guard all.count > 1 else { return .notHere }
            let (one, other) = (generator.pick(all), generator.pick(all))
            func key(_ index: Int) -> Substring {
                rules.lines[index].prefix { $0 != "\"" } + rules.lines[index].suffix(70)
            }
            guard key(one) != key(other), rules.label(one) != nil, rules.label(other) != nil,
                rules.label(one) != rules.label(other)
            else { return .notHere }
            rules.lines.swapAt(one, other)
            return .applied(nil)
        },
        Mutation(name: "order of chains reversed", ids: []) { rules, _ in
            let range = rules.range("nat")
            let body = rules.lines[(range.lowerBound + 1)..<range.upperBound]
            let declarations = body.filter { $0.hasPrefix(":") }
            let chains = declarations.map { String($0.dropFirst().prefix { $0 != " " }) }
            let reversed = chains.reversed().flatMap { chain in body.filter { $0.hasPrefix("-A \(chain) ") } }
            rules.lines.replaceSubrange(
                (range.lowerBound + 1)..<range.upperBound, with: declarations.reversed() + reversed)
            return .applied(nil)
        },
        Mutation(name: "rules spelled otherwise", ids: []) { rules, _ in
            // In IPv6 a range of 32 bits is no single address.
            let single = rules.plan.settings.family == .ipv4 ? "/32 " : "/128 "
            rules.lines = rules.lines.map { line in
                line.replacing(/-j MARK --set-xmark (0x[0-9a-f]+)\/0x0/, with: { "-j MARK --xor-mark \($0.output.1)" })
                    .replacing(" -j ", with: " --jump ").replacing(" -p tcp ", with: " --protocol 6 ")
                    .replacing(single, with: " ").replacing("RELATED,ESTABLISHED ", with: "ESTABLISHED,RELATED ")
            }
            return .applied(nil)
        },
        Mutation(name: "blank and comment lines added", ids: []) { rules, _ in
            rules.lines = rules.lines.flatMap { ["", "# a remark", $0] }
            return .applied(nil)
        },
        Mutation(name: "canaries and kubelet's chains added", ids: []) { rules, _ in
            for table in ["filter", "nat"] {
                let start = rules.range(table)
                for chain in ["KUBE-PROXY-CANARY", "KUBE-KUBELET-CANARY", "KUBE-IPTABLES-HINT", "KUBE-MARK-DROP"] {
                    rules.lines.insert(":\(chain) - [0:0]", at: start.lowerBound + 1)
                }
            }
            return .applied(nil)
        },
        Mutation(name: "a container engine's chains added", ids: []) { rules, _ in
            let isIPv4 = rules.plan.settings.family == .ipv4
            let (network, host, loopback) =
                isIPv4
                ? ("172.17.0.0/16", "172.17.0.2:8080", "127.0.0.0/8") : ("fd99::/64", "[fd99::2]:8080", "::1/128")
            let nat = rules.range("nat")
            rules.lines.insert(
                contentsOf: [
                    "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                    "-A OUTPUT ! -d \(loopback) -m addrtype --dst-type LOCAL -j DOCKER",
                    "-A POSTROUTING -s \(network) ! -o docker0 -j MASQUERADE",
                    "-A DOCKER -i docker0 -j RETURN",
                    "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination \(host)",
                ],
                at: rules.rules("nat") { $0.hasPrefix("-A PREROUTING ") }.first ?? nat.upperBound)
            rules.lines.insert(":DOCKER - [0:0]", at: nat.lowerBound + 1)
            let filter = rules.range("filter")
            rules.lines.insert(
                contentsOf: [
                    "-A INPUT -i lo -j ACCEPT",
                    "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                    "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT", "-A FORWARD -j DOCKER-USER",
                    "-A DOCKER-USER -j RETURN",
                ],
                at: rules.rules("filter") { $0.hasPrefix("-A INPUT ") }.first ?? filter.upperBound)
            rules.lines.insert(":DOCKER-USER - [0:0]", at: filter.lowerBound + 1)
            return .applied(nil)
        },
    ]
}
