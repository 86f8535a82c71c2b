internal import Iptables
internal import KubeChainsHost
internal import KubeProxy
internal import NetAddress

/// The programs that show and change the state of IPVS mode on this host.
struct IPVSHost {
    private let ip: String
    private let ipset: String
    private let ipvsadm: String
    /// One for each family.
    let rules: [HostRules]
    /// Seconds to wait for the xtables lock.
    private let wait: Int

    init(_ rules: [HostRules], wait: Int) throws(CommandFailure) {
        ip = try IPVSHost.find("ip", "iproute2")
        ipset = try IPVSHost.find("ipset", "ipset")
        ipvsadm = try IPVSHost.find("ipvsadm", "ipvsadm")
        self.rules = rules
        self.wait = wait
    }

    private static func find(_ name: String, _ package: String) throws(CommandFailure) -> String {
        guard let path = System.findProgram(name) else {
            throw .input("error: \(name) is not installed; install the package \(package)")
        }
        return path
    }

    // MARK: Reading

    /// Reads the host's state.
    ///
    /// - Parameter sysctls: the names of the sysctls to read.
    func read(_ sysctls: [String]) throws(CommandFailure) -> IPVSHostState {
        // It comes first, since it loads the kernel module, which creates the sysctls.
        let servers = try output(
            ipvsadm, ["-S", "-n"], "the kernel has no IPVS; load its module with 'modprobe ip_vs'")
        let connections = try output(ipvsadm, ["-L", "-n"])
        let timeouts = try output(ipvsadm, ["-L", "--timeout"])
        let sets = try output(ipset, ["save"])
        // It fails if there is no such interface.
        let interface = try run(ip, ["-o", "addr", "show", "dev", IPVSHostState.interfaceName])
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
    ) throws(CommandFailure) -> String {
        let result = try run(program, arguments)
        guard result.isSuccess else {
            let command = ([program] + arguments).joined(separator: " ")
            let reason = IptablesPrograms.firstLine(result.errors)
            throw .input("error: \(command) failed: \(reason)" + (hint.map { "\n\($0)" } ?? ""))
        }
        return String(decoding: result.output, as: UTF8.self)
    }

    // MARK: Changing

    /// Does one step.
    func run(_ step: HostStep) throws(CommandFailure) {
        switch step.work {
        case .write(let sysctl):
            do throws(SystemError) {
                try System.setKernelValue("/proc/sys/\(sysctl.name)", sysctl.value)
            } catch {
                throw .input("error: /proc/sys/\(sysctl.name) can not be written: \(error)")
            }
        case .run(.iptablesRestore, _, let input):
            try rules[step.family ?? 0].iptables.restore(Array(input.utf8), wait: wait)
        case .run(let program, let arguments, let input):
            let result = try run(path(program), arguments, input)
            // ipvsadm's exit code is that of its last line, even if earlier lines failed.
            guard !result.isSuccess || program == .ipvsadm && !result.errors.isEmpty else { return }
            let command = ([path(program)] + arguments).joined(separator: " ")
            throw .input(
                "error: \(command): \(IptablesPrograms.firstLine(result.errors))" + lineAtFault(result.errors, input))
        }
    }

    private func lineAtFault(_ errors: String, _ input: String) -> String {
        guard let number = IptablesPrograms.lineNumber(in: errors) else { return "" }
        let lines = input.split(separator: "\n", maxSplits: number, omittingEmptySubsequences: false)
        return number <= lines.count ? "\n    line \(number): \(lines[number - 1])" : ""
    }

    private func path(_ program: HostStep.Program) -> String {
        switch program {
        case .ip: ip
        case .ipset: ipset
        case .ipvsadm: ipvsadm
        case .iptablesRestore: preconditionFailure("iptables-restore is of a family")
        }
    }

    private func run(
        _ program: String, _ arguments: [String], _ input: String = ""
    ) throws(CommandFailure) -> ProcessResult {
        do {
            return try System.run(program, arguments, input: Array(input.utf8))
        } catch {
            throw .input("error: \(program) can not be run: \(error)")
        }
    }

    // MARK: Dry run

    /// The steps as a shell script.
    func script(_ steps: some Sequence<HostStep>) -> String {
        var text = ""
        for step in steps {
            text += "# \(step.name): \(step.summary)\n"
            switch step.work {
            case .write(let sysctl): text += "echo \(sysctl.value) > /proc/sys/\(sysctl.name)\n"
            case .run(let program, let arguments, let input):
                let command =
                    program == .iptablesRestore
                    ? rules[step.family ?? 0].iptables.restoreCommand(wait: wait)
                    : ([path(program)] + arguments).joined(separator: " ")
                text += command + (input.isEmpty ? "\n" : " <<'END'\n\(input)END\n")
            }
        }
        return text
    }
}
