/// A form of bytes that is no text in UTF-8, and what to do about it.
package struct ForeignEncoding {
    /// What it is, such as `UTF-16`.
    package let name: String
    /// How to make UTF-8 of it.
    package let remedy: String

    /// What the first bytes tell; nil: nothing.
    package init?(_ bytes: ByteView) {
        func begins(_ start: [UInt8]) -> Bool { start.indices.allSatisfy { bytes[$0] == start[$0] } }
        guard bytes.count >= 4 else { return nil }
        if begins([0xFF, 0xFE]) || begins([0xFE, 0xFF]) || (bytes[0] == 0) != (bytes[1] == 0) {
            name = "UTF-16, as '>' writes it in PowerShell"
            remedy =
                "convert it to UTF-8: 'iconv -f UTF-16 -t UTF-8', or '| Out-File -Encoding utf8 FILE' in place of '> FILE'"
            return
        }
        let packed: [(start: [UInt8], program: String)] = [
            ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0xFD, 0x37, 0x7A, 0x58], "xz"),
            ([0x42, 0x5A, 0x68], "bzip2"), ([0x50, 0x4B, 0x03, 0x04], "zip"),
        ]
        guard let (_, program) = packed.first(where: { begins($0.start) }) else { return nil }
        name = "compressed with \(program)"
        remedy =
            "decompress it: '\(program == "zip" ? "unzip -p" : "\(program) -dc") FILE', and give '-' in place of FILE"
    }
}
