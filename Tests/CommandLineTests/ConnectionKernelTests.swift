import Foundation
import TestSupport
import Testing

/// Connections through Services, made in a kernel with rules that `apply` has loaded, then audited against a cluster that has
/// changed: those that are wrong are found, and the commands of the findings delete them and no others.
@Suite(.serialized) struct ConnectionKernelTests {
    /// Why no connections can be made here; nil if they can.
    private static let obstacle: String? = {
        var reason = Isolation.obstacle
        for program in ["conntrack", "nft"] where Program.installed(program) == nil {
            reason = reason ?? "\(program) is not installed"
        }
        if reason == nil, let result = try? Isolation.run("conntrack -L"), result.ending != .exit(0) {
            reason = "conntrack fails: \(result.errorText)"
        }
        if let reason { print("Skipped: no connections of a kernel are audited, for \(reason).") }
        return reason
    }()

    // Runs only as root with the conntrack, iproute2, iptables, nftables, python3 and util-linux packages.
    @Test(
        .enabled(if: obstacle == nil, "Needs root, unshare, ip, python3, conntrack, nft and both iptables."),
        arguments: TestSize.current.isFull
            ? [("iptables", "ipv4"), ("iptables", "ipv6"), ("nftables", "ipv4"), ("nftables", "ipv6")]
            : [("iptables", "ipv4")])
    func staleConnectionsAreFoundAndDeleted(_ mode: String, _ family: String) throws {
        let result = try Isolation.run(
            "python3 \"$1\" \"$2\" \"$3\"", ["\(Package.support)/connections.py", mode, family], hasOwnMounts: true)
        #expect(result.ending == .exit(0), "\(result.errorText)")
        #expect(result.outputText.split(separator: "\n").count == 13, "\(result.outputText)")
        for line in result.errorLines where line.hasPrefix("Skipped:") { print(line) }
    }
}
