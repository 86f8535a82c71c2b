import Foundation
import TestSupport
import Testing

/// `apply` and `cleanup` in IPVS mode on a kernel that has it, and connections through what they made: the script
/// `Support/ipvs/probe` in a small machine. What it sees is held against a table, and against what `render` says.
@Suite struct IPVSApplyTests {
    private static let folder = "\(Package.support)/ipvs"

    /// What each connection finds: who answers, and the source that it sees.
    private static let connections = [
        // Pods keep their address, all others get the node's.
        ("cluster IP from a pod", ["far 10.244.1.6", "one 10.244.1.6"]),
        ("cluster IP from outside", ["one 10.244.1.1"]),
        ("cluster IP from the node", ["one 10.244.1.1"]),
        ("cluster IP, another port", ["refused"]),
        ("hairpin", ["one 10.244.1.1"]),
        ("node port from outside", ["far 10.9.0.1", "one 10.244.1.1"]),
        ("node port, loopback", ["refused"]),
        ("load balancer, inside the range", ["far 10.9.0.1", "one 10.244.1.1"]),
        ("load balancer, outside the range", ["no answer"]),
        ("load balancer, pod outside the range", ["no answer"]),
        ("affinity", ["1"]),
        ("without endpoints", ["refused"]),
        ("IPv6 cluster IP from a pod", ["one"]),
        // With the other snapshot: the open connection stays where it is, new ones go elsewhere.
        ("held", ["goes on"]),
        ("new connections", ["two 10.244.1.5"]),
        ("new Service", ["two 10.244.1.5"]),
        ("Service that is gone", ["nc: can't connect to remote host (10.96.0.12): Network is unreachable"]),
    ]

    /// What the commands print.
    private static let reports = [
        (
            "failing step",
            """
            error: step 13 of 21 failed, IPv4 set entries (21 added):
            error: /sbin/ipset restore: ipset v7.17: Error in line 2: Hash is full, cannot add more elements
                line 2: add KUBE-CLUSTER-IP 10.96.0.11,tcp:80
            done before: scheduler rr, sysctl net/ipv4/vs/conntrack, sysctl net/ipv4/vs/expire_nodest_conn, \
            sysctl net/ipv4/vs/expire_quiescent_template, sysctl net/ipv4/ip_forward, timeouts, IPv4 chains and jumps, \
            interface kube-ipvs0, IPv4 sets, IPv4 virtual servers, IPv4 addresses, IPv4 real servers
            all of it was taken back: the host is as it was, but for connections to deleted servers
            exit 2
            """
        ),
        (
            "other mode",
            """
            error: IPv4, legacy: the chains of kube-proxy in iptables mode are on this host, and packets would meet both. \
            Nothing was changed; take them away with 'kubechains cleanup --apply', or give --force
            exit 2
            """
        ),
        (
            "first",
            """
            sysctl net/ipv4/vs/conntrack: 0 -> 1
            sysctl net/ipv4/vs/expire_nodest_conn: 0 -> 1
            sysctl net/ipv4/vs/expire_quiescent_template: 0 -> 1
            sysctl net/ipv4/ip_forward: 0 -> 1
            timeouts: 4 120 300 s
            IPv4 chains and jumps: 11 chains added, 9 jumps added
            IPv4 sets: 16 added
            IPv4 virtual servers: 8 added, 1 edited
            IPv4 addresses: 7 added
            IPv4 real servers: 15 added, 1 edited, 2 deleted
            IPv4 set entries: 21 added, 1 deleted
            IPv4 rules: 26 rules written
            IPv4 left-over addresses: 1 deleted
            IPv4 left-over virtual servers: 1 deleted
            IPv6 chains and jumps: 11 chains added, 9 jumps added
            IPv6 sets: 17 added
            IPv6 virtual servers: 1 added
            IPv6 addresses: 1 added
            IPv6 real servers: 1 added
            IPv6 set entries: 3 added
            IPv6 rules: 20 rules written
            \(noConntrack)
            verified: the host has what it should have
            exit 0
            """
        ),
        ("first again", "nothing to change\n\(noConntrack)\nexit 0"),
        (
            "second",
            """
            IPv4 virtual servers: 1 added
            IPv4 addresses: 1 added
            IPv4 real servers: 2 added, 1 left to drain, 1 deleted
            IPv4 set entries: 10 deleted, 2 added
            IPv4 rules: 20 rules written
            IPv4 left-over addresses: 3 deleted
            IPv4 left-over virtual servers: 6 deleted
            IPv6 real servers: 1 added, 1 left to drain
            IPv6 set entries: 1 deleted, 1 added
            \(draining.joined(separator: "\n"))
            \(noConntrack)
            exit 0
            """
        ),
        ("second again", "nothing to change\n\(draining.joined(separator: "\n"))\n\(noConntrack)\nexit 0"),
        // The kernel remembers the connection to the other one for two minutes after its end.
        ("drained", "IPv4 real servers: 1 deleted\n\(draining[1])\n\(noConntrack)\nexit 0"),
        ("cleanup, not done", "exit 0\n7"),
        (
            "cleanup",
            """
            IPv4 left-over virtual servers: 5 deleted
            IPv6 left-over virtual servers: 1 deleted
            interface kube-ipvs0: removed
            IPv4 chains and jumps: 11 chains deleted, 9 jumps deleted
            IPv4 sets: 17 deleted
            IPv6 chains and jumps: 11 chains deleted, 9 jumps deleted
            IPv6 sets: 17 deleted
            left, for it is not kube-proxy's: -t 172.30.0.1:80
            exit 0
            """
        ),
    ]
    private static let noConntrack =
        "conntrack is not installed: clients of UDP Services may be led to endpoints that are gone until they pause"
    private static let draining = [
        "-t 10.96.0.15:80 -r 10.244.1.5:8080", "-t [fd00:10:96::10]:80 -r [fd00:10:244::5]:8080",
    ].map { "drains: \($0) has 1 connection; an apply after they have gone deletes it" }

