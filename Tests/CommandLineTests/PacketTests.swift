import Foundation
import TestSupport
import Testing

/// Packets sent through the rules go where Kubernetes says, as servers and clients see it: a node, its pods, a client outside
/// and another node's pods in network namespaces. The driver in `Support/packets` makes and removes all of them.
@Suite struct PacketTests {
    private static let backends = ["nft", "legacy"]
    /// A brief run has one combination: `TraceKernelTests` has others.
    private static let runs =
        TestSize.current.isFull
        ? backends.flatMap { backend in ["ipv4", "ipv6"].map { (backend, $0) } }
        : [("nft", "ipv4")]
    private static let flows = Tally((count: 0, skipped: Set<String>()), cases: runs.count)

    /// Why no packets can be sent here; nil if they can.
    private static let obstacle: String? = {
        var programs = ["ip", "unshare", "python3"]
        for family in ["iptables", "ip6tables"] { programs += backends.map { "\(family)-\($0)-restore" } }
        var reason = programs.first { Program.installed($0) == nil }.map { "\($0) is not installed" }
        if getuid() != 0 { reason = "only root may make network namespaces" }
        if reason == nil {
            let script = "mount -t tmpfs tmpfs /run && ip netns add host && ip link add type veth peer netns host"
            let flags = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
            let arguments = ["unshare"] + flags + ["sh", "-c", script]
            if let result = try? Program(executable: "/usr/bin/env", arguments: arguments).run(),
                result.ending != .exit(0)
            {
                reason = "joined namespaces cannot be made: \(result.errorLines.joined(separator: " "))"
            }
        }
        if let reason { print("Skipped: no packets are sent through the rules, for \(reason).") }
        return reason
    }()

    // Runs only as root with iproute2, util-linux, python3 and both backends of iptables. One run after the other, for each
    // keeps several processors busy, and other tests have to get on beside it.
    @Test(
        .serialized,
        .enabled(if: obstacle == nil, "Needs root, ip, unshare, python3 and both iptables."),
        arguments: runs)
    func packetsGoWhereTheyShould(_ backend: String, _ family: String) throws {
        let arguments = ["python3", "\(Package.support)/packets", Tool.path, backend, family]
        var driver = Program(executable: "/usr/bin/env", arguments: arguments)
        driver.environment = ["PYTHONDONTWRITEBYTECODE": "1"]
        // It takes some ten seconds where the machine has little else to do.
        driver.secondsAllowed = 300
        let result = try driver.run()
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let flows = try #require(Int(result.outputText.dropLast()), "\(result.errorText)")
        let skipped = result.errorLines.filter { $0.hasPrefix("Skipped:") }
        Self.flows.add {
            $0.count += flows
            $0.skipped.formUnion(skipped)
        } finish: { all in
            for line in all.skipped.sorted() { print(line) }
            print("Sent \(all.count) flows through the rules, in \(Self.runs.count) networks.")
        }
    }
}
