import Foundation
import TestSupport
import Testing

/// What is said to happen in IPVS mode happens: a node in a kernel with IPVS is asked by packets.
@Suite struct ModeDifferenceKernelTests {
    private static let support = "\(Package.support)/ipvs-differences"
    private static let options = [
        "--proxy-mode", "ipvs", "--node", "a", "--cluster-cidr", "10.244.0.0/16", "--node-address", "192.168.0.2",
        "--node-address", "10.244.1.1", "--node-address", "127.0.0.1", "\(support)/cluster.json",
    ]

    /// What a Service's explanation says of IPVS mode, and the packets that show it.
    private static let facts: [(service: String, kind: String, words: String, packets: [String])] = [
        (
            "both", "localOnly", "sent to the node's own endpoints only",
            (1...4).flatMap { ["pod-local-\($0) here", "node-local-\($0) here"] }
        ),
        ("both", "loopbackNodePort", "refused", ["loopback refused"]),
        ("both", "otherPorts", "rejected", ["other-port refused"]),
        ("both", "sourceRanges", "their connections stop too", ["range-kept one-two-", "range-taken-out one-"]),
        ("both", "idleTimeout", "the next packet is answered with a reset", ["idle one-", "idle-resets 1"]),
        ("agent", "internalRefusal", "refused at once", ["pod-agent refused", "node-agent refused"]),
        ("far", "internalFallback", "sent to endpoints of other nodes", ["pod-internal there", "node-internal there"]),
        ("far", "externalFallback", "clients discard them and wait as well", ["outside-far silence", "pod-far there"]),
        (
            "far", "ownSource", "endpoints of other nodes cannot answer there, and the node times out",
            ["node-far silence", "node-far-port there"]
        ),
        (
            "far", "addressResolution", "the node answers, as every node does, since strictARP is off",
            ["arp answered", "arp-strict silence", "arp-again answered"]
        ),
    ]

    @Test(
        .enabled(if: VirtualMachine.obstacle == nil, "Needs qemu-system-x86_64 and Debian's packages."),
        .enabled(if: TestSize.current.isFull, "A minute of emulated processor; make test TESTS=full runs it."))
    func packetsShowWhatIsSaid() async throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: "\(folder.path)/cases", withIntermediateDirectories: false)
        let output = "\(folder.path)/cases/node"
        expect(try Tool.run(["render", "--output-dir", output] + Self.options), 0, errors: [])
        try FileManager.default.copyItem(atPath: "\(Self.support)/probe", toPath: "\(output)/probe")
        let run = try await VirtualMachine.run("\(folder.path)/cases", to: "\(folder.path)/kernel")
        #expect(run.ending == .exit(0), "\(run.outputText)\(run.errorText)")
        let seen = Set(lines(try folder.read("kernel/node/probe")))
        for (service, kind, words, packets) in Self.facts {
            let said = try differences("shop/\(service)")
            #expect(said[kind]?.contains(words) == true, "\(service), \(kind): \(said[kind] ?? "nothing")")
            for packet in packets { #expect(seen.contains(packet), "\(kind): \(packet), but \(seen.sorted())") }
        }
        // What serves in both modes, and what is refused in both, of which nothing is said.
        for packet in ["outside-local here", "no-endpoint refused"] {
            #expect(seen.contains(packet), "\(packet), but \(seen.sorted())")
        }
        print("\(Self.facts.count) differences of IPVS mode were seen in a kernel.")
    }

    /// What a Service's explanation says of IPVS mode, by kind.
    private func differences(_ service: String) throws -> [String: String] {
        let result = try Tool.run(["explain", "\(service):http", "-o", "json"] + Self.options)
        let object = try JSONSerialization.jsonObject(with: Data(result.output)) as? [String: Any]
        let services = try #require(object?["services"] as? [[String: Any]])
        let differences = try #require(services[0]["differences"] as? [[String: String]])
        return Dictionary(uniqueKeysWithValues: differences.map { ($0["kind"] ?? "", $0["ipvs"] ?? "") })
    }
}