    /// Virtual servers that are not kube-proxy's: one in an excluded range, and one by a mark.
    private static let foreign = ["-A -t 172.30.0.1:80 -s rr", "-A -f 7 -s rr"]

    @Test(
        .enabled(if: TestSize.current.isFull, "a minute of emulated processor; make test TESTS=full runs it"),
        .enabled(if: VirtualMachine.obstacle == nil, "Needs qemu-system-x86_64 and Debian's packages."))
    func nodeInTheMachine() async throws {
        let folder = try TemporaryFolder()
        try prepare("\(folder.path)/cases/node")
        let run = try await VirtualMachine.run("\(folder.path)/cases", to: "\(folder.path)/seen")
        #expect(run.ending == .exit(0), "\(run.outputText)\(run.errorText)")
        let seen = sections(lines(try folder.read("seen/node/probe")))

        for (name, expected) in Self.connections { #expect(seen[name] == expected, "\(name)") }
        for (name, expected) in Self.reports { #expect(seen[name]?.joined(separator: "\n") == expected, "\(name)") }
        let parts = ["servers", "sets", "addresses", "chains", "sysctls"]
        for part in parts {
            let before = try #require(seen["untouched \(part)"])
            #expect(seen["taken back \(part)"] == before, "\(part)")
        }
        let first = try rendered("first.json")
        let second = try rendered("second.json")
        let drained = [
            "-a -t 10.96.0.15:80 -r 10.244.1.5:8080 -m -w 0",
            "-a -t [fd00:10:96::10]:80 -r [fd00:10:244::5]:8080 -m -w 0",
        ]
        for (name, wanted, servers) in [
            ("first", first, []), ("second", second, drained), ("drained", second, [drained[1]]),
        ] {
            func held(_ part: String) throws -> [String] { try #require(seen["\(name) \(part)"]) }
            #expect(try held("servers").sorted() == (wanted.servers + Self.foreign + servers).sorted(), "\(name)")
            #expect(try normalSets(held("sets")) == normalSets(wanted.sets), "\(name)")
            #expect(try held("addresses") == wanted.addresses, "\(name)")
            #expect(
                try held("chains").filter { $0.hasPrefix("-A KUBE-") }.sorted() == wanted.rules.sorted(), "\(name)")
            #expect(
                try held("chains").filter { !$0.hasPrefix("-A KUBE-") && !$0.hasPrefix(":") } == Self.jumps + Self.jumps
            )
            #expect(try held("sysctls") == ["1", "1", "1", "Timeout (tcp tcpfin udp): 4 120 300"], "\(name)")
        }
        for (part, left) in zip(parts, [Self.foreign, [], ["Device \"kube-ipvs0\" does not exist."], []]) {
            #expect(seen["cleaned up \(part)"] == left, "\(part)")
        }
        print("Programmed a node in IPVS mode 6 times and asked it in \(Self.connections.count) ways.")
    }

    /// Each new one is put at the top.
    private static let jumps = [
        ("INPUT", "kubernetes ipvs access filter", "KUBE-IPVS-FILTER"),
        ("INPUT", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
        ("INPUT", "kubernetes health check rules", "KUBE-NODE-PORT"),
        ("FORWARD", "kube-proxy firewall rules", "KUBE-PROXY-FIREWALL"),
        ("FORWARD", "kubernetes forwarding rules", "KUBE-FORWARD"),
        ("OUTPUT", "kubernetes ipvs access filter", "KUBE-IPVS-OUT-FILTER"),
        ("PREROUTING", "kubernetes service portals", "KUBE-SERVICES"),
        ("OUTPUT", "kubernetes service portals", "KUBE-SERVICES"),
        ("POSTROUTING", "kubernetes postrouting rules", "KUBE-POSTROUTING"),
    ].map { "-A \($0) -m comment --comment \"\($1)\" -j \($2)" }

    /// Puts the tool, with the libraries that it loads, beside the script.
    private func prepare(_ path: String) throws {
        let script = """
            mkdir -p "$1/files/lib" && cp "$2/probe" "$1" && cp "$2"/*.json "$1/files" &&
            { strip -o "$1/files/kubechains" "$KUBECHAINS" || cp "$KUBECHAINS" "$1/files"; } &&
            ldd "$KUBECHAINS" | awk '$2 == "=>" && $3 ~ /^\\// { print $3 }' | xargs -I{} cp -L {} "$1/files/lib" &&
            cp -L "$(ldd "$KUBECHAINS" | awk '$1 ~ /ld-linux/ { print $1 }')" "$1/files/ld.so"
            """
        let result = try Tool.shell(script, [path, Self.folder])
        #expect(result.ending == .exit(0), "\(result.errorText)")
    }

    /// The lines of a probe by the section that they are in.
    private func sections(_ lines: [String]) -> [String: [String]] {
        var sections: [String: [String]] = [:]
        var name = ""
        for line in lines {
            if line.hasPrefix("== ") {
                name = String(line.dropFirst(3))
                sections[name] = []
            } else {
                sections[name]?.append(line)
            }
        }
        return sections
    }

    private struct Wanted {
        var servers: [String] = []
        var sets: [String] = []
        var addresses: [String] = []
        var rules: [String] = []
    }

    /// What `render` says of a snapshot for the node, of both families.
    private func rendered(_ snapshot: String) throws -> Wanted {
        var arguments = [
            "--proxy-mode", "ipvs", "--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56",
        ]
        for address in ["192.168.0.2", "10.244.1.1", "10.9.0.1", "fd00:10:244::1"] {
            arguments += ["--node-address", address]
        }
        var wanted = Wanted()
        for family in ["ipv4", "ipv6"] {
            func text(_ form: String) throws -> [String] {
                let command = ["render", "-o", form, "--family", family] + arguments
                return lines(try Tool.run(command + ["\(Self.folder)/\(snapshot)"]).output)
            }
            wanted.servers += try text("ipvsadm")
            wanted.sets += try text("ipset")
            wanted.addresses += try text("addresses")
            wanted.rules += try text("save").filter { $0.hasPrefix("-A ") }
        }
        return wanted
    }
}
