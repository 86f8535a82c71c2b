import Foundation
import TestSupport
import Testing

/// What `trace` predicts from the rules of a live kernel is what the kernel does: verdicts, rewritten sources and
/// destinations, and the set of endpoints reached. So is what `reach` says of the sets that the senders are in.
@Suite(.serialized) struct TraceKernelTests {
    /// Why nothing can be sent here; nil if it can.
    static let obstacle: String? = {
        var reason: String?
        if getuid() != 0 { reason = "only root may make network namespaces" }
        let families = ["iptables", "ip6tables"]
        let programs = families.flatMap { family in ["nft", "legacy"].map { "\(family)-\($0)-restore" } }
        for program in programs + ["ip", "nsenter", "python3", "unshare"] where Program.installed(program) == nil {
            reason = reason ?? "\(program) is not installed"
        }
        if reason == nil {
            let script = "ip link add name end1 type veth peer name end2 && iptables-nft -t nat -L >/dev/null"
            let result = try? Program(
                executable: "/usr/bin/env", arguments: ["unshare", "-n", "sh", "-c", script]
            ).run()
            if let result, result.ending != .exit(0) { reason = "a network cannot be made: \(result.errorText)" }
        }
        if let reason { print("Skipped: no flow is sent through a kernel, for \(reason).") }
        return reason
    }()

    private struct Summary: Decodable {
        let flows: Int
        let problems: Int
        /// Those to frontends, of whose senders' sets `reach` says what they met.
        let inSets: Int
        let accept: Int
        let reject: Int
        let drop: Int
    }

    // Runs only as root with the iproute2, iptables, python3 and util-linux packages.
    @Test(
        .enabled(if: obstacle == nil, "Needs root, unshare, ip, python3 and both iptables."),
        arguments: TestSize.current.isFull
            ? [("nft", "ipv4"), ("nft", "ipv6"), ("legacy", "ipv4"), ("legacy", "ipv6")]
            : [("legacy", "ipv4"), ("nft", "ipv6")])
    func flows(_ backend: String, _ family: String) throws {
        try send(backend, family, [], atLeast: (flows: 300, drops: 50))
    }

    /// nftables mode: kube-proxy's table, which `apply` loads, with another table beside it.
    @Test(
        .enabled(if: obstacle == nil && Program.installed("nft") != nil, "Needs root, unshare, ip, python3 and nft."),
        arguments: ["ipv4", "ipv6"])
    func flowsOfNftables(_ family: String) throws {
        try send("nftables", family, [], brief: 12, atLeast: (500, 40))
    }

    /// Older versions' rules: 1.24 drops in the nat table and by kubelet, 1.25 and 1.26 have their own node ports.
    @Test(
        .enabled(if: obstacle == nil, "Needs root, unshare, ip, python3 and both iptables."),
        arguments: TestSize.current.isFull ? Array(24...37) : [24])
    func flowsOfVersion(_ minor: Int) throws {
        try send(
            minor % 2 == 0 ? "legacy" : "nft", "ipv4", ["1.\(minor)"], full: 5, brief: 8,
            atLeast: (flows: 500, drops: 50))
    }

    private func send(
        _ backend: String, _ family: String, _ version: [String], full: Int = 1, brief: Int = 8,
        atLeast: (flows: Int, drops: Int)
    ) throws {
        let step = TestSize.current.count(full: full, brief: brief)
        let result = try Program.sendingFlows(
            "kernel_flows.py", [backend, family] + version, step: step, inNamespace: true
        )
        .run()
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let lines = result.outputText.split(separator: "\n")
        let summary = try JSONDecoder().decode(Summary.self, from: Data(#require(lines.last).utf8))
        #expect(summary.problems == 0, "\(lines.dropLast().joined(separator: "\n"))")
        #expect(summary.flows >= atLeast.flows / step && summary.inSets >= 200 / step)
        #expect(
            summary.accept >= 100 / step && summary.reject >= 50 / step / 2 && summary.drop >= atLeast.drops / step)
        print(
            "trace: \(summary.flows) flows through a kernel (\((version + [backend, family]).joined(separator: ", "))) fared as predicted: "
                + "\(summary.accept) accepted, \(summary.reject) rejected, \(summary.drop) dropped; \(summary.inSets) as reach says "
                + "of their sets")
    }
}
