package import KubeChainsBytes

/// Lines of a rules text that are not read: those of chains that somebody knows already.
package struct LeftOutLines: Sendable {
    /// Whole lines that follow each other.
    package struct Part: Sendable {
        /// Their bytes, with the end of the last line.
        package var range: Range<Int>
        /// Their number.
        package var lines: Int32

        /// Lines of a range of bytes.
        package init(range: Range<Int>, lines: Int32) {
            self.range = range
            self.lines = lines
        }
    }

    /// In the order of the text.
    package private(set) var parts: [Part] = []
    /// Whether a name is that of such a chain, to which other rules may jump.
    package let holdsChain: @Sendable (ByteView) -> Bool

    /// No lines yet.
    package init(holdsChain: @escaping @Sendable (ByteView) -> Bool) { self.holdsChain = holdsChain }

    /// Adds lines behind all others.
    package mutating func append(_ part: Part) {
        if let last = parts.indices.last, parts[last].range.upperBound == part.range.lowerBound {
            parts[last].range = parts[last].range.lowerBound..<part.range.upperBound
            parts[last].lines += part.lines
        } else {
            parts.append(part)
        }
    }
}
