#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

extension System {
    /// Makes a folder that must not exist yet.
    static func makeFolder(_ path: String) throws(SystemError) {
        _ = try retrying { unsafe mkdir(path, 0o777) }
    }

    static func removeFolder(_ path: String) {
        _ = unsafe rmdir(path)
    }

    /// Whether there is nothing in a folder; nil if there is no folder.
    static func isEmptyFolder(_ path: String) throws(SystemError) -> Bool? {
        guard let folder = unsafe opendir(path) else {
            let error = SystemError.last
            if error.isMissing { return nil }
            throw error
        }
        defer { unsafe closedir(folder) }
        // A folder always holds itself and the one above.
        for _ in 0..<3 {
            if unsafe readdir(folder) == nil { return true }
        }
        return false
    }
}
