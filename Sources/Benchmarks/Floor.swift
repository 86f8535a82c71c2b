import Glibc

/// What no program that does the work can do without: every byte of the file is looked at once, and as many bytes as the
/// text has are written.
enum Floor {
    /// Maps a file, adds up its bytes in eights, and writes `length` bytes to standard output.
    static func run(_ path: String, writing length: Int) throws {
        let descriptor = unsafe open(path, O_RDONLY)
        var status = stat()
        guard descriptor >= 0, unsafe fstat(descriptor, &status) == 0 else {
            throw ProcessFailure(description: "\(path) cannot be read")
        }
        let size = Int(status.st_size)
        let mapped = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let base = unsafe mapped, unsafe base != MAP_FAILED else {
            throw ProcessFailure(description: "\(path) cannot be mapped")
        }
        var sum: UInt64 = 0
        for offset in stride(from: 0, to: size - 7, by: 8) {
            sum &+= unsafe base.load(fromByteOffset: offset, as: UInt64.self)
        }
        // The sum goes into what is written, so that it has to be made.
        let chunk = [UInt8](repeating: UInt8(truncatingIfNeeded: sum), count: 64 << 10)
        var rest = length
        while rest > 0 {
            let count = unsafe write(1, chunk, min(rest, chunk.count))
            guard count > 0 else { throw ProcessFailure(description: "standard output cannot be written") }
            rest -= count
        }
    }
}
