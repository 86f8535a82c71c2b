import Foundation

/// How iptables hands rules to the kernel.
enum Backend: String, CaseIterable, Sendable {
    case nft, legacy
}

/// Runs scripts in a network namespace of their own, which goes when they end.
enum Isolation {
    /// Why no rules can be loaded here; nil if they can.
    static let obstacle: String? = {
        var reason: String?
        if getuid() != 0 { reason = "only root may make network namespaces" }
        for backend in Backend.allCases {
            for family in ["iptables", "ip6tables"] {
                let program = "\(family)-\(backend.rawValue)-restore"
                if Program.installed(program) == nil { reason = reason ?? "\(program) is not installed" }
            }
        }
        for program in ["unshare", "nfacct", "ip", "python3"] where Program.installed(program) == nil {
            reason = reason ?? "\(program) is not installed"
        }
        if reason == nil, let result = try? run("true"), result.ending != .exit(0) {
            reason = "unshare -n fails: \(result.errorText)"
        }
        if let reason { print("Skipped: nothing is loaded into a kernel, for \(reason).") }
        return reason
    }()

    /// Runs a shell script that finds the tool's path in `$KUBECHAINS` and the arguments in `$1`, `$2` and so on.
    ///
    /// - Parameter hasOwnMounts: whether it has a mount namespace of its own too, with an empty `/run`, and so an xtables
    ///   lock that it shares with nobody.
    static func run(
        _ script: String, _ arguments: [String] = [], input: [UInt8] = [], hasOwnMounts: Bool = false,
        secondsAllowed: Double = 120
    ) throws -> Program.Result {
        let flags = hasOwnMounts ? ["-n", "-m"] : ["-n"]
        let script = hasOwnMounts ? "mount -t tmpfs tmpfs /run && " + script : script
        return try Program(
            executable: "/usr/bin/env", arguments: ["unshare"] + flags + ["sh", "-c", script, "sh"] + arguments,
            input: input, environment: ["KUBECHAINS": Tool.path], secondsAllowed: secondsAllowed
        ).run()
    }
}

/// What iptables-save prints, without remarks and the counters of chains, which change from run to run.
func stableLines(_ saved: String) -> [String] {
    saved.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { line in
        line.hasPrefix(":") ? String(line.prefix { $0 != "[" }) : String(line)
    }
}

/// The lines by table and chain, for backends that list chains in the order in which they were made.
func linesByChain(_ saved: String) -> [String: [String]] {
    var chains: [String: [String]] = [:]
    var table = ""
    for line in stableLines(saved) {
        if line.hasPrefix("*") { table = line }
        guard line.hasPrefix(":") || line.hasPrefix("-A ") else { continue }
        let chain = line.hasPrefix(":") ? line.dropFirst().prefix { $0 != " " } : line.dropFirst(3).prefix { $0 != " " }
        chains["\(table) \(chain)", default: []].append(line)
    }
    return chains
}
