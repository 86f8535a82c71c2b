import Glibc
import KubeChainsBytes

/// Writes what an emitter is given to a file.
///
/// - Returns: the file's size in bytes.
@discardableResult
func writeJSON(_ path: String, isPretty: Bool, _ body: (inout JSONEmitter) -> Void) throws -> Int {
    guard let file = unsafe fopen(path, "w") else {
        throw ProcessFailure(description: "\(path) cannot be written")
    }
    nonisolated(unsafe) let output = unsafe file
    let text = unsafe TextWriter(chunkSize: 1 << 20) { chunk in
        _ = unsafe fwrite(chunk.baseAddress, 1, chunk.count, output)
    }
    var emitter = JSONEmitter(text, isPretty: isPretty)
    body(&emitter)
    emitter.text.flush()
    let count = emitter.text.totalCount
    guard unsafe fclose(file) == 0 else { throw ProcessFailure(description: "\(path) cannot be written") }
    return count
}

/// Writes a text to a file.
func writeText(_ path: String, _ text: String) throws {
    guard let file = unsafe fopen(path, "w") else {
        throw ProcessFailure(description: "\(path) cannot be written")
    }
    let bytes = Array(text.utf8)
    let count = unsafe fwrite(bytes, 1, bytes.count, file)
    guard unsafe fclose(file) == 0, count == bytes.count else {
        throw ProcessFailure(description: "\(path) cannot be written")
    }
}

/// A file's whole text.
func readText(_ path: String) throws -> String {
    guard let file = unsafe fopen(path, "r") else {
        throw ProcessFailure(description: "\(path) cannot be read")
    }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = unsafe fread(&chunk, 1, chunk.count, file), count > 0 { bytes += chunk[..<count] }
    return String(decoding: bytes, as: UTF8.self)
}
