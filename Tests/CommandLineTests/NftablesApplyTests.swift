import Foundation
import TestSupport
import Testing

enum NftIsolation {
    /// Why nft loads nothing here; nil if it does.
    static let obstacle: String? = {
        let reason = Isolation.obstacle ?? (Program.installed("nft") == nil ? "nft is not installed" : nil)
        if let reason { print("Skipped: nothing is loaded by nft, for \(reason).") }
        return reason
    }()
}

/// `apply` and `cleanup` in nftables mode, on kernels of their own.
@Suite(.enabled(if: NftIsolation.obstacle == nil, "Needs root, unshare, nft and both iptables."))
struct NftablesApplyTests {
    private static let names = VersionedCase.names(in: VersionedCase.nftables)
    private static let newest = ["--kube-proxy-version", "1.37"]
    private static let demo =
        "--node worker-1 --cluster-cidr 10.244.0.0/16,fd00:10:244::/56 \(Package.fixtures)/demo/cluster.json"
    private static let apply = "\"$KUBECHAINS\" apply --proxy-mode nftables"

    /// A recorded case's arguments, and the family word of its table.
    private static func arguments(_ name: String) throws -> (arguments: [String], family: String) {
        let recorded = try VersionedCase(name, in: VersionedCase.nftables)
        let options = recorded.options
        let index = options.firstIndex(of: "--family").map { options[$0 + 1] }
        let path = VersionedCase.path(of: name, in: VersionedCase.nftables)
        return (newest + options + ["\(path)/snapshot.json"], index == "ipv6" ? "ip6" : "ip")
    }

    /// A recorded case is loaded, and listed as `render -o save` says; a second run changes nothing. Then the next case of the
    /// family is applied over it: what is left is what it makes on an empty host.
    @Test(arguments: TestSize.current.sample(names, brief: 2))
    func recordedCase(_ name: String) throws {
        let (first, family) = try Self.arguments(name)
        let next = try Self.names.drop { $0 != name }.dropFirst().first { try Self.arguments($0).family == family }
        let (second, _) = try Self.arguments(next ?? name)
        let folder = try TemporaryFolder()
        let files = try [first, second].enumerated().map { number, words in
            try folder.write("\(number)", words.joined(separator: "\n"))
        }
        let script = """
            ip link set lo up
            run() { verb=$1; shift; xargs -d '\\n' "$KUBECHAINS" $verb --proxy-mode nftables "$@"; }
            run apply --force --verify <"$1" && nft list table \(family) kube-proxy >"$1.list" &&
            run render -o save <"$1" 2>/dev/null >"$1.save" && cmp "$1.list" "$1.save" && echo ---- &&
            run apply --force --verify <"$1" && echo ---- &&
            run apply --force --verify <"$2" && nft list table \(family) kube-proxy >"$2.list" &&
            run render -o save <"$2" 2>/dev/null >"$2.save" && run diff --strict "$2.save" "$2.list" </dev/null
            """
        let result = try Isolation.run(script, files)
        #expect(result.ending == .exit(0), "\(name), \(next ?? ""): \(result.outputText)\(result.errorText)")
        let parts = result.outputText.components(separatedBy: "----\n")
        try #require(parts.count == 3)
        #expect(parts[1].contains(": nothing to change\nverified: the host's tables are what they should be\n"))
    }

    /// What somebody has changed is put right, and nothing else is named.
    @Test func damage() throws {
        let script = """
            ip link set lo up
            nft 'add table ip other; add chain ip other c { type filter hook input priority 5; }'
            \(Self.apply) \(Self.demo) >/dev/null || exit 1
            nft list ruleset >/tmp/before.$$
            while read -r damage; do
                nft "$damage" || { echo "nft refuses: $damage"; continue; }
                \(Self.apply) --verify \(Self.demo) >/tmp/out.$$ || { echo "not repaired: $damage"; cat /tmp/out.$$; }
                nft list ruleset | sort >/tmp/after.$$; sort /tmp/before.$$ | cmp -s - /tmp/after.$$ || echo "differs after: $damage"
            done
            rm -f /tmp/before.$$ /tmp/after.$$ /tmp/out.$$
            """
        let damages = [
            "delete table ip6 kube-proxy", "flush chain ip kube-proxy services",
            "insert rule ip kube-proxy services drop", "add rule ip kube-proxy masquerading accept",
            "delete element ip kube-proxy cluster-ips { 10.96.118.212 }",
            "add element ip kube-proxy cluster-ips { 10.96.250.250 }",
            "delete element ip kube-proxy service-ips { 10.96.118.212 . tcp . 80 }",
            "add element ip kube-proxy service-ips { 10.96.118.213 . tcp . 80 : drop }",
            "flush map ip kube-proxy service-nodeports",
            "add chain ip kube-proxy strange { type filter hook input priority 0 ; policy drop ; }",
            "add chain ip kube-proxy filter-input { policy drop ; }",
            "add set ip kube-proxy strange { type ipv4_addr ; }",
            "flush chain ip kube-proxy nat-prerouting; delete chain ip kube-proxy nat-prerouting",
            "add table ip kube-proxy { flags dormant ; }", "add counter ip kube-proxy strange",
            "add chain ip kube-proxy strange; add rule ip kube-proxy services jump strange",
        ]
        let result = try Isolation.run(script, input: Array(damages.map { $0 + "\n" }.joined().utf8))
        #expect(result.ending == .exit(0) && result.outputText.isEmpty, "\(result.outputText)\(result.errorText)")
    }

