import Foundation
import TestSupport
import Testing

/// A kernel with IPVS takes every text of IPVS mode, and holds afterwards what the texts say.
@Suite struct IPVSKernelTests {
    /// Services whose endpoints listen on the Services' own ports, for the ways of forwarding that translate none.
    private static let samePorts = """
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"clusterIP":
        "10.96.0.1", "sessionAffinity": "ClientIP", "ports": [{"name": "web", "port": 80}, {"name": "dns",
        "protocol": "UDP", "port": 53}]}}
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "metadata": {"name": "a",
        "namespace": "shop", "labels": {"kubernetes.io/service-name": "web"}}, "endpoints": [{"addresses":
        ["10.1.0.1"]}, {"addresses": ["10.1.0.2"]}], "ports": [{"name": "web", "port": 80}, {"name": "dns",
        "protocol": "UDP", "port": 53}]}
        """

    /// Each case's name and the arguments of `render`.
    private func cases(_ folder: TemporaryFolder) throws -> [(name: String, arguments: [String])] {
        let demo = ["--proxy-mode", "ipvs"] + (Package.lines(of: "demo/options") ?? [])
        let same = try folder.write("same-ports.json", Self.samePorts)
        return TestSize.current.sample(RecordedCase.ipvsNames, brief: 3).map { name in
            let file = "\(Package.fixtures)/conformance-ipvs/\(name)/snapshot.json"
            return (name, (Package.lines(of: "conformance-ipvs/\(name)/options") ?? []) + [file])
        }
            + ["ipv4", "ipv6"].map { family in
                ("demo-\(family)", demo + ["--family", family, "\(Package.fixtures)/demo/cluster.json"])
            }
            + ["gatewaying", "tunneling"].map { method in
                (method, ["--proxy-mode", "ipvs", "--node", "worker-1", "--ipvs-forwarding", method, same])
            }
    }

    @Test(.enabled(if: VirtualMachine.obstacle == nil, "Needs qemu-system-x86_64 and Debian's packages."))
    func everyCaseIsTakenAndReadBack() async throws {
        let folder = try TemporaryFolder()
        let cases = try cases(folder)
        try FileManager.default.createDirectory(atPath: "\(folder.path)/cases", withIntermediateDirectories: false)
        for (name, arguments) in cases {
            let output = "\(folder.path)/cases/\(name)"
            let result = try Tool.run(["render", "--output-dir", output] + arguments)
            #expect(result.ending == .exit(0), "\(name): \(result.errorText)")
        }
        let run = try await VirtualMachine.run("\(folder.path)/cases", to: "\(folder.path)/kernel")
        #expect(run.ending == .exit(0), "\(run.outputText)\(run.errorText)")
        for (name, arguments) in cases {
            func given(_ file: String) throws -> [String] { lines(try folder.read("cases/\(name)/\(file)")) }
            func held(_ file: String) throws -> [String] { lines(try folder.read("kernel/\(name)/\(file)")) }
            let errors = try held("errors")
            #expect(try held("status").allSatisfy { $0.hasSuffix(" 0") }, "\(name): \(errors)")
            #expect(try held("ipvsadm").map(withoutTunnelType).sorted() == given("ipvsadm").sorted(), "\(name)")
            #expect(try normalSets(held("ipset")) == normalSets(given("ipset")), "\(name)")
            #expect(try held("addresses").sorted() == given("addresses").sorted(), "\(name)")
            let saved = try Tool.run(["render", "-o", "save"] + arguments)
            #expect(try kubeChains(held("rules")) == kubeChains(lines(saved.output)), "\(name)")
            let sysctls = try held("sysctl")
            // What programs print on such a node is what an audit expects; a name that no Node has is refused.
            let texts = ["ipvsadm", "ipset", "rules", "addresses", "sysctl"].flatMap {
                ["--live", "\(folder.path)/kernel/\(name)/\($0)"]
            }
            let audit = try Tool.run(["audit"] + texts + arguments)
            #expect(
                audit.ending == .exit(0) || audit.errorText.contains("the snapshot has no Node"),
                "\(name): \(audit.outputText)\(audit.errorText)")
            for line in try given("setup") where line.hasPrefix("sysctl net/ipv4/vs/") {
                #expect(sysctls.contains(String(line.dropFirst("sysctl ".count))), "\(name): \(line)")
            }
        }
        print("Loaded \(cases.count) cases of IPVS mode into a kernel and read them back.")
    }

    /// ipvsadm says of tunnels which kind they are; IP-in-IP is the one without a word.
    private func withoutTunnelType(_ line: String) -> String { line.replacing(/\ --tun-type ipip$/, with: "") }

    /// The rules by table and chain; the chains without rules too.
    private func kubeChains(_ lines: [String]) -> [String: [String]] {
        var chains: [String: [String]] = [:]
        var table = ""
        for line in lines {
            if line.hasPrefix("*") { table = line }
            let words = line.split(separator: " ")
            if line.hasPrefix(":KUBE-") { chains["\(table) \(words[0].dropFirst())", default: []] += [] }
            if line.hasPrefix("-A KUBE-") { chains["\(table) \(words[1])", default: []].append(line) }
        }
        return chains
    }
}
