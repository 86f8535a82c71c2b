internal import Iptables
internal import KubeChainsBytes
internal import KubeChainsHost

/// A folder that a command fills with files, all of them or none.
///
/// An absent folder is filled under a temporary name and renamed. One that is there must be empty; its files are written under
/// temporary names, and what was finished is removed again if one fails.
final class OutputFolder {
    private let path: String
    /// Where the files are written: the folder itself, or the temporary one beside it.
    private let staging: String
    private var files: [(output: OutputFile, path: String)] = []

    init(_ path: String) throws(CommandFailure) {
        var trimmed = path[...]
        while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
        self.path = String(trimmed)
        do throws(SystemError) {
            if let isEmpty = try System.isEmptyFolder(self.path) {
                staging = self.path
                guard isEmpty else { throw SystemError.isNotEmpty }
            } else {
                staging = try OutputFile.withTemporaryName(beside: self.path) { name throws(SystemError) in
                    try System.makeFolder(name)
                    System.removeAtSignal(name)
                    return name
                }
            }
        } catch {
            throw OutputFolder.failure(path, error)
        }
    }

    /// Writes one file; `body` gets the place to write to. Its text appears in ``finish()``.
    func write(_ name: String, _ body: (consuming TextWriter) -> Void) throws(CommandFailure) {
        try write([name]) { text throws(CommandFailure) in body(text) }
    }

    /// Writes one text under several names: as one file with hard links, where the file system has them.
    func write(
        _ names: [String], _ body: (consuming TextWriter) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        var first: OutputFile?
        do {
            for name in names {
                let file = "\(staging)/\(name)"
                if let first, let linked = OutputFile(file, linkedTo: first) {
                    files.append((linked, file))
                    continue
                }
                let output = try OutputFile(file)
                files.append((output, file))
                try body(unsafe TextWriter { chunk in unsafe output.write(chunk) })
                output.complete()
                first = first ?? output
            }
        } catch {
            discard()
            throw error
        }
    }

    /// Puts the files in their places.
    func finish() throws(CommandFailure) {
        var finished = 0
        do throws(CommandFailure) {
            for file in files {
                try file.output.finish()
                finished += 1
            }
            if staging != path { try rename() }
        } catch {
            for file in files[..<finished] { System.remove(file.path) }
            files.removeFirst(finished)
            discard()
            throw error
        }
    }

    private func rename() throws(CommandFailure) {
        do {
            try System.rename(staging, to: path)
            System.keepAtSignal(staging)
        } catch {
            throw OutputFolder.failure(path, error)
        }
    }

    /// Removes what was written.
    private func discard() {
        for file in files { file.output.discard() }
        if staging != path { System.removeFolder(staging) }
    }

    private static func failure(_ path: String, _ error: SystemError) -> CommandFailure {
        .input("\(path): error: the folder cannot be written: \(error)")
    }
}
