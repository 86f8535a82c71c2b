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
        for (start, name, remedy) in Self.forms where begins(start) {
            (self.name, self.remedy) = (name, remedy)
            return
        }
        if bytes.range(257..<262, equals: "ustar") {
            name = "a tar archive"
            remedy = "take the file out of it: 'tar -xOf FILE', and give '-' in place of FILE"
            return
        }
        guard begins([0xFF, 0xFE]) || begins([0xFE, 0xFF]) || (bytes[0] == 0) != (bytes[1] == 0) else { return nil }
        name = "UTF-16, as '>' writes it in PowerShell"
        remedy =
            "convert it to UTF-8: 'iconv -f UTF-16 -t UTF-8', or '| Out-File -Encoding utf8 FILE' in place of '> FILE'"
    }

    /// The first bytes of each form that they tell for sure.
    private static let forms: [(start: [UInt8], name: String, remedy: String)] =
        [
            ([0x1F, 0x8B], "gzip"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0xFD, 0x37, 0x7A, 0x58], "xz"),
            ([0x42, 0x5A, 0x68], "bzip2"), ([0x5D, 0, 0], "lzma"), ([0x04, 0x22, 0x4D, 0x18], "lz4"),
        ].map { start, program in
            (
                start, "compressed with \(program)",
                "decompress it: '\(program) -dc FILE', and give '-' in place of FILE"
            )
        } + [
            (
                [0x50, 0x4B, 0x03, 0x04], "compressed with zip",
                "decompress it: 'unzip -p FILE', and give '-' in place of FILE"
            ),
            (
                [0x6B, 0x38, 0x73, 0], "protobuf, as the API server stores objects",
                "ask the API server: 'kubectl get services,endpointslices,nodes -A -o json'"
            ),
            ([0xFF, 0xFE, 0, 0], "UTF-32", "convert it to UTF-8: 'iconv -f UTF-32 -t UTF-8'"),
            ([0, 0, 0xFE, 0xFF], "UTF-32", "convert it to UTF-8: 'iconv -f UTF-32 -t UTF-8'"),
        ]
}
