import Foundation
import Testing

/// Hosts that are not what they seem: tables that iptables cannot show, files and descriptors that others have prepared, programs
/// that fail or leave something behind.
@Suite(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."))
struct HostDangersTests {
    private static let options = "--node worker-1 --cluster-cidr 10.244.0.0/16"
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let apply = "\"$KUBECHAINS\" apply --backend nft --family ipv4 \(options) \(demo)"

    // MARK: Tables that iptables cannot show

    /// An nft rule with a set in a table of iptables hides the table from iptables-nft-save, which ends with 0.
    @Test(.enabled(if: Program.installed("nft") != nil, "Needs nft."), arguments: [false, true])
    func hiddenTable(_ isAppliedBefore: Bool) throws {
        let script = """
            \(isAppliedBefore ? "\(Self.apply) >/dev/null &&" : "") nft -f - <<'END' || exit 9
            table ip nat {
              set s { type ipv4_addr; elements = { 1.2.3.4 } }
              chain PREROUTING {
                type nat hook prerouting priority -100; policy accept;
                ip saddr @s tcp dport 8080 dnat to 10.1.2.3
              }
            }
            END
            before=$(nft list ruleset | md5sum)
            for command in "apply --family ipv4 \(Self.options) \(Self.demo)" "apply --family ipv4 --dry-run \(Self.options) \(Self.demo)" \
                "cleanup --apply --family ipv4" "cleanup --live host" "audit --live host \(Self.options) \(Self.demo)"; do
                "$KUBECHAINS" $command >/run/output 2>/run/errors; echo "$? $(grep -c 'cannot show the nat table' /run/errors)" \
                    "$(wc -c </run/output)"
            done
            [ "$before" = "$(nft list ruleset | md5sum)" ] && echo same
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == String(repeating: "2 1 0\n", count: 5) + "same\n", "\(result.errorText)")
    }

    /// `--live host` reads the backend that holds kube-proxy's chains, and both if both do.
    @Test func backendOfTheHost() throws {
        let script = """
            audit() { "$KUBECHAINS" audit --live host \(Self.options) \(Self.demo) >/run/output; echo "$? $(grep -c both-backends /run/output)"; }
            "$KUBECHAINS" apply --backend legacy --family ipv4 \(Self.options) \(Self.demo) >/dev/null; audit
            "$KUBECHAINS" apply --backend nft --force --family ipv4 \(Self.options) \(Self.demo) >/dev/null; audit
            "$KUBECHAINS" cleanup --apply --backend legacy >/dev/null; audit
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "0 0\n1 1\n0 0\n", "\(result.outputText)\(result.errorText)")
    }

    // MARK: kube-proxy beside

    /// A kube-proxy in this network namespace is named with its process id, whoever runs it; one in another is no concern, nor
    /// one that has ended and was not waited for.
    @Test func runningKubeProxy() throws {
        let script = """
            cp "$(command -v sleep)" /run/kube-proxy && chmod 755 /run /run/kube-proxy
            unshare -n /run/kube-proxy 60 & other=$!
            python3 -c 'import subprocess, time; subprocess.Popen(["/run/kube-proxy", "0"]); time.sleep(20)' & dead=$!
            sleep 0.5; \(Self.apply) >/dev/null; echo $?
            setpriv --reuid=65534 --regid=65534 --clear-groups /run/kube-proxy 60 & own=$!
            sleep 0.3; \(Self.apply) 2>/run/errors; echo $?; grep -c "process $own is named kube-proxy and is in this network namespace" /run/errors
            kill $own $other $dead
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "0\n2\n1\n", "\(result.outputText)\(result.errorText)")
    }

    // MARK: The lock file

    /// A FIFO would be waited at for ever; a folder or a link is no lock either. Nothing is changed.
    @Test(arguments: ["mkfifo $lock", "mkfifo $lock; cat $lock & sleep 0.2", "mkdir $lock", "ln -s /run/other $lock"])
    func lockFileOfAnotherKind(_ prepare: String) throws {
        let script = """
            lock=/run/kubechains.lock; \(prepare); timeout 20 \(Self.apply) >/dev/null; echo $?; iptables-nft-save; ls /run/other
            \(Self.apply) --lock-file /run/mine >/dev/null; echo $?; [ -f /run/mine ] && echo made
            kill $! 2>/dev/null
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\n0\nmade\n", "\(result.outputText)\(result.errorText)")
        #expect(result.errorText.contains("error: /run/kubechains.lock cannot be locked: "), "\(result.errorText)")
    }

    @Test func readOnlyRun() throws {
        let script = """
            mkdir /tmp/rw.$$; mount -o remount,ro /run; \(Self.apply) >/dev/null; echo $?
            \(Self.apply) --lock-file /tmp/rw.$$/lock >/dev/null; echo $?; rm -r /tmp/rw.$$
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\n0\n", "\(result.errorText)")
        #expect(
            result.errorText.contains(
                "/run/kubechains.lock cannot be locked: read-only file system; nothing was changed; "
                    + "--lock-file names another one"), "\(result.errorText)")
    }

    /// What is meant for a closed standard output does not end up in the lock file.
    @Test func closedOutput() throws {
        let result = try Isolation.run("\(Self.apply) >&-; echo $?; wc -c </run/kubechains.lock", hasOwnMounts: true)
        #expect(result.outputText == "2\n0\n", "\(result.outputText)")
    }

    // MARK: The kernel's settings, and programs

    /// Found before anything is written.
    @Test func readOnlySysctls() throws {
        let script = """
            mount --bind /proc/sys /proc/sys && mount -o remount,ro,bind /proc/sys && \(Self.apply); echo $?; iptables-nft-save
            \(Self.apply) --iptables-localhost-nodeports=false >/dev/null; echo $?
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\n0\n", "\(result.outputText)\(result.errorText)")
        #expect(
            result.errorText.contains(
                "route_localnet cannot be set, which node ports on 127.0.0.1 need: read-only file system; nothing was changed"
            ))
    }

    @Test func kernelThatDoesNotForward() throws {
        let script = "echo 0 >/proc/sys/net/ipv4/ip_forward; \(Self.apply) --verify >/dev/null; echo $?"
        let result = try Isolation.run(script)
        #expect(result.outputText == "0\n", "\(result.errorText)")
        #expect(
            result.errorText.contains(
                "warning: the sysctl net.ipv4.ip_forward is 0: packets of pods and for node ports are not forwarded\n"))
    }

    @Test func programsElsewhere() throws {
        let script = """
            mkdir /run/programs; for name in iptables iptables-save iptables-restore; do
                cp -L "$(command -v iptables-nft)" /run/programs/$name
            done
            cp "$KUBECHAINS" /run/kubechains; KUBECHAINS=/run/kubechains; mount -t tmpfs tmpfs /usr/sbin
            \(Self.apply) 2>&1; \(Self.apply) --program-path /run/programs | head -1
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        let lines = result.outputText.split(separator: "\n")
        #expect(
            lines.first?.hasPrefix(
                "error: iptables with the nft backend is not installed: it is in none of /usr/local/sbin, ")
                == true)
        #expect(lines.last == "IPv4, nft: 139 chains and 389 rules written, 14 jumps added", "\(result.outputText)")
    }

    /// Programs that fail are explained: without a capability, without IPv6, by a signal.
    @Test func programsThatFail() throws {
        let script = """
            mkdir /run/programs; cat >/run/programs/ip6tables-nft-save <<'END'
            #!/bin/sh
            echo '# Warning: ip6tables-legacy tables present, use ip6tables-legacy-save to see them' >&2
            echo "ip6tables-save v1.8.9: can't initialize ip6tables table: Address family not supported by protocol" >&2; exit 3
            END
            printf '#!/bin/sh\\nkill -9 $$\\n' >/run/programs/iptables-nft-save; chmod 755 /run/programs/*
            "$KUBECHAINS" apply --backend nft --program-path /run/programs --family ipv6 \(Self.options) \(Self.demo); echo $?
            \(Self.apply) --program-path /run/programs; echo $?
            setpriv --bounding-set=-net_admin \(Self.apply); echo $?
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\n2\n2\n")
        let lines = result.errorLines
        try #require(lines.count == 5, "\(result.errorText)")
        #expect(
            lines[0]
                == "error: /run/programs/ip6tables-nft-save failed: ip6tables-save v1.8.9: can't initialize ip6tables table: "
                + "Address family not supported by protocol")
        #expect(lines[1] == "if this host has no IPv6, give --family ipv4")
        #expect(lines[2] == "error: /run/programs/iptables-nft-save failed: it was ended by signal 9")
        #expect(lines[4] == "root needs the capability CAP_NET_ADMIN for this, which containers often lack", "\(lines)")
    }

    /// A counter that the kernel does not have is named, with what makes it.
    @Test(arguments: Backend.allCases)
    func missingCounter(_ backend: Backend) throws {
        let script = """
            mount --bind /dev/null $(command -v nfacct)
            "$KUBECHAINS" apply --nfacct --backend \(backend) --family ipv4 \(Self.options) \(Self.demo); echo $?
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\n")
        #expect(result.errorText.contains("\n    table filter, line "), "\(result.errorText)")
        #expect(
            result.errorText.contains("the rules use nfacct counters: ct_state_invalid_dropped_pkts"),
            "\(result.errorText)")
    }

    @Test(.enabled(if: Program.installed("conntrack") != nil, "Needs conntrack."))
    func conntrackThatFails() throws {
        let script = """
            printf '#!/bin/sh\\necho "conntrack v1: Operation failed" >&2; exit 1\\n' >/run/conntrack; chmod 755 /run/conntrack
            mount --bind /run/conntrack "$(command -v conntrack)"; \(Self.apply); echo $?
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(
            result.outputText.contains(
                "conntrack failed: conntrack v1: Operation failed: clients of UDP Services may be led to endpoints that are gone "
                    + "until they pause\n0\n"), "\(result.outputText)\(result.errorText)")
    }

    /// If the second family is refused, the first gets its rules back.
    @Test func bothFamiliesAreTakenBack() throws {
        // The second family is refused when it is written, which --test does not find.
        let script = """
            "$KUBECHAINS" apply --backend nft \(Self.options) \(Self.demo) >/dev/null; iptables-nft-save >/run/before
            sed 's/10.244.1.71/10.244.1.99/' \(Self.demo) >/run/other.json
            mkdir /run/programs; cat >/run/programs/ip6tables-nft-restore <<'END'
            #!/bin/sh
            case "$*" in *--test*) exec /usr/sbin/ip6tables-nft-restore "$@";; esac
            cat >/dev/null; echo no >&2; exit 1
            END
            chmod 755 /run/programs/ip6tables-nft-restore
            "$KUBECHAINS" apply --backend nft --program-path /run/programs \(Self.options) /run/other.json; echo $?
            iptables-nft-save | grep -v '^[#:]' >/run/after; grep -v '^[#:]' /run/before | cmp - /run/after && echo same
            """
        let result = try Isolation.run(script, hasOwnMounts: true)
        #expect(result.outputText == "2\nsame\n", "\(result.outputText)\(result.errorText)")
        #expect(result.errorText.hasPrefix("error: step 2 of 2 failed, rules of IPv6, nft ("), "\(result.errorText)")
        #expect(
            result.errorText.hasSuffix("of IPv4, nft, which was written before, has its rules back\n"),
            "\(result.errorText)")
    }
}
