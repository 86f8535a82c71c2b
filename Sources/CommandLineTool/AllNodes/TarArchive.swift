internal import KubeChainsBytes

/// The regular files of a tar archive (POSIX.1-2001, ustar; also with GNU's long names).
struct TarArchive {
    /// A file's name, and where its bytes are in the archive.
    typealias File = (name: String, range: Range<Int>)

    let files: [File]

    /// Reads the headers of an archive.
    ///
    /// - Returns: nil: it is no archive.
    /// - Throws: ``ReadingError`` if it was cut.
    init?(_ bytes: ByteView) throws(ReadingError) {
        guard bytes.count >= TarArchive.block, bytes[257..<262] == "ustar" else { return nil }
        var files: [File] = []
        var position = 0
        // The name that GNU's entry of kind L gives the file after it.
        var longName: String?
        // Two blocks of zeros end an archive.
        while position + TarArchive.block <= bytes.count, bytes[position] != 0 {
            let size = TarArchive.octal(bytes[(position + 124)..<(position + 135)])
            let start = position + TarArchive.block
            guard size <= bytes.count - start else {
                throw ReadingError(message: "the archive ends within a file: it was cut")
            }
            switch bytes[position + 156] {
            case UInt8(ascii: "L"): longName = TarArchive.text(bytes[start..<(start + size)])
            case 0, UInt8(ascii: "0"):
                let name = TarArchive.text(bytes[position..<(position + 100)])
                // GNU's own form has other fields in the place of the prefix.
                let isPOSIX = bytes[position + 262] == 0
                let prefix = isPOSIX ? TarArchive.text(bytes[(position + 345)..<(position + 500)]) : ""
                files.append((longName ?? (prefix.isEmpty ? name : "\(prefix)/\(name)"), start..<(start + size)))
                longName = nil
            default: break
            }
            position = start + (size + TarArchive.block - 1) / TarArchive.block * TarArchive.block
        }
        self.files = files
    }

    /// What is wrong with an archive.
    struct ReadingError: Error {
        let message: String
    }

    /// The bytes that headers and contents are padded to.
    private static let block = 512

    /// A text that a NUL ends.
    private static func text(_ field: ByteView) -> String {
        field[0..<(field.firstIndex(of: 0) ?? field.count)].string
    }

    private static func octal(_ field: ByteView) -> Int {
        var value = 0
        for index in 0..<field.count where (0x30...0x37).contains(field[index]) {
            value = value << 3 | Int(field[index] - 0x30)
        }
        return value
    }
}
