import Foundation
import TestSupport
import Testing

/// `apply --incremental` and `render --against` touch what differs, and nothing else.
@Suite(.enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."))
struct IncrementalTests {
    private static let options = "--node worker-1 --cluster-cidr 10.244.0.0/16"
    private static let demo = "\(Package.fixtures)/demo/cluster.json"

    /// 5,000 Services of 10 endpoints each; fewer in a brief run.
    private static let services = TestSize.current.count(full: 5000, brief: 200)

    /// One endpoint of many changed: the text is about this Service's chains only, and makes the kernel hold the new rules.
    @Test func oneEndpointOfALargeCluster() throws {
        let folder = try TemporaryFolder()
        let before = try folder.write("a.json", cluster(changing: nil))
        let after = try folder.write("b.json", cluster(changing: Self.services / 4))
        let script = """
            "$KUBECHAINS" apply --backend legacy --family ipv4 --node n "$1" && iptables-legacy-save >/run/a.save &&
            wc -l </run/a.save && "$KUBECHAINS" render --against /run/a.save --node n "$2" >/run/delta && echo ---- &&
            cat /run/delta && echo ---- &&
            "$KUBECHAINS" apply --backend legacy --family ipv4 --node n --incremental --verify "$2"
            """
        let result = try Isolation.run(script, [before, after], hasOwnMounts: true, secondsAllowed: 300)
        #expect(result.ending == .exit(0), "\(result.outputText.suffix(2000))\(result.errorText)")
        let parts = result.outputText.components(separatedBy: "----\n")
        try #require(parts.count == 3)
        let lineCount = try #require(parts[0].split(separator: "\n").last.flatMap { Int($0) })
        #expect(lineCount > 42 * Self.services)
        // The policy's chain and the two endpoints' chains: one made, one deleted; 10 shares and the new endpoint's two rules.
        let lines = parts[1].split(separator: "\n")
        #expect(lines.count == 18, "\(parts[1])")
        #expect(lines.first == "*nat" && lines.last == "COMMIT")
        let chains = lines.filter { $0.hasPrefix(":") }.map { $0.dropFirst().prefix { $0 != " " } }
        #expect(chains.count == 3 && chains.filter { $0.hasPrefix("KUBE-SEP-") }.count == 2)
        #expect(lines.contains { $0 == "-X \(chains[2])" })
        #expect(lines.filter { $0.hasPrefix("-A ") }.allSatisfy { line in chains[..<2].contains { line.contains($0) } })
        #expect(
            parts[2] == """
                IPv4, legacy: 2 chains and 12 rules written, 1 chain deleted
                verified: the host's rules are what they should be

                """)
    }

    private func cluster(changing changed: Int?) -> String {
        var text = #"{"kind":"List","apiVersion":"v1","items":["#
        for index in 0..<Self.services {
            let (high, low) = (index / 250, index % 250 + 1)
            let meta = #""metadata":{"namespace":"ns","name":"s\#(index)""#
            text += #"{"kind":"Service","apiVersion":"v1",\#(meta)},"spec":{"clusterIP":"10.96.\#(high).\#(low)","#
            text += #""ports":[{"name":"p","port":80}]}},"#
            text += #"{"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4","#
            text +=
                #"\#(meta),"labels":{"kubernetes.io/service-name":"s\#(index)"}},"ports":[{"name":"p","port":8080}],"#
            let endpoints = (0..<10).map { endpoint in
                let isChanged = index == changed && endpoint == 4
                return #"{"addresses":["10.\#(isChanged ? 200 : 100 + endpoint).\#(high).\#(low)"],"nodeName":"x"}"#
            }
            text += #""endpoints":[\#(endpoints.joined(separator: ","))]}\#(index < Self.services - 1 ? "," : "]}")"#
        }
        return text
    }

    /// A connection that is open stays open, and the counters of chains that do not change go on counting.
    @Test(arguments: Backend.allCases)
    func connectionAndCounters(_ backend: Backend) throws {
        let script = """
            ip link set lo up && ip address add 10.244.1.70/32 dev lo && ip address add 10.96.45.11/32 dev lo &&
            ip address del 10.96.45.11/32 dev lo && ip route add default dev lo &&
            apply() { "$KUBECHAINS" apply --backend \(backend) --family ipv4 \(Self.options) "$@" >&2; }
            apply "$1" && python3 - "$2" "$KUBECHAINS" \(backend) \(Self.options) <<'EOF'
            import socket, subprocess, sys
            server = socket.create_server(("10.244.1.70", 8080))
            client = socket.create_connection(("10.96.45.11", 80), timeout=10)
            connection, _ = server.accept()
            connection.settimeout(10)
            def exchange():
                client.sendall(b"ping")
                assert connection.recv(4) == b"ping"
                connection.sendall(b"pong")
                assert client.recv(4) == b"pong"
            def counters():
                save = subprocess.run([f"iptables-{sys.argv[3]}-save", "-c", "-t", "nat"], capture_output=True, text=True)
                return [line for line in save.stdout.splitlines() if "shop/web:http" in line and "10.244.1.70:8080" in line]
            exchange()
            before = counters()
            apply = [sys.argv[2], "apply", "--backend", sys.argv[3], "--family", "ipv4", "--incremental"]
            subprocess.run(apply + sys.argv[4:] + [sys.argv[1]], check=True, stdout=sys.stderr)
            exchange()
            after = counters()
            print(before == after, len(before), all(line.startswith("[1:") for line in before))
            EOF
            """
        // All traffic of shop/web goes to one endpoint; then another Service changes.
        let text = try String(contentsOfFile: Self.demo, encoding: .utf8)
        let one = text.replacingOccurrences(of: "10.244.0.11", with: "10.244.1.70")
            .replacingOccurrences(of: "10.244.1.71", with: "10.244.1.70")
            .replacingOccurrences(of: "10.244.2.70", with: "10.244.1.70")
        let other = one.replacingOccurrences(of: "10.244.1.75", with: "10.244.1.76")
        try #require(one != text && other != one)
        let folder = try TemporaryFolder()
        let result = try Isolation.run(
            script, [try folder.write("a.json", one), try folder.write("b.json", other)], hasOwnMounts: true)
        // The one share and the translation of the one endpoint have each seen the connection's first packet.
        #expect(result.outputText == "True 2 True\n", "\(result.outputText)\(result.errorText)")
        #expect(result.errorText.contains("2 chains and"), "\(result.errorText)")
    }

    /// What `--dry-run` prints needs no host where the present rules are given, and is what `render --against` prints.
    @Test func dryRun() throws {
        let changed = try String(contentsOfFile: Self.demo, encoding: .utf8)
            .replacingOccurrences(of: "10.244.1.71", with: "10.244.1.99")
        let saved = "\(Package.fixtures)/demo/ipv4.save"
        let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16,fd00:10:244::/56"]
        let against = try Tool.run(
            ["render", "--against", saved] + options + ["-"], input: Array(changed.utf8))
        expect(against, 0, errors: [])
        let dry = try Tool.run(
            ["apply", "--dry-run", "--incremental", "--live", saved] + options + ["-"], input: Array(changed.utf8))
        expect(dry, 0, output: against.outputText, errors: [])
        let lines = against.outputText.split(separator: "\n")
        // The dump holds kube-proxy's chains alone, so the jumps are missing.
        #expect(lines.filter { $0.hasPrefix("-I ") }.count == 14)
        #expect(lines.filter { $0.hasPrefix("-A ") }.allSatisfy { $0.contains("shop/web:http") })
        #expect(lines.filter { $0.hasPrefix("-X ") } == ["-X KUBE-SEP-4VVBFLEUTECMJ2EY"])

        // All of it, without --incremental: the rendered rules, and the jumps besides.
        let all = try Tool.run(["apply", "--dry-run", "--live", saved] + options + [Self.demo])
        let golden = try String(contentsOfFile: "\(Package.fixtures)/demo/ipv4.restore", encoding: .utf8)
        #expect(all.outputText.split(separator: "\n").filter { !$0.hasPrefix("-I ") } == golden.split(separator: "\n"))
    }

    /// Where the host holds what it should, there is nothing to write.
    @Test func nothingToChange() throws {
        let script = """
            "$KUBECHAINS" apply --family ipv4 \(Self.options) \(Self.demo) >/dev/null && iptables-save -c >/run/save &&
            "$KUBECHAINS" render --against /run/save \(Self.options) \(Self.demo)
            """
        expect(try Isolation.run(script, hasOwnMounts: true), 0, output: "", errors: [])
    }

    /// Flows of UDP Services that lead to endpoints which are gone are deleted, others are not.
    @Test(.enabled(if: Program.installed("conntrack") != nil, "Needs conntrack."))
    func staleFlows() throws {
        let snapshot = """
            {"kind":"List","apiVersion":"v1","items":[
            {"kind":"Service","apiVersion":"v1","metadata":{"namespace":"a","name":"dns"},
             "spec":{"clusterIP":"10.96.0.10","ports":[{"port":53,"protocol":"UDP","nodePort":30053}]}},
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4",
             "metadata":{"namespace":"a","name":"x","labels":{"kubernetes.io/service-name":"dns"}},
             "ports":[{"name":"","port":53,"protocol":"UDP"}],"endpoints":[{"addresses":["10.244.0.5"]}]}]}
            """
        func flow(_ destination: String, _ port: Int, _ server: String, _ source: Int) -> String {
            "conntrack -I -p udp -t 600 -s 10.0.0.\(source) -d \(destination) -r \(server) -q 10.0.0.\(source) --sport 1000 "
                + "--dport \(port) --reply-port-src 53 --reply-port-dst 1000 -u SEEN_REPLY >/dev/null 2>&1"
        }
        let script = [
            flow("10.96.0.10", 53, "10.244.0.5", 1), flow("10.96.0.10", 53, "10.244.0.6", 2),
            flow("10.96.0.10", 54, "10.244.0.6", 3), flow("192.0.2.1", 30053, "10.244.0.5", 4),
            flow("192.0.2.1", 30053, "10.244.0.6", 5), flow("192.0.2.1", 53, "10.244.0.6", 6),
            "\"$KUBECHAINS\" apply --family ipv4 --node n - | tail -n 1",
            "conntrack -L -p udp 2>/dev/null | sed 's/.*src=10.0.0.\\([0-9]\\).*/\\1/' | sort",
        ].joined(separator: "; ")
        let result = try Isolation.run(script, input: Array(snapshot.utf8))
        #expect(
            result.outputText.split(separator: "\n") == [
                "connection tracking: stale flows of UDP Services deleted, 2 kinds of them", "1", "3", "4", "6",
            ], "\(result.outputText)\(result.errorText)")
    }
}
