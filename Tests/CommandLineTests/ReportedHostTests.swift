import Foundation
import Testing

/// Cases that people reported (`Fixtures/reports`): dumps of hosts with another mode's rules, or an older version's.
@Suite struct ReportedHostTests {
    private static let folder = "\(Package.fixtures)/reports/"
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16"]

    /// What rules alone do not show is said: on a node in IPVS mode Services are no rules.
    @Test(arguments: [
        ["diff", "--node", "n1", "ipvsnode.save", "base.json"], ["diff", "ipvsnode.save", "fw.save"],
        ["trace", "--from", "10.1.1.1", "--to", "10.96.0.20:80", "ipvsnode.save"],
        ["render", "--node", "n1", "--against", "ipvsnode.save", "base.json"],
        ["apply", "--dry-run", "--node", "n1", "--live", "ipvsnode.save", "base.json"],
    ])
    func nodeInIPVSMode(_ arguments: [String]) throws {
        let folder = Self.folder + "ipvs-and-hosts"
        let result = try Tool.run(arguments, in: folder)
        #expect(result.errorText.contains("kube-proxy runs in IPVS mode"), "\(result.errorText)")
        let silent = try Tool.run(arguments.map { $0 == "ipvsnode.save" ? "fd3.save" : $0 }, in: folder)
        #expect(!silent.errorText.contains("IPVS"), "\(silent.errorText)")
    }

    /// IPVS mode's chains stay, and the chain that host ports jump to.
    @Test(arguments: [("ipvs-mode", ["--proxy-mode ipvs"]), ("hostports", [])])
    func cleanup(_ dump: String, _ warnings: [String]) throws {
        let result = try Tool.run(["cleanup", "--live", Self.folder + "dumps/\(dump).txt"])
        #expect(result.ending == .exit(0), "\(result.errorText)")
        #expect(!result.outputText.contains("KUBE-MARK-MASQ") && !result.outputText.contains("KUBE-HOSTPORTS"))
        #expect(result.errorText.isEmpty == warnings.isEmpty)
        for words in warnings { #expect(result.errorText.contains(words), "\(result.errorText)") }
    }

    /// Left-overs of kube-proxy up to 1.23 refer to chains that are deleted: kernels take the text, which deletes them too.
    @Test(
        .enabled(if: Isolation.obstacle == nil, "Needs root, unshare, nfacct and both iptables."),
        arguments: Backend.allCases)
    func leftOversOfOlderVersions(_ backend: Backend) throws {
        let (live, cluster) = (Self.folder + "54-xlb/live.txt", Self.folder + "54-xlb/cluster.json")
        for arguments in [["render", "--against", live], ["apply", "--dry-run", "--live", live]] {
            let text = try Tool.run(arguments + Self.options + [cluster])
            let program = "iptables-\(backend.rawValue)"
            let result = try Isolation.run(
                "\(program)-restore -w <'\(live)' && \(program)-restore -w --noflush && \(program)-save",
                input: text.output)
            #expect(result.ending == .exit(0), "\(result.errorText)")
            #expect(!result.outputText.contains("KUBE-XLB"))
        }
    }
}
