import Iptables
import KubeObjects
import KubeProxy
import NetAddress
import TestSupport
import Testing

@testable import KubeChainsJSON

/// What has to be done to a host in IPVS mode: single decisions (SPEC-IPVS §14), and whole clusters over one another.
@Suite struct IPVSChangesTests {
    /// The lines that are done to servers, and the real servers that drain.
    struct ServerCase: Sendable, CustomTestStringConvertible {
        var name: String
        var host: String
        var connections = ""
        var wanted: String
        var lines: [String]
        var draining: [String] = []

        var testDescription: String { name }
    }

    private static let web = "-A -t 10.96.0.1:80 -s rr\n-a -t 10.96.0.1:80 -r 10.1.0.1:8080 -m -w 1"
    private static let two = web + "\n-a -t 10.96.0.1:80 -r 10.1.0.2:8080 -m -w 1"
    private static let gone = "-t 10.96.0.1:80 -r 10.1.0.2:8080"

    private static func counts(_ transport: String, _ server: String, _ real: String, _ active: Int, _ others: Int)
        -> String
    {
        """
        IP Virtual Server version 1.2.1 (size=4096)
        Prot LocalAddress:Port Scheduler Flags
          -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
        \(transport)  \(server) rr
          -> \(real)               Masq    1      \(active)          \(others)
        """
    }

    static let serverCases: [ServerCase] = [
        ServerCase(name: "nothing there", host: "", wanted: web, lines: web.components),
        ServerCase(name: "the same", host: two, wanted: two, lines: []),
        ServerCase(
            name: "the same in another order", host: "-A -u 10.96.0.2:53 -s rr\n" + two,
            wanted: two + "\n-A -u 10.96.0.2:53 -s rr",
            lines: []),
        ServerCase(
            name: "weight 0 of a wanted one", host: web.replacing("-w 1", with: "-w 0"), wanted: web,
            lines: ["-e -t 10.96.0.1:80 -r 10.1.0.1:8080 -m -w 1"]),
        ServerCase(
            name: "another scheduler", host: web.replacing("rr", with: "wlc"), wanted: web,
            lines: ["-E -t 10.96.0.1:80 -s rr"]),
        ServerCase(
            name: "persistence added", host: web, wanted: web.replacing("-s rr", with: "-s rr -p 10800"),
            lines: ["-E -t 10.96.0.1:80 -s rr -p 10800"]),
        ServerCase(
            name: "persistence removed", host: web.replacing("-s rr", with: "-s rr -p 10800"), wanted: web,
            lines: ["-E -t 10.96.0.1:80 -s rr"]),
        ServerCase(
            name: "another flag", host: web.replacing("-s rr", with: "-s mh"),
            wanted: web.replacing("-s rr", with: "-s mh -b mh-port"),
            lines: ["-E -t 10.96.0.1:80 -s mh -b mh-port"]),
        ServerCase(
            name: "another way of forwarding", host: web, wanted: web.replacing("-m", with: "-g"),
            lines: ["-e -t 10.96.0.1:80 -r 10.1.0.1:8080 -g -w 1"]),
        ServerCase(
            name: "a tunnel as the kernel says it", host: web.replacing("-m -w 1", with: "-i -w 1 --tun-type ipip"),
            wanted: web.replacing("-m", with: "-i"), lines: []),
        ServerCase(name: "unwanted, no connections", host: two, wanted: web, lines: ["-d \(gone)"]),
        ServerCase(
            name: "unwanted, an active connection", host: two,
            connections: counts("TCP", "10.96.0.1:80", "10.1.0.2:8080", 1, 0), wanted: web,
            lines: ["-e \(gone) -m -w 0"],
            draining: ["\(gone): 1"]),
        ServerCase(
            name: "unwanted, remembered connections", host: two,
            connections: counts("TCP", "10.96.0.1:80", "10.1.0.2:8080", 0, 3), wanted: web,
            lines: ["-e \(gone) -m -w 0"],
            draining: ["\(gone): 3"]),
        ServerCase(
            name: "unwanted, the connections are another's", host: two,
            connections: counts("UDP", "10.96.0.1:80", "10.1.0.2:8080", 1, 0), wanted: web, lines: ["-d \(gone)"]),
        ServerCase(
            name: "draining", host: web + "\n-a \(gone) -m -w 0",
            connections: counts("TCP", "10.96.0.1:80", "10.1.0.2:8080", 1, 0), wanted: web, lines: [],
            draining: ["\(gone): 1"]),
        ServerCase(name: "drained", host: web + "\n-a \(gone) -m -w 0", wanted: web, lines: ["-d \(gone)"]),
        ServerCase(
            name: "draining and wanted again", host: web + "\n-a \(gone) -m -w 0",
            connections: counts("TCP", "10.96.0.1:80", "10.1.0.2:8080", 1, 0), wanted: two,
            lines: ["-e \(gone) -m -w 1"]),
        ServerCase(
            name: "UDP does not drain", host: two.replacing("-t", with: "-u"),
            connections: counts("UDP", "10.96.0.1:80", "10.1.0.2:8080", 1, 0), wanted: web.replacing("-t", with: "-u"),
            lines: ["-d -u 10.96.0.1:80 -r 10.1.0.2:8080"]),
        ServerCase(
            name: "SCTP does not drain", host: two.replacing("-t", with: "--sctp-service"),
            connections: counts("SCTP", "10.96.0.1:80", "10.1.0.2:8080", 1, 0),
            wanted: web.replacing("-t", with: "--sctp-service"),
            lines: ["-d --sctp-service 10.96.0.1:80 -r 10.1.0.2:8080"]),
        ServerCase(
            name: "a virtual server goes at once", host: web,
            connections: counts("TCP", "10.96.0.1:80", "10.1.0.1:8080", 9, 0), wanted: "", lines: ["-D -t 10.96.0.1:80"]
        ),
        ServerCase(name: "an excluded one stays", host: web.replacing("10.96", with: "172.30"), wanted: "", lines: []),
        ServerCase(
            name: "an excluded one that is wanted", host: "-A -t 172.30.0.1:80 -s wlc",
            wanted: "-A -t 172.30.0.1:80 -s rr",
            lines: ["-E -t 172.30.0.1:80 -s rr"]),
        ServerCase(
            name: "the other family stays",
            host: "-A -t [fd00::1]:80 -s rr\n-a -t [fd00::1]:80 -r [fd00::2]:80 -m -w 1",
            wanted: "", lines: []),
        ServerCase(
            name: "marks stay, with their real servers",
            host: web + "\n-A -f 1 -s rr\n-a -f 1 -r 10.1.0.9:8080 -m -w 1",
            wanted: web, lines: []),
    ]

