public import NetAddress

/// The steps from one state of a host to another: from the current one to what a plan wants, to what was there before,
/// or to nothing (kube-proxy 1.36: the order of `NewProxier` and `syncProxyRules` of `pkg/proxy/ipvs/proxier.go`).
///
/// Only what differs is changed.
public struct IPVSChanges: Sendable {
    /// A real server that is no longer wanted and still has connections: it stays, without new ones.
    public struct Draining: Sendable, Hashable {
        /// As ipvsadm names it, such as `-t 10.96.0.1:443 -r 10.244.1.5:6443`.
        public let name: String
        /// How many connections it still has.
        public let connections: Int
    }

    /// What to do with servers that are not wanted.
    public enum Policy: Sendable {
        /// As kube-proxy does: real servers with TCP connections stay at weight 0 until these have ended, virtual
        /// servers in some ranges stay as they are.
        case gentle(excluding: [IPPrefix])
        /// They are deleted.
        case exact
    }

    /// What is to be done, in this order.
    public private(set) var steps: [HostStep] = []
    /// What is left until its connections have ended.
    public private(set) var draining: [Draining] = []
    /// Existing sets with the same names and another type, so that the steps cannot be done.
    public private(set) var strangeSets: [HostSet] = []

    /// - Parameters:
    ///   - host: the current state; its families are those of `wanted`, in the same order.
    public init(from host: IPVSHostState, to wanted: IPVSHostState, _ policy: Policy) {
        trySchedulers(host, wanted)
        for sysctl in wanted.sysctls {
            let old = host.sysctls.first { $0.name == sysctl.name }?.value ?? "?"
            guard old != sysctl.value else { continue }
            steps.append(
                HostStep(
                    name: "sysctl \(sysctl.name)", summary: "\(old) -> \(sysctl.value)", work: .write(sysctl),
                    family: nil))
        }
        let timeouts = zip(wanted.timeouts, host.timeouts).map { wanted, old in wanted == 0 ? old : wanted }
        if timeouts != host.timeouts, !timeouts.isEmpty {
            let seconds = timeouts.map { "\($0)" }
            run("timeouts", "\(seconds.joined(separator: " ")) s", .ipvsadm, ["--set"] + seconds)
        }
        for index in wanted.families.indices {
            let family = FamilyChanges(host.families[index], wanted.families[index], policy)
            draining += family.draining
            strangeSets += family.strangeSets
            add(family, index, host, wanted)
        }
        // What can be deleted only once nothing uses it any more.
        if host.hasInterface, !wanted.hasInterface {
            run(
                "interface \(IPVSHostState.interfaceName)", "removed", .ip,
                ["link", "del", IPVSHostState.interfaceName])
        }
        for index in wanted.families.indices {
            let family = FamilyChanges.Removal(host.families[index], wanted.families[index])
            add("chains and jumps", family.chains, .iptablesRestore, index, wanted)
            add("sets", family.sets, .ipset, index, wanted)
        }
    }

    /// Tries the scheduler before anything is changed: the kernel may not have it.
    private mutating func trySchedulers(_ host: IPVSHostState, _ wanted: IPVSHostState) {
        let known = Set(host.families.flatMap { $0.servers.map(\.scheduler) })
        guard let scheduler = wanted.families.lazy.compactMap(\.servers.first?.scheduler).first,
            !known.contains(scheduler)
        else { return }
        let server = "-t 198.51.100.0:20000"
        run(
            "scheduler \(scheduler)", "tried", .ipvsadm, ["-R"], input: "-A \(server) -s \(scheduler)\n-D \(server)\n")
    }

    private mutating func add(
        _ family: FamilyChanges, _ index: Int, _ host: IPVSHostState, _ wanted: IPVSHostState
    ) {
        add("chains and jumps", family.chains, .iptablesRestore, index, wanted)
        if index == 0, wanted.hasInterface, !host.hasInterface {
            let arguments = ["link", "add", IPVSHostState.interfaceName, "type", "dummy"]
            run("interface \(IPVSHostState.interfaceName)", "added", .ip, arguments)
        }
        add("sets", family.sets, .ipset, index, wanted)
        add("virtual servers", family.servers, .ipvsadm, index, wanted)
        add("addresses", family.addresses, .ip, index, wanted)
        add("real servers", family.realServers, .ipvsadm, index, wanted)
        add("set entries", family.entries, .ipset, index, wanted)
        add("rules", family.rules, .iptablesRestore, index, wanted)
        // Deleting the interface deletes its addresses.
        if wanted.hasInterface { add("left-over addresses", family.staleAddresses, .ip, index, wanted) }
        add("left-over virtual servers", family.staleServers, .ipvsadm, index, wanted)
    }

    /// Adds a step unless it has nothing to do.
    private mutating func add(
        _ name: String, _ work: StepText, _ program: HostStep.Program, _ index: Int, _ wanted: IPVSHostState
    ) {
        guard !work.text.isEmpty else { return }
        let arguments: [String]
        switch program {
        case .ip: arguments = ["-batch", "-"]
        case .ipset: arguments = ["restore"]
        // What the script ipvsadm-restore runs.
        case .ipvsadm: arguments = ["-R"]
        case .iptablesRestore: arguments = HostStep.restoreArguments
        case .nft: arguments = []
        }
        let family = wanted.families[index].family.name
        run("\(family) \(name)", work.summary, program, arguments, input: work.text, index)
    }

    private mutating func run(
        _ name: String, _ summary: String, _ program: HostStep.Program, _ arguments: [String], input: String = "",
        _ family: Int? = nil
    ) {
        steps.append(
            HostStep(name: name, summary: summary, work: .run(program, arguments, input: input), family: family))
    }
}
