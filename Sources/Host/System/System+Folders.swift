internal import Glibc

extension System {
    /// Makes a folder that must not exist yet.
    package static func makeFolder(_ path: String) throws(SystemError) {
        _ = try retrying { unsafe mkdir(path, 0o777) }
    }

    package static func removeFolder(_ path: String) {
        _ = unsafe rmdir(path)
    }

    /// Gives a file another name; both are names of the same file.
    package static func link(_ path: String, to other: String) throws(SystemError) {
        _ = try retrying { unsafe Glibc.link(path, other) }
    }

    /// Whether there is nothing in a folder; nil if there is no folder.
    package static func isEmptyFolder(_ path: String) throws(SystemError) -> Bool? {
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