    /// A table whose flags or comment are other ones is made again; what session affinity remembers stays.
    @Test(arguments: [
        "nft 'add table ip kube-proxy { flags dormant ; }'",
        """
        nft list table ip kube-proxy | sed '0,/comment ".*"/s//comment "other"/' >/run/other &&
        nft delete table ip kube-proxy && nft -f /run/other
        """,
    ])
    func affinityStays(_ damage: String) throws {
        let set = "ip kube-proxy affinity-4NPBQWQO-games/voice/udp/media__10.244.1.34/7000"
        let script = """
            ip link set lo up
            \(Self.apply) \(Self.demo) >/dev/null && nft add element \(set) '{ 10.0.0.7, 10.0.0.8 }' && \(damage) &&
            \(Self.apply) --verify \(Self.demo) && nft list set \(set) | grep -c '10.0.0.7 .*10.0.0.8 '
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        let lines = result.outputText.split(separator: "\n")
        #expect(result.ending == .exit(0) && lines.last == "1", "\(result.outputText)\(result.errorText)")
        #expect(lines.first?.hasSuffix("2 elements of session affinity kept") == true, "\(result.outputText)")
    }

    /// Whenever it is killed, the host has the old tables or the new ones, and never a part of them.
    @Test func killed() throws {
        let count = TestSize.current.count(full: 50, brief: 4)
        let name = "all-001"
        let (arguments, family) = try Self.arguments(name)
        let script = """
            ip link set lo up
            family=$1; count=$2; shift 2
            list() { nft list table $family kube-proxy 2>/dev/null; }
            \(Self.apply) --force "$@" >/dev/null && list | sort >/tmp/new.$$ && nft delete table $family kube-proxy
            nft "add table $family kube-proxy; add chain $family kube-proxy services; add chain $family kube-proxy old"
            list | sort >/tmp/old.$$; nft list table $family kube-proxy >/tmp/start.$$
            started=$(date +%s%N); \(Self.apply) --force "$@" >/dev/null; took=$(( ($(date +%s%N) - started) / 1000 ))
            for number in $(seq $count); do
                nft delete table $family kube-proxy; nft -f /tmp/start.$$
                \(Self.apply) --force "$@" >/dev/null 2>&1 & child=$!
                sleep $(printf '0.%06d' $(( (took * number / count) % 1000000 )))
                kill -9 $child 2>/dev/null; wait $child 2>/dev/null
                # What it had started may still be at work.
                sleep 0.2
                list | sort >/tmp/now.$$
                if cmp -s /tmp/now.$$ /tmp/old.$$; then echo old; elif cmp -s /tmp/now.$$ /tmp/new.$$; then echo new; else echo neither; fi
            done
            rm -f /tmp/old.$$ /tmp/new.$$ /tmp/now.$$ /tmp/start.$$
            """
        let result = try Isolation.run(script, [family, "\(count)"] + arguments, secondsAllowed: 300)
        let ends = result.outputText.split(separator: "\n")
        #expect(ends.count == count && !ends.contains("neither"), "\(result.outputText)\(result.errorText)")
        let old = ends.count { $0 == "old" }
        print("nftables: of \(count) killed runs of apply \(old) left the old table, the others the new one")
    }

    /// What is refused, with what it says, unless it is forced.
    @Test(arguments: [
        (
            "iptables-nft -t nat -N KUBE-SERVICES; iptables-nft -t nat -N KUBE-SVC-TCOU7JCQXEZGVUNU",
            "the chains of kube-proxy in iptables or IPVS mode are on this host"
        ),
        (
            "nft 'add table ip kube-proxy; add chain ip kube-proxy mine'",
            "the table ip kube-proxy is there, but it is not kube-proxy's: it has no chain 'services'"
        ),
        ("iptables-legacy -t mangle -N KUBE-PROXY-CANARY", "its chain KUBE-PROXY-CANARY is there"),
        (
            "ip link add kube-ipvs0 type veth peer name other0",
            "the interface kube-ipvs0, which kube-proxy in IPVS mode made, is on this host"
        ),
        (
            "cp \"$(command -v sleep)\" /run/kube-proxy; /run/kube-proxy 60 >/run/out 2>&1 & trap \"kill $!\" EXIT; sleep 0.3",
            "is named kube-proxy and is in this network namespace"
        ),
    ])
    func refused(_ setup: String, _ message: String) throws {
        let script = """
            \(setup)
            nft list ruleset >/tmp/before.$$
            \(Self.apply) \(Self.demo); echo "exit $?"
            nft list ruleset | cmp - /tmp/before.$$ && rm /tmp/before.$$
            \(Self.apply) --force --verify \(Self.demo) >/dev/null && echo forced
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "exit 2\nforced\n", "\(result.outputText)")
        #expect(result.errorText.contains(message), "\(result.errorText)")
    }

    /// The other modes are refused beside the tables.
    @Test func otherModesAreRefused() throws {
        let script = "\(Self.apply) \(Self.demo) >/dev/null && \"$KUBECHAINS\" apply \(Self.demo)"
        let result = try Isolation.run(script)
        #expect(result.ending == .exit(2))
        #expect(
            result.errorText.contains("the table ip kube-proxy of kube-proxy in nftables mode is on this host"),
            "\(result.errorText)")
    }

    /// An nft that is too old, or that crashes, is named, and an answer that does not come is never taken for an empty table.
    @Test(arguments: [
        ("echo 'nftables v1.0.0 (Fearless Fosdick)'", "is version 1.0.0, but kube-proxy's tables need 1.0.1 or later"),
        (
            "case $1 in --version) echo 'nftables v1.0.6 (Lester Gooch #5)' ;; *) kill -SEGV $$ ;; esac",
            "it was ended by signal 11"
        ),
        (
            "case $1 in --version) echo 'nftables v1.0.6' ;; *) echo 'netlink: Error: cache initialization failed' >&2; exit 1 ;; esac",
            "nft list tables failed: netlink: Error: cache initialization failed"
        ),
    ])
    func unusableNft(_ body: String, _ message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("nft", "#!/bin/sh\n\(body)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let result = try Isolation.run("\(Self.apply) --program-path \(folder.path) \(Self.demo)")
        #expect(result.ending == .exit(2))
        #expect(result.errorText.contains(message), "\(result.errorText)")
    }

    /// `cleanup` takes the tables away and what iptables mode left, and nothing else.
    @Test func cleanup() throws {
        let cleanup = "\"$KUBECHAINS\" cleanup --proxy-mode nftables"
        let script = """
            nft 'add table ip other; add chain ip other c'
            iptables-nft -N MINE
            "$KUBECHAINS" apply --backend legacy \(Self.demo) >/dev/null && \(Self.apply) --force \(Self.demo) >/dev/null || exit 1
            \(cleanup); echo "exit $?"
            \(cleanup) --dry-run | grep 'table ip'
            \(cleanup) --apply && \(cleanup) --apply | grep table
            nft list tables | grep kube-proxy; iptables-legacy-save | grep KUBE-S
            nft list table ip other >/dev/null && iptables-nft -L MINE >/dev/null && echo kept
            """
        let result = try Isolation.run(script)
        let lines = result.outputText.split(separator: "\n").map(String.init)
        #expect(
            lines.filter { !$0.hasPrefix("IPv") } == [
                "exit 64", "delete table ip kube-proxy", "delete table ip6 kube-proxy", "table ip kube-proxy: deleted",
                "table ip6 kube-proxy: deleted", "table ip kube-proxy: nothing to clean up",
                "table ip6 kube-proxy: nothing to clean up", "kept",
            ], "\(result.outputText)\(result.errorText)")
        #expect(result.outputText.contains("IPv4, legacy: ") && result.outputText.contains(" jumps deleted"))
    }

    /// A dry run prints the transaction; with a listing it needs no root and names what differs only.
    @Test func dryRun() throws {
        let script = """
            \(Self.apply) --dry-run \(Self.demo) >/tmp/all.$$ && nft -f /tmp/all.$$ && rm /tmp/all.$$ && \(Self.apply) --dry-run \(Self.demo) | wc -c
            nft delete element ip kube-proxy cluster-ips '{ 10.96.118.212 }' && nft list ruleset >/tmp/list.$$ &&
            \(Self.apply) --dry-run --live /tmp/list.$$ --node-address 192.168.1.21 --node-address fd00:192:168:1::21 \(Self.demo) 2>/dev/null | grep -v nodeport-ips
            rm /tmp/list.$$
            """
        let result = try Isolation.run(script)
        #expect(
            result.outputText == "0\nadd element ip kube-proxy cluster-ips { 10.96.118.212 }\n",
            "\(result.outputText)\(result.errorText)")
    }
}
