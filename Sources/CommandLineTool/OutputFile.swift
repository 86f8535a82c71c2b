internal import Iptables
internal import KubeChainsHost

/// A command's output: standard output, or a file that is written completely or not at all.
///
/// A regular or absent file is written under a temporary name beside it and renamed, so that it is never half written.
/// Anything else, such as a device or a pipe, is written directly. Symbolic links are followed.
final class OutputFile {
    private let name: String
    private let descriptor: Int32
    /// The temporary name and the final one.
    private let renaming: (from: String, to: String)?
    private var failure: SystemError?
    /// Whether everything is written, and the file closed.
    private var isComplete = false

    /// Opens the output; nil: standard output.
    init(_ path: String?) throws(CommandFailure) {
        guard let path else {
            (name, descriptor, renaming) = ("standard output", 1, nil)
            return
        }
        name = path
        do throws(SystemError) {
            let existing = try OutputFile.existing(path)
            switch existing?.kind {
            case .directory: throw SystemError.isDirectory
            case .other:
                renaming = nil
                descriptor = try System.openForWriting(path)
            case .regular, nil:
                let target = OutputFile.followingLinks(path)
                let temporary: String
                (descriptor, temporary) = try OutputFile.createTemporary(beside: target)
                renaming = (temporary, target)
                System.removeAtSignal(temporary)
                if let mode = existing?.mode { try System.setMode(descriptor, mode) }
            }
        } catch {
            throw .input("\(path): error: cannot be written: \(error)")
        }
    }

    /// Another name for a file that is complete; nil: the file system cannot give it one, such as one that has no links or too
    /// many already.
    init?(_ path: String, linkedTo other: OutputFile) {
        guard let source = other.renaming?.from, other.isComplete else { return nil }
        let temporary = try? OutputFile.withTemporaryName(beside: path) { name throws(SystemError) in
            try System.link(source, to: name)
            return name
        }
        guard let temporary else { return nil }
        System.removeAtSignal(temporary)
        name = path
        descriptor = -1
        renaming = (temporary, path)
        isComplete = true
    }

    /// Writes a complete text to a path; nil: standard output.
    static func write(_ text: String, to path: String?) throws(CommandFailure) {
        let output = try OutputFile(path)
        let bytes = Array(text.utf8)
        unsafe bytes.withUnsafeBufferPointer { buffer in unsafe output.write(buffer) }
        try output.finish()
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

    /// Closes a file that is to be renamed, so that many of them can wait for that. ``finish()`` reports failures.
    func complete() {
        guard renaming != nil, !isComplete else { return }
        do {
            if failure == nil { try System.synchronize(descriptor) }
        } catch {
            failure = error
        }
        System.close(descriptor)
        isComplete = true
    }

    /// Puts the finished file in its place.
    func finish() throws(CommandFailure) {
        do throws(SystemError) {
            complete()
            if let failure { throw failure }
            guard let renaming else { return }
            try System.rename(renaming.from, to: renaming.to)
            System.keepAtSignal(renaming.from)
        } catch {
            discard()
            if error.isBrokenPipe { throw CommandFailure(exitCode: .brokenPipe, message: nil) }
            throw .input("\(name): error: cannot be written: \(error)")
        }
    }

    /// Removes what was written under the temporary name.
    func discard() {
        guard let renaming else { return }
        System.remove(renaming.from)
        System.keepAtSignal(renaming.from)
    }

    /// Creates a file with an unused name, in the folder of another.
    private static func createTemporary(beside target: String) throws(SystemError) -> (Int32, String) {
        try withTemporaryName(beside: target) { name throws(SystemError) in (try System.create(name), name) }
    }

    /// Creates something with an unused name, in the folder of another.
    static func withTemporaryName<Made>(
        beside target: String, _ make: (String) throws(SystemError) -> Made
    ) throws(SystemError) -> Made {
        let slash = target.lastIndex(of: "/")
        let folder = slash.map { target[...$0] } ?? ""
        let file = slash.map { target[target.index(after: $0)...] } ?? target[...]
        var tries = 0
        while true {
            let name = "\(folder).\(file.prefix(200)).\(String(UInt32.random(in: 0 ... .max), radix: 36))"
            do {
                return try make(name)
            } catch {
                tries += 1
                guard error.isExisting, tries < 100 else { throw error }
            }
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
