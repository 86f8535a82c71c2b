import Foundation
import KubeProxy
import TestSupport
import Testing

/// The demo cluster's worker-1 in IPVS mode, as programs show it.
enum IPVSTexts {
    static let snapshot = (try? String(contentsOfFile: fixtures + "/demo/cluster.json", encoding: .utf8)) ?? ""
    static let options = ["--node", "worker-1", "--proxy-mode", "ipvs"]

    /// What programs print on a healthy node.
    enum Kind: Hashable, Sendable {
        case servers, list, sets, rules, addresses, setup
    }

    static let healthy: [Kind: String] = (try? texts()) ?? [:]

    /// The demo cluster's node as kube-proxy leaves it.
    static func texts(_ made: [String] = ["--cluster-cidr", "10.244.0.0/16"]) throws -> [Kind: String] {
        let state = try IPVSPlan(plan([snapshot], options + made))
        let servers = state.text(.ipvsadm)
        var rules = state.text(.save)
        let setup = state.text(.setup)
        // kube-proxy inserts its jumps at the top, in this order.
        for (table, chains) in [
            ("nat", ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"]), ("filter", ["INPUT", "FORWARD", "OUTPUT"]),
        ] {
            let jumps = setup.split(separator: "\n").filter { $0.hasPrefix("iptables -t \(table) -I ") }
                .map { "-A " + $0.dropFirst("iptables -t \(table) -I ".count) + "\n" }
            let builtIn = chains.map { ":\($0) ACCEPT [0:0]\n" }
            rules = rules.replacing("*\(table)\n", with: "*\(table)\n" + builtIn.joined())
            let own = rules.ranges(of: "*\(table)\n")[0].upperBound
            let first = try #require(rules[own...].range(of: "\n-A "))
            rules.insert(contentsOf: jumps.reversed().joined(), at: rules.index(after: first.lowerBound))
        }
        return [
            .servers: servers, .list: list(servers), .sets: state.text(.ipset), .rules: rules,
            .addresses: state.text(.addresses).split(separator: "\n").map {
                "5: kube-ipvs0    inet \($0) scope global kube-ipvs0\\       valid_lft forever preferred_lft forever\n"
            }.joined(),
            .setup: setup,
        ]
    }

    /// As `ipvsadm -Ln` lists it.
    private static func list(_ servers: String) -> String {
        var list = """
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn

            """
        for line in servers.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words[0] == "-A" {
                let name = ["-t": "TCP", "-u": "UDP"][words[1]] ?? "SCTP"
                let affinity = words.count > 6 ? " persistent \(words[6])" : ""
                list += "\(name)  \(words[2]) \(words[4])\(affinity)\n"
            } else {
                list += "  -> \(words[4])               Masq    \(words[7])      0          0         \n"
            }
        }
        return list
    }
}
