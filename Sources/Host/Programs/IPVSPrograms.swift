internal import Iptables
package import KubeProxy
internal import NetAddress

/// The programs that show and change the state of IPVS mode on this host.
package struct IPVSPrograms: HostAccess {
    private let ip: String
    private let ipset: String
    private let ipvsadm: String
    /// One for each family.
    package let rules: [HostRules]
    /// The names of the sysctls that are read.
    package var sysctls: [String] = []
    /// Seconds to wait for the xtables lock.
    private let wait: Int

    package init(_ rules: [HostRules], wait: Int) throws(HostError) {
        ip = try HostProgram.find("ip", package: "iproute2")
        ipset = try HostProgram.find("ipset", package: "ipset")
        ipvsadm = try HostProgram.find("ipvsadm", package: "ipvsadm")
        self.rules = rules
        self.wait = wait
    }

    // MARK: Reading

    package func read() throws(HostError) -> IPVSHostState {
        // It comes first, since it loads the kernel module, which creates the sysctls.
        let servers = try output(
            ipvsadm, ["-S", "-n"], "the kernel has no IPVS; load its module with 'modprobe ip_vs'")
        let connections = try output(ipvsadm, ["-L", "-n"])
        let timeouts = try output(ipvsadm, ["-L", "--timeout"])
        let sets = try output(ipset, ["save"])
        // It fails if there is no such interface.
        let interface = try HostProgram.run(ip, ["-o", "addr", "show", "dev", IPVSHostState.interfaceName])
        let addresses = String(decoding: interface.output, as: UTF8.self)
        let texts = IPVSHostTexts(
            servers: servers, connections: connections, sets: sets, addresses: IPVSHostTexts.addresses(in: addresses))
        var families: [IPVSFamilyState] = []
        for rules in rules {
            families.append(IPVSFamilyState(rules.iptables.family, texts, try rules.iptables.save()))
        }
        return IPVSHostState(
            sysctls: sysctls.compactMap { name in
                System.text(of: "/proc/sys/\(name)").map { IPVSHostState.Sysctl(name: name, value: $0) }
            },
            timeouts: IPVSHostTexts.timeouts(in: timeouts), hasInterface: interface.isSuccess, families: families)
    }

    private func output(
        _ program: String, _ arguments: [String], _ hint: String? = nil
    ) throws(HostError) -> String {
        let result = try HostProgram.run(program, arguments)
        guard result.isSuccess else {
            let command = ([program] + arguments).joined(separator: " ")
            let reason = HostProgram.firstLine(result.errors)
            throw HostError("error: \(command) failed: \(reason)" + (hint.map { "\n\($0)" } ?? ""))
        }
        return String(decoding: result.output, as: UTF8.self)
    }

    // MARK: Changing

    /// Looks whether the kernel's settings can be written.
    package func check(_ step: HostStep) throws(HostError) {
        // Those of IPVS may come with its kernel module.
        if case .write(let sysctl) = step.work { try sysctl.checkWritable(isLate: true) }
    }

    /// Does one step.
    package func run(_ step: HostStep) throws(HostError) {
        switch step.work {
        case .write(let sysctl): try sysctl.write()
        case .run(.iptablesRestore, _, let input):
            try rules[step.family ?? 0].iptables.restore(Array(input.utf8), wait: wait)
        case .run(let program, let arguments, let input):
            let result = try HostProgram.run(path(program), arguments, input: Array(input.utf8))
            // ipvsadm's exit code is that of its last line, even if earlier lines failed.
            guard !result.isSuccess || program == .ipvsadm && !result.errors.isEmpty else { return }
            let command = ([path(program)] + arguments).joined(separator: " ")
            throw HostError(
                "error: \(command): \(HostProgram.firstLine(result.errors))" + lineAtFault(result.errors, input))
        }
    }

    private func lineAtFault(_ errors: String, _ input: String) -> String {
        guard let number = HostProgram.lineNumber(in: errors) else { return "" }
        let lines = input.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
        return number <= lines.count ? "\n    line \(number): \(lines[number - 1])" : ""
    }

    private func path(_ program: HostStep.Program) -> String {
        switch program {
        case .ip: ip
        case .ipset: ipset
        case .ipvsadm: ipvsadm
        case .iptablesRestore, .nft: preconditionFailure("IPVS mode has no step of \(program)")
        }
    }
}

extension IPVSPrograms {
    package func command(of step: HostStep) -> String {
        switch step.work {
        case .write(let sysctl): "echo \(sysctl.value) > /proc/sys/\(sysctl.name)"
        case .run(.iptablesRestore, _, _): rules[step.family ?? 0].iptables.restoreCommand(wait: wait)
        case .run(let program, let arguments, _): ([path(program)] + arguments).joined(separator: " ")
        }
    }

    package func restored(by steps: [HostStep]) -> String {
        "all of it was taken back: the host is as it was, but for connections to deleted servers"
    }
}