    @Test(arguments: serverCases) func servers(_ test: ServerCase) throws {
        let host = try state(servers: test.host, connections: test.connections)
        let changes = IPVSChanges(
            from: host, to: try state(servers: test.wanted),
            .gentle(excluding: [try #require(IPPrefix("172.30.0.0/16"))]))
        #expect(changes.lines(of: .ipvsadm) == test.lines)
        #expect(changes.draining.map { "\($0.name): \($0.connections)" } == test.draining)
    }

    private static let ranges = "KUBE-LOAD-BALANCER-SOURCE-CIDR"

    /// Host, wanted, what is done.
    @Test(
        arguments: [
            (
                "", "create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536\nadd KUBE-IPVS-IPS 10.96.0.1",
                ["create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536", "add KUBE-IPVS-IPS 10.96.0.1"]
            ),
            (
                "create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1\n"
                    + "add KUBE-IPVS-IPS 10.96.0.1\nadd KUBE-IPVS-IPS 10.96.0.2\ncreate OTHERS hash:ip family inet\nadd OTHERS 10.0.0.1",
                "create KUBE-IPVS-IPS hash:ip family inet\nadd KUBE-IPVS-IPS 10.96.0.2\nadd KUBE-IPVS-IPS 10.96.0.3",
                ["del KUBE-IPVS-IPS 10.96.0.1", "add KUBE-IPVS-IPS 10.96.0.3"]
            ),
            // The kernel prints a range of one address without its length.
            (
                "create \(ranges) hash:ip,port,net family inet\nadd \(ranges) 1.2.3.4,tcp:80,10.0.0.1\nadd \(ranges) 1.2.3.4,tcp:80,10.2.0.0/16",
                "create \(ranges) hash:ip,port,net family inet\nadd \(ranges) 1.2.3.4,tcp:80,10.0.0.1/32\n"
                    + "add \(ranges) 1.2.3.4,tcp:80,10.2.0.0/16", []
            ),
            (
                "create KUBE-NODE-PORT-TCP bitmap:port range 0-65535\nadd KUBE-NODE-PORT-TCP 30000",
                "create KUBE-NODE-PORT-TCP bitmap:port range 0-65535", ["del KUBE-NODE-PORT-TCP 30000"]
            ),
            // The other family's.
            ("create KUBE-6-IPVS-IPS hash:ip family inet6\nadd KUBE-6-IPVS-IPS fd00::1", "", []),
        ] as [(String, String, [String])])
    func sets(_ host: String, _ wanted: String, _ lines: [String]) throws {
        let changes = IPVSChanges(from: try state(sets: host), to: try state(sets: wanted), .gentle(excluding: []))
        #expect(changes.lines(of: .ipset) == lines)
        #expect(changes.strangeSets.isEmpty)
    }

    @Test func setOfAnotherType() throws {
        let host = try state(sets: "create KUBE-IPVS-IPS hash:net family inet hashsize 1024 maxelem 65536")
        let wanted = try state(sets: "create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536")
        let changes = IPVSChanges(from: host, to: wanted, .gentle(excluding: []))
        #expect(changes.strangeSets.map(\.kind) == ["hash:net family inet"])
    }

    @Test func addresses() throws {
        let printed = """
            2: kube-ipvs0    inet 10.96.0.1/32 scope global kube-ipvs0\\       valid_lft forever preferred_lft forever
            2: kube-ipvs0    inet 10.96.0.2/24 scope global kube-ipvs0\\       valid_lft forever preferred_lft forever
            2: kube-ipvs0    inet6 fd00::1/128 scope global \\       valid_lft forever preferred_lft forever
            2: kube-ipvs0    inet6 fe80::1/64 scope link \\       valid_lft forever preferred_lft forever
            """
        let host = try state(addresses: IPVSHostTexts.addresses(in: printed))
        let changes = IPVSChanges(
            from: host, to: try state(addresses: ["10.96.0.1/32", "10.96.0.3/32"]), .gentle(excluding: []))
        #expect(
            changes.lines(of: .ip) == ["addr add 10.96.0.3/32 dev kube-ipvs0", "addr del 10.96.0.2/24 dev kube-ipvs0"])
        let other = try state(.ipv6, addresses: IPVSHostTexts.addresses(in: printed))
        let changesOfOther = IPVSChanges(from: other, to: try state(.ipv6), .gentle(excluding: []))
        #expect(changesOfOther.lines(of: .ip) == ["addr del fd00::1/128 dev kube-ipvs0"])
    }

    /// Settings of the kernel are written where they differ; a timeout of 0 stays what it is.
    @Test func settings() throws {
        let sysctl = IPVSHostState.Sysctl.init
        var host = try state()
        host.sysctls = [sysctl("net/ipv4/ip_forward", "0"), sysctl("net/ipv4/vs/conntrack", "1")]
        host.timeouts = [900, 120, 300]
        var wanted = try state()
        wanted.sysctls = [sysctl("net/ipv4/vs/conntrack", "1"), sysctl("net/ipv4/ip_forward", "1")]
        wanted.timeouts = [0, 60, 0]
        let steps = IPVSChanges(from: host, to: wanted, .gentle(excluding: [])).steps
        #expect(
            steps.map(\.work) == [
                .write(sysctl("net/ipv4/ip_forward", "1")), .run(.ipvsadm, ["--set", "900", "60", "300"], input: ""),
            ])
        wanted.timeouts = [900, 0, 0]
        #expect(IPVSChanges(from: host, to: wanted, .gentle(excluding: [])).steps.count == 1)
    }

    /// Where iptables mode runs again, its chains stay as they are, and so do those that both modes have; a rule of others that
    /// leads to one of IPVS mode's is in the way.
    @Test func cleanupBesideIptablesMode() throws {
        let rules = """
            *nat
            :KUBE-SERVICES - [0:0]
            :KUBE-NODEPORTS - [0:0]
            :KUBE-MARK-MASQ - [0:0]
            :KUBE-NODE-PORT - [0:0]
            -A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            -A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
            -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
            -A KUBE-NODE-PORT -p tcp -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ
            -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
            COMMIT
            *filter
            :KUBE-IPVS-FILTER - [0:0]
            :MINE - [0:0]
            -A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
            -A MINE -j KUBE-IPVS-FILTER
            COMMIT

            """
        var host = try state()
        host.hasInterface = false
        host.families[0].rules = try Ruleset(parsing: Array(rules.utf8), family: .ipv4)
        let wanted = host.withoutProxy(excluding: [])
        #expect(
            IPVSChanges(from: host, to: wanted, .exact).lines(of: .iptablesRestore) == [
                "*nat", ":KUBE-SERVICES - [0:0]", ":KUBE-MARK-MASQ - [0:0]",
                "[0:0] -A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
                "[0:0] -A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000", "COMMIT",
                "*nat", ":KUBE-NODE-PORT - [0:0]", "-X KUBE-NODE-PORT", "COMMIT",
                "*filter", ":KUBE-IPVS-FILTER - [0:0]",
                "-D INPUT -m comment --comment \"kubernetes ipvs access filter\" -j KUBE-IPVS-FILTER",
                "-X KUBE-IPVS-FILTER", "COMMIT",
            ])
        #expect(
            host.families[0].blockingReferences(to: wanted.families[0]).map(\.rule) == ["-A MINE -j KUBE-IPVS-FILTER"])
    }

    /// The steps of one cluster over another, carried out on a model of the host, leave what the other one wants; the way
    /// back leaves what was there, and cleanup leaves nothing but what is others'.
    ///
    /// 200 pairs of clusters, since each takes a tenth of a second.
    @Test(arguments: RandomClusterTests.parts)
    func oneClusterOverAnother(_ seeds: Range<UInt64>) throws {
        for seed in seeds where seed % 5 == 0 {
            let (first, second) = (try plan(seed), try plan(seed + 1, family: RandomCluster(seed: seed)))
            let foreign = "-A -t 172.30.255.1:9 -s rr\n-A -t 192.0.2.77:9 -s rr\n-A -f 1 -s rr\n"
            var model = ModelHost()
            let family = first.plan.settings.family
            let before = try model.state(family)
            try model.run(IPVSChanges(from: before, to: IPVSHostState([first]), .gentle(excluding: [])))
            #expect(model.texts.sorted == first.texts.sorted, "seed \(seed), first")
            #expect(try model.steps(to: first) == [], "seed \(seed), first again")

            let between = try model.state(family)
            try model.run(IPVSChanges(from: between, to: IPVSHostState([second]), .gentle(excluding: [])))
            #expect(model.texts.sorted == second.texts.sorted, "seed \(seed), second")
            #expect(try model.steps(to: second) == [], "seed \(seed), second again")

            try model.run(IPVSChanges(from: try model.state(family), to: between, .exact))
            #expect(model.texts.sorted == first.texts.sorted, "seed \(seed), back")

            model.addServers(foreign)
            let now = try model.state(family)
            try model.run(IPVSChanges(from: now, to: now.withoutProxy(excluding: []), .exact))
            #expect(model.texts.sorted.servers == foreign.components.sorted(), "seed \(seed), cleaned up")
            let left = try model.state(family).families[0].rules.tables.flatMap(\.chains)
            #expect(left.filter { $0.name.hasPrefix("KUBE-") || !$0.rules.isEmpty }.map(\.name) == [], "seed \(seed)")
            #expect(model.texts.sets.isEmpty && model.texts.addresses.isEmpty && !model.hasInterface, "seed \(seed)")
        }
    }

    private func plan(_ seed: UInt64, family: RandomCluster? = nil) throws -> IPVSPlan {
        let cluster = RandomCluster(seed: seed)
        var settings = try ProxySettings(flags: cluster.options)
        if let family { settings.family = family.description.settings.family == .ipv4 ? .ipv4 : .ipv6 }
        let snapshot = try ClusterSnapshot(reading: [
            SnapshotSource(name: "a", bytes: Array(cluster.listDocument().utf8))
        ])
        return try IPVSPlan(NodePlan(snapshot, settings))
    }

    private func state(
        _ family: AddressFamily = .ipv4, servers: String = "", connections: String = "", sets: String = "",
        addresses: [Substring] = []
    ) throws -> IPVSHostState {
        let texts = IPVSHostTexts(servers: servers, connections: connections, sets: sets, addresses: addresses)
        return IPVSHostState(
            sysctls: [], timeouts: [], hasInterface: true,
            families: [IPVSFamilyState(family, texts, Ruleset(family: family))])
    }
}

extension IPVSChanges {
    /// What a program reads, all steps together; the attempt with a scheduler aside.
    fileprivate func lines(of program: HostStep.Program) -> [String] {
        steps.flatMap { step in
            guard case .run(program, _, let input) = step.work, !step.name.hasPrefix("scheduler ") else {
                return [String]()
            }
            return input.components
        }
    }
}

extension IPVSPlan {
    fileprivate var texts: ModelHost.Texts {
        ModelHost.Texts(
            servers: text(.ipvsadm).components, sets: text(.ipset).components, addresses: text(.addresses).components)
    }
}
