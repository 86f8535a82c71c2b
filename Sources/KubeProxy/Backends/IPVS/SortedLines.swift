internal import Iptables
internal import KubeChainsBytes

/// Collects lines, and returns each once, in byte order.
struct SortedLines: ~Copyable {
    var text = TextWriter()
    private var lines: [Range<Int>] = []
    private var start = 0

    /// Ends the line that was written into ``text``.
    mutating func endLine() {
        text.append(UInt8(ascii: "\n"))
        lines.append(start..<text.totalCount)
        start = text.totalCount
    }

    consuming func finish(to output: inout TextWriter) {
        var lines = self.lines
        let bytes = text.finish()
        lines.sort { bytes[$0].lexicographicallyPrecedes(bytes[$1]) }
        for (index, line) in lines.enumerated() where index == 0 || bytes[lines[index - 1]] != bytes[line] {
            output.append(bytes, line)
        }
    }
}
