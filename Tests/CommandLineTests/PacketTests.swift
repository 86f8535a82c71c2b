import Foundation
import Synchronization
import Testing

/// Packets sent through the rules go where Kubernetes says, as servers and clients see it: a node, its pods, a client outside
/// and another node's pods in network namespaces. The driver in `Support/packets` makes and removes all of them.
@Suite struct PacketTests {
    private static let backends = ["nft", "legacy"]
    private static let families = ["ipv4", "ipv6"]
    private static let flows = FlowCount(runs: backends.count * families.count)

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
                reason = "joined namespaces can not be made: \(result.errorLines.joined(separator: " "))"
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
        arguments: backends, families)
    func packetsGoWhereTheyShould(_ backend: String, _ family: String) throws {
        let arguments = ["python3", "\(Package.support)/packets", Tool.path, backend, family]
        var driver = Program(executable: "/usr/bin/env", arguments: arguments)
        driver.environment = ["PYTHONDONTWRITEBYTECODE": "1"]
        // It takes some ten seconds where the machine has little else to do.
        driver.secondsAllowed = 300
        let result = try driver.run()
        #expect(result.ending == .exit(0), "\(result.errorText)")
        let flows = try #require(Int(result.outputText.dropLast()), "\(result.errorText)")
        Self.flows.add(flows, skipped: result.errorLines.filter { $0.hasPrefix("Skipped:") })
    }
}

/// Adds up the flows of all runs, and says how many they were when all is done.
private final class FlowCount: Sendable {
    private struct State {
        var runs: Int
        var flows = 0
        var skipped: Set<String> = []
    }
    private let state: Mutex<State>

    init(runs: Int) { state = Mutex(State(runs: runs)) }

    func add(_ flows: Int, skipped: [String]) {
        let state = state.withLock { state in
            state.runs -= 1
            state.flows += flows
            state.skipped.formUnion(skipped)
            return state
        }
        guard state.runs == 0 else { return }
        for line in state.skipped.sorted() { print(line) }
        print("Sent \(state.flows) flows through the rules: with both backends, IPv4 and IPv6.")
    }
}
