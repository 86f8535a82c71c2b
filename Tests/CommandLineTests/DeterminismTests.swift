import Foundation
import TestSupport
import Testing

/// Same objects, same options: same bytes, in every process and whatever the order of the input. Swift seeds its hashes anew
/// in each process, so an order taken from a dictionary would show.
@Suite struct DeterminismTests {
    /// Seeds of random clusters; each is rendered by a dozen processes.
    private static let seeds = TestSize.current.sample(Array(1...24 as ClosedRange<UInt64>), brief: 6)

    @Test(arguments: seeds)
    func orderNeverShows(_ seed: UInt64) throws {
        let cluster = RandomCluster(seed: seed)
        let folder = try TemporaryFolder()
        let expected = cluster.reference.text
        func render(_ files: [String], _ form: String = "restore") throws -> Program.Result {
            let result = try Tool.run(["render", "-o", form] + cluster.options + files, in: folder.path)
            #expect(result.ending == .exit(0), "\(result.errorText)")
            return result
        }

        try folder.write("plain.json", cluster.listDocument())
        let plain = try render(["plain.json"])
        #expect(plain.outputText == expected)
        let saved = try render(["plain.json"], "save").output

        for shuffle in 1...3 as ClosedRange<UInt64> {
            let order = cluster.shuffledOrder(seed: seed << 8 | shuffle)
            try folder.write("shuffled.json", cluster.listDocument(order: order))
            #expect(try render(["shuffled.json"]).output == plain.output)
            #expect(try render(["shuffled.json"], "save").output == saved)

            let parts = cluster.documents(splitInto: Int(shuffle) + 1, order: order)
            let names = parts.indices.map { "part-\($0).json" }
            for (name, part) in zip(names, parts) { try folder.write(name, part) }
            #expect(try render(names).output == plain.output)
            #expect(try render(names.reversed()).output == plain.output)
        }
    }

    /// Warnings come in the order of the input, and each time in the same.
    @Test func messagesAreTheSame() throws {
        for seed in Self.seeds.prefix(4) {
            let cluster = RandomCluster(seed: seed)
            let input = Array(cluster.listDocument().utf8)
            let first = try Tool.run(["render"] + cluster.options + ["-"], input: input)
            for _ in 1...3 {
                let next = try Tool.run(["render"] + cluster.options + ["-"], input: input)
                #expect(next.errorText == first.errorText)
            }
        }
    }
}
