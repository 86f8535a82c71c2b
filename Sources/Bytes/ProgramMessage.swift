/// What shells, sudo, ssh and their like print where a program's output is expected.
package enum ProgramMessage {
    /// Whether the line is one: the program was not found, was not allowed, or the connection failed.
    package static func isFailure(_ line: ByteView) -> Bool {
        let starts: [StaticString] = [
            "[sudo] ", "sudo: ", "ssh: ", "kex_exchange_identification", "client_loop: ", "OCI runtime exec failed",
        ]
        if starts.contains(where: { line.hasPrefix($0) }) { return true }
        let text = line.beginning
        return [
            "command not found", ": not found", "executable file not found", "Permission denied", "must be root",
            "not permitted", "No such file or directory", "Could not resolve", "Connection refused",
            "Connection timed out", "No route to host", "Host key verification failed",
        ].contains { text.contains(text: $0) } || endsConnection(line)
    }

    /// Whether the line says that a connection ended, so that what stands before it may not be whole.
    package static func endsConnection(_ line: ByteView) -> Bool {
        let text = line.beginning
        // A value in JSON or a rule's comment may hold such words.
        guard !text.utf8.contains(UInt8(ascii: "\"")) else { return false }
        return ["closed by remote host", "Broken pipe", "Connection reset by peer", "Connection to "]
            .contains { text.contains(text: $0) }
    }
}

extension ByteView {
    /// The beginning of a line, for a message.
    package var beginning: String { self[0..<Swift.min(count, 200)].string + (count > 200 ? "…" : "") }

    /// The line that begins at an offset, without its end.
    package func line(at offset: Int) -> ByteView {
        var end = firstIndex(of: UInt8(ascii: "\n"), from: offset) ?? count
        if end > offset, self[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return self[offset..<end]
    }

    /// The last line that is not empty, such as the last words of ssh.
    package var lastLine: ByteView {
        var end = count
        while end > 0, [0x0A, 0x0D, 0x20].contains(self[end - 1]) { end -= 1 }
        var start = end
        while start > 0, self[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        return self[start..<end]
    }

    /// The number of the first line, from 1, of which a condition holds; nil: of none.
    package func numberOfLine(where condition: (ByteView) -> Bool) -> Int? {
        var (offset, number) = (0, 1)
        while offset < count {
            if condition(line(at: offset)) { return number }
            guard let end = firstIndex(of: UInt8(ascii: "\n"), from: offset) else { return nil }
            offset = end + 1
            number += 1
        }
        return nil
    }
}
