internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects

enum InputFile {
    /// The largest input that is read, in bytes: far more than any cluster's objects.
    private static let sizeLimit = 8 << 30

    /// Opens a path, or standard input for `-`, as a source of a snapshot. Files are mapped, pipes are read.
    static func open(_ path: String) throws(CommandFailure) -> SnapshotSource {
        let name = path == "-" ? "<stdin>" : path
        do throws(SystemError) {
            let descriptor = path == "-" ? 0 : try System.openForReading(path)
            defer { if descriptor != 0 { System.close(descriptor) } }
            switch try System.kind(of: descriptor) {
            case .directory:
                throw SystemError.isDirectory
            case .regular(let size) where size > 0 && size <= sizeLimit && System.offset(of: descriptor) == 0:
                let bytes = try unsafe System.map(descriptor, size: size)
                nonisolated(unsafe) let mapped = unsafe bytes
                return unsafe SnapshotSource(
                    name: name, adopting: bytes, releasePages: { unsafe System.giveBack(mapped, $0) },
                    release: { unsafe System.unmap(mapped) })
            case .regular, .other:
                guard let bytes = try unsafe System.readAll(descriptor, limit: sizeLimit) else {
                    throw SystemError.tooLarge
                }
                nonisolated(unsafe) let owned = unsafe bytes
                return unsafe SnapshotSource(name: name, adopting: bytes) { unsafe System.release(owned) }
            }
        } catch {
            throw .input("\(name): error: cannot be read: \(error)")
        }
    }
}
