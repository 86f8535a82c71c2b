import Foundation
import TestSupport
import Testing

/// What `reach` says of senders is what their clients see in a kernel, in all modes: this node and its pods, another node and its
/// pods, and clients outside send to all frontends.
@Suite(.serialized) struct ReachKernelTests {
    private struct Summary: Decodable {
        let flows: Int
        let problems: Int
        let endpoints: Int
        let refused: Int
        let timeout: Int
    }

    /// Rules of a kind for a family, with settings of kube-proxy or its version.
    struct Rules: Sendable, CustomTestStringConvertible {
        let words: [String]
        var testDescription: String { words.joined(separator: ", ") }

        init(_ words: String...) { self.words = words }
    }

    private static let program = "reach_flows.py"

    private static let iptables = [
        Rules("nft", "ipv4", "undetected"), Rules("legacy", "ipv4"), Rules("nft", "ipv6"),
        Rules("legacy", "ipv6", "masquerade-all"),
        Rules("nft", "ipv6", "undetected"), Rules("legacy", "ipv4", "1.24"),
    ]
    private static let nftables = [
        Rules("nftables", "ipv6"), Rules("nftables", "ipv4"), Rules("nftables", "ipv4", "undetected"),
        Rules("nftables", "ipv6", "masquerade-all"),
    ]
    private static let ipvs = [
        Rules("ipvs", "ipv4"), Rules("ipvs", "ipv6"), Rules("ipvs", "ipv4", "undetected"),
    ]

    // Runs only as root with the iproute2, iptables, python3 and util-linux packages.
    @Test(
        .enabled(if: TraceKernelTests.obstacle == nil, "Needs root, unshare, ip, python3 and both iptables."),
        arguments: iptables.prefix(TestSize.current.count(full: .max, brief: 1)))
    func clientsSeeWhatIsSaid(_ rules: Rules) throws { try send(rules) }

    @Test(
        .enabled(
            if: TraceKernelTests.obstacle == nil && Program.installed("nft") != nil,
            "Needs root, unshare, ip, python3 and nft."),
        arguments: nftables.prefix(TestSize.current.count(full: .max, brief: 1)))
    func clientsSeeWhatIsSaidOfNftables(_ rules: Rules) throws { try send(rules) }

    @Test(
        .enabled(if: VirtualMachine.obstacle == nil, "Needs qemu-system-x86_64 and Debian's packages."),
        .enabled(if: Program.installed("python3") != nil, "Needs python3."),
        .enabled(if: TestSize.current.isFull, "A minute of emulated processor; make test TESTS=full runs it."))
    func clientsSeeWhatIsSaidOfIPVS() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/cases", withIntermediateDirectories: false)
        for (number, rules) in Self.ipvs.enumerated() {
            let words = rules.words + ["prepare", "\(folder.path)/cases/\(number)"]
            let result = try Program.sendingFlows(Self.program, words, step: 2, inNamespace: false).run()
            #expect(result.ending == .exit(0), "\(result.errorText)")
        }
        let run = try await VirtualMachine.run("\(folder.path)/cases", to: "\(folder.path)/kernel")
        #expect(run.ending == .exit(0), "\(run.outputText)\(run.errorText)")
        for (number, rules) in Self.ipvs.enumerated() {
            try check(lines(folder.read("kernel/\(number)/probe")), rules, step: 2)
        }
    }

    private func send(_ rules: Rules) throws {
        let step = TestSize.current.count(full: 1, brief: 4)
        let result = try Program.sendingFlows(Self.program, rules.words, step: step, inNamespace: true).run()
        #expect(result.ending == .exit(0), "\(result.errorText)")
        try check(lines(result.output), rules, step: step)
    }

    private func check(_ lines: [String], _ rules: Rules, step: Int) throws {
        let last = try #require(lines.last)
        let summary = try JSONDecoder().decode(Summary.self, from: Data(last.utf8))
        #expect(summary.problems == 0, "\(rules): \(lines.dropLast().joined(separator: "\n"))")
        #expect(summary.flows >= 400 / step && summary.endpoints >= 200 / step, "\(rules)")
        #expect(summary.refused >= 40 / step && summary.timeout >= 8 / step, "\(rules)")
        print(
            "reach: \(summary.flows) flows through a kernel (\(rules.testDescription)) fared as their sets say: "
                + "\(summary.endpoints) reached endpoints, \(summary.refused) refused, \(summary.timeout) timed out")
    }
}

extension Program {
    /// A program of `Support` that sends flows through a kernel's rules.
    ///
    /// - Parameters:
    ///   - step: of all flows so many are one that is sent.
    ///   - inNamespace: whether it runs in a network namespace of its own.
    static func sendingFlows(_ name: String, _ words: [String], step: Int, inNamespace: Bool) -> Program {
        let command = (inNamespace ? ["unshare", "-n"] : []) + ["python3", "\(Package.support)/\(name)"]
        var program = Program(executable: "/usr/bin/env", arguments: command + words, secondsAllowed: 600)
        program.environment = ["KUBECHAINS": Tool.path, "KUBECHAINS_FLOW_STEP": "\(step)"]
        return program
    }
}
