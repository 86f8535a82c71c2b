internal import Netfilter

/// Where a command's output goes: standard output, or a file that is whole or is not touched.
///
/// A regular or absent file is written under a temporary name beside it and renamed, so that nobody ever sees half of it.
/// Anything else, such as a device or a pipe, is written directly. Symbolic links are followed.
final class OutputFile {
    private let name: String
    private let descriptor: Int32
    /// The temporary name and the final one.
    private let renaming: (from: String, to: String)?
    private var failure: SystemError?

    /// Opens the output; nil: standard output.
    init(_ path: String?) throws(CommandFailure) {
        guard let path else {
            (name, descriptor, renaming) = ("standard output", 1, nil)
            return
        }
        name = path
        do throws(SystemError) {
            let target = OutputFile.followingLinks(path)
            let existing = try OutputFile.existing(target)
            switch existing?.kind {
            case .directory: throw SystemError.isDirectory
            case .other:
                renaming = nil
                descriptor = try System.openForWriting(target)
            case .regular, nil:
                let slash = target.lastIndex(of: "/")
                let folder = slash.map { target[...$0] } ?? ""
                let file = slash.map { target[target.index(after: $0)...] } ?? target[...]
                let temporary = "\(folder).\(file).\(System.processIdentifier)"
                descriptor = try System.create(temporary)
                renaming = (temporary, target)
                if let mode = existing?.mode { try System.setMode(descriptor, mode) }
            }
        } catch {
            throw .input("\(path): error: can not be written: \(error)")
        }
    }

    /// Writes a chunk. After a failure nothing more is written; ``finish()`` reports it.
    func write(_ chunk: UnsafeBufferPointer<UInt8>) {
        guard failure == nil else { return }
        do {
            try unsafe System.write(chunk, to: descriptor)
        } catch {
            failure = error
        }
    }

    /// Puts the finished file in its place.
    func finish() throws(CommandFailure) {
        do throws(SystemError) {
            if let failure { throw failure }
            guard let renaming else { return }
            try System.synchronize(descriptor)
            try System.rename(renaming.from, to: renaming.to)
        } catch {
            if let renaming { System.remove(renaming.from) }
            if error.isBrokenPipe { throw CommandFailure(exitCode: .brokenPipe, message: nil) }
            throw .input("\(name): error: can not be written: \(error)")
        }
    }

    private static func existing(_ path: String) throws(SystemError) -> (kind: FileKind, mode: UInt32)? {
        do {
            return try System.kind(ofPath: path)
        } catch {
            if error.isMissing { return nil }
            throw error
        }
    }

    /// The path that a chain of symbolic links leads to, whether it exists or not.
    private static func followingLinks(_ path: String) -> String {
        var path = path
        // As many links as the kernel follows.
        for _ in 0..<40 {
            guard let target = System.linkTarget(path) else { break }
            if target.hasPrefix("/") {
                path = target
            } else {
                path = (path.lastIndex(of: "/").map { String(path[...$0]) } ?? "") + target
            }
        }
        return path
    }
}
