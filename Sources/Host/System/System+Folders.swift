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

extension System {
    /// The names of what is in a folder, sorted, without hidden ones; nil if the path is not a folder.
    package static func names(inFolder path: String) throws(SystemError) -> [String]? {
        guard let folder = unsafe opendir(path) else {
            let error = SystemError.last
            if error.isNotFolder { return nil }
            throw error
        }
        defer { unsafe closedir(folder) }
        var names: [String] = []
        while let entry = unsafe readdir(folder) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
