import Testing

@testable import KubeChainsHost

/// How programs of the host are run, and what is taken from what they say.
@Suite struct ProgramTests {
    /// What a program leaves behind may hold its pipes open for as long as it likes.
    @Test(arguments: [
        "sleep 30 &", "sleep 30 2>/dev/null &", "sleep 30 >/dev/null &", "(while :; do echo y; sleep 0.01; done) &",
    ])
    func childThatStays(_ command: String) throws {
        let start = System.seconds
        let result = try System.run("/bin/sh", ["-c", "\(command) echo x; echo z >&2; echo $! >&2; exit 3"])
        #expect(System.seconds - start < 10)
        #expect(result.ending == .exit(3))
        #expect(result.output.starts(with: "x\n".utf8) || result.output.starts(with: "y\n".utf8))
        let lines = result.errors.split(separator: "\n")
        #expect(lines.first == "z")
        _ = try System.run("/bin/sh", ["-c", "kill \(lines.last ?? "")"])
    }

    /// Input that is a file comes whole, however large it is and whenever it is read.
    @Test func wholeInput() throws {
        let input = [UInt8](repeating: UInt8(ascii: "x"), count: 3_000_000)
        let result = try System.run(
            "/bin/sh", ["-c", "test -f /proc/self/fd/0 && wc -c"], input: input, isInputWhole: true)
        #expect(String(decoding: result.output, as: UTF8.self) == "3000000\n", "\(result.errors)")
    }

    /// Kernels that kube-proxy does not start on in nftables mode.
    @Test(arguments: [
        ("5.12.19", true), ("4.19.0-26-amd64", true), ("5.13.0", false), ("5.15.0-1.el9.x86_64", false), ("6.1", false),
        ("10.0.0", false), ("strange", false),
    ])
    func kernels(_ release: String, _ isRefused: Bool) {
        #expect((NftPrograms.refusal(ofKernel: release) != nil) == isRefused)
    }

    @Test(arguments: [
        ("iptables-restore: line 2 failed\n", "iptables-restore: line 2 failed"),
        (
            "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\niptables-nft-save: no\n",
            "iptables-nft-save: no"
        ),
        (
            "modprobe: FATAL: Module ip_tables not found in directory /lib/modules/6.1\niptables: can't initialize table\n",
            "iptables: can't initialize table"
        ),
        ("iptables-nft-restore v1.8.9 (nf_tables): \nline 3: CHAIN_ADD failed\n", "line 3: CHAIN_ADD failed"),
        ("modprobe: FATAL: no module\n", "modprobe: FATAL: no module"), ("", ""),
    ])
    func meaningfulLine(_ text: String, _ line: String) {
        #expect(HostProgram.firstLine(text) == line)
    }

    @Test(arguments: [
        ("line 12 failed", 12), ("Error occurred at line: 7", 7), ("Command failed -:3", 3), ("no number", nil),
        ("line x", nil),
    ])
    func lineAtFault(_ text: String, _ number: Int?) {
        #expect(HostProgram.lineNumber(in: text) == number)
    }

    @Test func reasons() throws {
        #expect(HostProgram.reason(try System.run("/bin/sh", ["-c", "kill -9 $$"])) == "it was ended by signal 9")
        #expect(HostProgram.reason(try System.run("/bin/sh", ["-c", "exit 1"])) == "it says nothing of why")
        #expect(HostProgram.reason(try System.run("/bin/sh", ["-c", "echo no >&2; exit 1"])) == "no")
    }
}
