import Foundation
import Iptables
import Testing

@testable import Iptables
@testable import KubeChainsBytes

@Suite struct ProbabilityTests {
    private func text(_ write: (inout TextWriter) -> Void) -> String {
        var writer = TextWriter()
        write(&writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// The decimals equal C's `%.10f` of the double, which Go's `%0.10f` equals, for every list of up to 20,000 endpoints and
    /// where 1/n ends in a 5 at the eleventh decimal (n = 2048 · 5^k).
    @Test func equalsPrintf() {
        for count in Array(1...20_000) + [51_200, 256_000, 1_280_000] {
            let ours = text { Probability(oneIn: count).write(to: &$0) }
            #expect(ours == String(format: "%.10f", 1 / Double(count)))
        }
    }

    /// The kernel keeps `lround(2³¹ · p)`, and iptables-save prints that with `%.11f`: so libxt_statistic computes it.
    @Test func savesAsLibxtStatisticDoes() {
        for count in 2...20_000 {
            let written = text { Probability(oneIn: count).write(to: &$0) }
            let kernel = (0x8000_0000 * (Double(written) ?? 0)).rounded(.toNearestOrAwayFromZero)
            let ours = text { Probability(oneIn: count).writeSaved(to: &$0) }
            #expect(ours == String(format: "%.11f", kernel / 0x8000_0000))
        }
    }
}

@Suite struct TextWriterTests {
    @Test func writesNumbers() {
        var writer = TextWriter()
        for value in [0, 7, 10, 65_535, UInt64.max] {
            writer.append(decimal: value)
            writer.append(" ")
        }
        writer.append(decimal: 42, width: 6)
        for (value, width) in [(0x4000, 8), (0x4000, 1), (0, 1), (0x8000_0000, 1), (1, 8)] as [(UInt32, Int)] {
            writer.append(" ")
            writer.append(hexadecimal: value, width: width)
        }
        #expect(
            String(decoding: writer.finish(), as: UTF8.self)
                == "0 7 10 65535 18446744073709551615 000042 0x00004000 0x4000 0x0 0x80000000 0x00000001")
    }

    /// Chunks come in order and are complete, whatever their size and that of what is written.
    @Test(arguments: [1, 64, 100, 4096])
    func handsOnChunks(_ size: Int) {
        var received: [UInt8] = []
        var expected: [UInt8] = []
        var writer = unsafe TextWriter(chunkSize: size) { chunk in unsafe received.append(contentsOf: chunk) }
        for length in 0..<300 {
            let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 + length) }
            writer.append(bytes)
            expected += bytes
        }
        writer.flush()
        #expect(writer.totalCount == expected.count)
        #expect(received == expected)
    }
}
