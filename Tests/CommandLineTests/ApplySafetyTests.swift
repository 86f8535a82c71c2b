import Foundation
import TestSupport
import Testing

/// What `apply` and `cleanup` must never do to a host, and what they say instead.
@Suite(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."))
struct ApplySafetyTests {
    private static let options = "--node worker-1 --cluster-cidr 10.244.0.0/16"
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let arguments = "\(options) \(demo)"

    /// What others might have on a host.
    private static let foreignRules = """
        *filter
        :DOCKER - [0:0]
        :DOCKER-USER - [0:0]
        :cali-FORWARD - [0:0]
        :my-own - [0:0]
        -A FORWARD -j DOCKER-USER
        -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
        -A FORWARD -o docker0 -j DOCKER
        -A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD
        -A INPUT -p tcp -m tcp --dport 22 -j my-own
        -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
        -A DOCKER-USER -j RETURN
        -A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" -j MARK --set-xmark 0x0/0xe0000
        -A my-own -m limit --limit 3/min -j LOG --log-prefix "ssh: "
        -A my-own -s 192.0.2.0/24 -j ACCEPT
        COMMIT
        *nat
        :DOCKER - [0:0]
        -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
        -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
        -A DOCKER -i docker0 -j RETURN
        -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
        COMMIT
        *mangle
        :KUBE-KUBELET-CANARY - [0:0]
        :KUBE-IPTABLES-HINT - [0:0]
        -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu
        COMMIT

        """

    /// Whatever is done, the rules and chains of others stay as they are, byte for byte.
    @Test(arguments: Backend.allCases)
    func foreignRules(_ backend: Backend) throws {
        let save = "iptables-\(backend)-save | grep -v -e '^#' -e KUBE-[ENFMPS]"
        let script = """
            iptables-\(backend)-restore -w && { \(save); echo ----
            "$KUBECHAINS" apply --backend \(backend) --family ipv4 \(Self.arguments) >&2; \(save); echo ----
            sed 's/10.244.1.71/10.244.1.99/' \(Self.demo) | "$KUBECHAINS" apply --incremental \(Self.options) - >&2; \(save)
            echo ----; "$KUBECHAINS" cleanup --apply >&2; \(save); echo ----; iptables-\(backend)-save; }
            """
        let result = try Isolation.run(script, input: Array(Self.foreignRules.utf8))
        let parts = result.outputText.components(separatedBy: "----\n").map { stableLines($0) }
        try #require(parts.count == 5, "\(result.errorText)")
        #expect(parts[0].filter { $0.hasPrefix("-A") }.count == 15)
        for index in 1...3 { #expect(parts[index] == parts[0], "step \(index)") }
        // Of KUBE chains, kubelet's stay after a cleanup: the canary and the hint, and the firewall with its rule and jumps.
        #expect(
            Set(parts[4].filter { $0.contains("KUBE-") }) == [
                ":KUBE-KUBELET-CANARY - ", ":KUBE-IPTABLES-HINT - ", ":KUBE-FIREWALL - ", "-A INPUT -j KUBE-FIREWALL",
                "-A OUTPUT -j KUBE-FIREWALL",
                "-A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -m comment --comment "
                    + "\"block incoming localnet connections\" -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP",
            ])
    }

    /// A rule of others that leads to a chain which is to go: refused before anything is written.
    @Test(arguments: Backend.allCases)
    func referenceToStaleChain(_ backend: Backend) throws {
        let script = """
            apply() { "$KUBECHAINS" apply --backend \(backend) --family ipv4 "$@" \(Self.options) -; }
            apply <\(Self.demo) >/dev/null && iptables-\(backend) -t nat -N mine &&
            iptables-\(backend) -t nat -A mine -p tcp -j KUBE-SEP-4VVBFLEUTECMJ2EY && iptables-\(backend)-save && echo ---- &&
            for more in "" --incremental; do
                sed 's/10.244.1.71/10.244.1.99/' \(Self.demo) | apply $more && exit 9; iptables-\(backend)-save && echo ----
            done
            "$KUBECHAINS" cleanup --apply && exit 9; iptables-\(backend)-save
            """
        let result = try Isolation.run(script)
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let parts = result.outputText.components(separatedBy: "----\n").map { stableLines($0) }
        try #require(parts.count == 4)
        for index in 1...3 { #expect(parts[index] == parts[0], "step \(index)") }
        let rule = "-t nat -A mine -p tcp -j KUBE-SEP-4VVBFLEUTECMJ2EY"
        #expect(
            Array(result.errorLines.prefix(2)) == [
                "error: IPv4, \(backend): the chain KUBE-SEP-4VVBFLEUTECMJ2EY is to be deleted, but a rule that is not "
                    + "kube-proxy's leads to it: \(rule)",
                "nothing was changed; delete these rules first",
            ])
        #expect(
            Array(result.errorLines.suffix(2)) == [
                "error: the chain KUBE-SEP-4VVBFLEUTECMJ2EY cannot be deleted, since a rule that is not kube-proxy's leads to "
                    + "it: \(rule)", "nothing was changed; delete these rules first",
            ])
    }

    /// A counter that the kernel lacks passes `--test`. Where the second table needs it, the first gets its rules back.
    @Test(arguments: Backend.allCases)
    func missingCounter(_ backend: Backend) throws {
        // Without the program nfacct, apply can neither make the counters nor see that they are missing.
        let script = """
            nfacct add ct_state_invalid_dropped_pkts && mount --bind /dev/null $(command -v nfacct) &&
            apply() { "$KUBECHAINS" apply --backend \(backend) --family ipv4 "$@" \(Self.options) -; }
            sed 's/10.244.1.71/10.244.1.99/' \(Self.demo) | apply >/dev/null && iptables-\(backend)-save && echo ---- &&
            for more in "" --incremental; do
                apply --nfacct $more <\(Self.demo) && exit 9; iptables-\(backend)-save && echo ----
            done
            "$KUBECHAINS" cleanup --apply >/dev/null && iptables-\(backend)-save && echo ----
            apply --nfacct <\(Self.demo) && exit 9; iptables-\(backend)-save
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let parts = result.outputText.components(separatedBy: "----\n").map { linesByChain($0) }
        try #require(parts.count == 5, "\(result.errorText)")
        #expect(parts[1] == parts[0] && parts[2] == parts[0])
        #expect(parts[0].keys.count > 100)
        #expect(parts[4] == parts[3])
        let undone = result.errorLines.filter { $0 == "the filter table, which was written before, has its rules back" }
        #expect(undone.count == 3, "\(result.errorText)")
        #expect(
            result.errorText.contains("localhost_nps_accepted_pkts") || result.errorText.contains("refused the rules"))
    }

    /// Snapshots that would take the host down, and hosts where kube-proxy seems to run.
    @Test func refusals() throws {
        let script = """
            apply() { "$KUBECHAINS" apply --family ipv4 \(Self.options) "$@"; }
            apply \(Self.demo) >/dev/null && iptables-save
            echo '{"kind":"List","apiVersion":"v1","items":[]}' | apply -; echo $? >&2
            echo '{"kind":"Service","apiVersion":"v1","metadata":{"name":"a","namespace":"b"},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80}]}}' >/tmp/$$
            apply /tmp/$$ 2>/tmp/$$.errors; echo $? >&2; tail -n 1 /tmp/$$.errors >&2; rm /tmp/$$ /tmp/$$.errors
            sed 's/"name": "http"/"name": "other"/' \(Self.demo) | sed 's/"ready": true/"ready": false/' | apply -; echo $? >&2
            iptables -t mangle -N KUBE-PROXY-CANARY; apply \(Self.demo); echo $? >&2; iptables -t mangle -X
            echo ----; iptables-save
            apply --force \(Self.demo) >/dev/null; echo $? >&2
            """
        let result = try Isolation.run(script)
        let parts = result.outputText.components(separatedBy: "----\n")
        let (before, after) = (linesByChain(parts[0]), linesByChain(parts[1]))
        #expect(before.filter { !$0.key.hasPrefix("*mangle") } == after.filter { !$0.key.hasPrefix("*mangle") })
        let lines = result.errorLines
        try #require(lines.filter { $0 == "2" }.count == 4 && lines.last == "0", "\(result.errorText)")
        #expect(lines.contains { $0.contains("the snapshot has no Service") })
        #expect(lines.contains { $0.contains("the snapshot has no EndpointSlice") })
        #expect(lines.contains { $0.contains("Service ports that have endpoints on this host now would have none") })
        #expect(
            lines.contains { $0.contains("kube-proxy seems to run on this host: its chain KUBE-PROXY-CANARY is there") }
        )
    }

    /// Another program holds the xtables lock: said, and nothing changed.
    @Test func heldLock() throws {
        let script = """
            flock /run/xtables.lock "$KUBECHAINS" apply --backend legacy --family ipv4 --wait 1 \(Self.arguments)
            echo $?; iptables-legacy-save; "$KUBECHAINS" apply --backend legacy --family ipv4 --wait 1 \(Self.arguments)
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText.hasPrefix("2\n"), "\(result.outputText)")
        #expect(!result.outputText.contains(":KUBE-"))
        #expect(result.ending == .exit(0) && result.outputText.contains("IPv4, legacy: 139 chains"))
        #expect(
            result.errorText.contains("waited 1 seconds for the xtables lock, which another program holds"),
            "\(result.errorText)")
    }

    /// Another kubechains is at work in this network namespace: said, and nothing changed; one in another is none of its
    /// concern.
    @Test(arguments: ["apply --backend nft \(arguments)", "cleanup --apply --backend nft"])
    func anotherAtWork(_ command: String) throws {
        let hold = """
            import fcntl, os, subprocess, sys
            file = open("/run/kubechains.lock", "w")
            fcntl.lockf(file, fcntl.LOCK_EX, 1, os.stat("/proc/self/ns/net").st_ino)
            sys.exit(subprocess.run(sys.argv[1:]).returncode)
            """
        let script = """
            hold='\(hold)'
            python3 -c "$hold" "$KUBECHAINS" \(command) --wait 0; echo $?; iptables-nft-save
            python3 -c "$hold" unshare -n "$KUBECHAINS" \(command) --wait 0 >/dev/null; echo $?
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\n0\n", "\(result.outputText)")
        #expect(
            result.errorText.hasPrefix(
                "error: another kubechains works on this host's rules, and was not done after 0 seconds; nothing was"),
            "\(result.errorText)")
    }

    /// Several at once: in the end the rules are those of one of them, with nothing left over of the others.
    @Test(arguments: TestSize.current.sample(Backend.allCases, brief: 1))
    func severalAtOnce(_ backend: Backend) throws {
        let apply = "\"$KUBECHAINS\" apply --backend \(backend) --family ipv4 --wait 60 \(Self.options)"
        let script = """
            for turn in 1 2 3; do
                for address in 91 92 93; do
                    sed "s/10.244.1.71/10.244.1.$address/" \(Self.demo) >/run/$address.json
                    \(apply) $( [ $turn = 2 ] && echo --incremental ) /run/$address.json >&2 &
                done
                wait
                for address in 91 92 93; do
                    \(apply) --dry-run --incremental /run/$address.json | wc -l
                done | sort -n | head -1
            done
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "0\n0\n0\n", "\(result.outputText)\(result.errorText)")
    }

    /// What takes longer than two seconds says so on a terminal, and cleans its line up.
    @Test(.enabled(if: Program.installed("script") != nil, "Needs script(1)."))
    func elapsedTime() throws {
        let script = """
            flock /run/xtables.lock sleep 3.5 & sleep 0.2
            script -qec '"$KUBECHAINS" apply --backend legacy --family ipv4 --wait 20 \(Self.arguments)' /dev/null
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        let line = "\r\u{1B}[KIPv4, legacy: iptables-restore has been at work for 2 s"
        #expect(result.outputText.hasPrefix(line), "\(result.outputText)")
        #expect(result.outputText.contains("\r\u{1B}[KIPv4, legacy: 139 chains and 389 rules written"))
    }

    /// No root, or no iptables: said before anything is tried.
    @Test func missingMeans() throws {
        let script = """
            cp "$KUBECHAINS" /run/kubechains && chmod 755 /run /run/kubechains && cp \(Self.demo) /run/cluster.json &&
            setpriv --reuid=65534 --regid=65534 --clear-groups /run/kubechains apply \(Self.options) /run/cluster.json
            echo $? >&2
            setpriv --reuid=65534 --regid=65534 --clear-groups /run/kubechains cleanup --apply; echo $? >&2
            mount -t tmpfs tmpfs /usr/sbin; /run/kubechains apply \(Self.options) /run/cluster.json; echo $? >&2
            /run/kubechains cleanup --apply; echo $? >&2
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        let missing =
            "error: iptables is not installed: it is in none of /usr/local/sbin, /usr/sbin, /sbin, /usr/local/bin, /usr/bin, "
            + "/bin; install the package iptables, or name the folder with --program-path"
        #expect(
            result.errorLines == [
                "error: apply needs root, to read and to write the host's rules", "2",
                "error: cleanup --apply needs root, to write the host's rules", "2",
                missing, "2", missing, "2",
            ])
        #expect(result.output.isEmpty)
    }

    /// Killed at any moment, `apply` leaves the old or the new rules of each table, and the next one succeeds.
    @Test(arguments: Backend.allCases)
    func kill(_ backend: Backend) throws {
        let script = """
            sed -e 's/10.244.1.71/10.244.1.99/' -e 's/32641/32642/' \(Self.demo) >/run/old.json
            apply() { "$KUBECHAINS" apply --backend \(backend) --family ipv4 \(Self.options) "$@"; }
            save() { iptables-\(backend)-save -t $1 | grep -v '^#'; }
            apply \(Self.demo) >/dev/null; for table in filter nat; do save $table >/run/new.$table; done
            start=$(date +%s%N); apply /run/old.json >/dev/null; duration=$((($(date +%s%N) - start) / 1000))
            for table in filter nat; do
                save $table >/run/old.$table; cmp -s /run/new.$table /run/old.$table && exit 8
            done
            for moment in "$@"; do
                # What it started holds the pipe to cat open too, and goes on to its end.
                {
                    "$KUBECHAINS" apply --backend \(backend) --family ipv4 \(Self.arguments) 9>&1 >/dev/null &
                    sleep $(printf 0.%06d $((duration * moment / 1000))); kill -9 $! 2>/dev/null
                } | cat
                for table in filter nat; do
                    save $table >/run/now
                    if cmp -s /run/now /run/new.$table; then echo new
                    elif cmp -s /run/now /run/old.$table; then echo old
                    else echo mixed; diff /run/now /run/old.$table; fi
                done
                apply /run/old.json >/dev/null || exit 7
            done
            """
        // In thousandths of the time that a run takes.
        let count = TestSize.current.count(full: 25, brief: 5)
        let moments = (0..<count).map { _ in "\(Int.random(in: 0...1100))" }
        let result = try Isolation.run(script, moments, hasOwnMounts: true)
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let words = result.outputText.split(separator: "\n")
        #expect(words.count == 2 * count && words.allSatisfy { $0 == "new" || $0 == "old" }, "\(result.outputText)")
        print(
            "Killed apply (\(backend)) at \(count) random moments: "
                + "\(words.count { $0 == "new" }) tables had their new rules, \(words.count { $0 == "old" }) their old ones."
        )
    }

    /// What IPVS mode left would go on to take packets.
    @Test func chainsOfIPVSMode() throws {
        let script = """
            iptables -t nat -N KUBE-NODE-PORT && "$KUBECHAINS" apply \(Self.arguments); echo "exit $?"
            iptables-save | grep -c KUBE; "$KUBECHAINS" apply --force --family ipv4 \(Self.arguments) | head -1
            """
        let result = try Isolation.run(script)
        #expect(
            result.outputText.hasPrefix("exit 2\n1\nIPv4, nft: 139 chains and 389 rules written"),
            "\(result.outputText)")
        #expect(
            result.errorText.contains(
                "error: IPv4, nft: what kube-proxy in IPVS mode made is on this host, and would go on to take packets. Nothing was "
                    + "changed; take it away with 'kubechains cleanup --proxy-mode ipvs --apply', or give --force\n"),
            "\(result.errorText)")
    }
}
