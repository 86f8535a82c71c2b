import Testing

@testable import CommandLineTool
@testable import KubeChainsHost

/// How the tool runs other programs.
@Suite struct ProcessTests {
    /// A program that reads, writes and complains a hundred megabytes each, all at once, and one that reads nothing.
    @Test func largePipes() throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 100_000_000)
        let script = "tee /dev/stderr"
        let result = try System.run("/bin/sh", ["-c", script], input: input)
        #expect(result.isSuccess)
        #expect(result.output.count == input.count && result.errors.utf8.count == input.count)
        let deaf = try System.run("/bin/sh", ["-c", "exec 0<&-; echo done; exit 3"], input: input)
        #expect(deaf.ending == .exit(3) && deaf.output == Array("done\n".utf8))
    }

    @Test func endings() throws {
        #expect(try System.run("/bin/sh", ["-c", "kill -9 $$"]).ending == .signal(9))
        #expect(throws: SystemError.self) { try System.run("/nonexistent") }
        // SIGPIPE ends programs as they expect it, and the environment holds nothing of this one's.
        #expect(try System.run("/bin/sh", ["-c", "kill -PIPE $$"]).ending == .signal(13))
        let environment = String(decoding: try System.run("/usr/bin/env").output, as: UTF8.self)
        #expect(
            environment.split(separator: "\n").sorted() == [
                "LC_ALL=C", "PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin",
            ])
    }

    /// Time that passes is told about once a second.
    @Test func waiting() throws {
        var times: [Double] = []
        _ = try System.run("/bin/sh", ["-c", "sleep 2.5"]) { times.append($0) }
        #expect(times.count == 2 && times[0] >= 1 && times[1] >= 2)
    }
}
