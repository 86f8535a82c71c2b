import Foundation
import TestSupport
import Testing

/// What the tool is started with: closed descriptors, pipes that nobody reads, limits, and signals while it writes.
@Suite struct DescriptorTests {
    private static let demo = "\(Package.fixtures)/demo/cluster.json"
    private static let options = ["--node", "worker-1", "--cluster-cidr", "10.244.0.0/16", demo]
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// A file that is opened does not get the number of a closed descriptor, so that nothing of the messages is in it.
    @Test(arguments: ["2>&-", ">&-", "<&-", "<&- >&- 2>&-"])
    func closedDescriptors(_ closing: String) throws {
        let script = "\"$KUBECHAINS\" render --summary --output-file out \"$@\" \(closing)"
        let result = try Tool.shell(script, Self.options, in: folder.path)
        #expect(result.ending == .exit(0))
        let expected = try Tool.run(["render"] + Self.options)
        #expect(try folder.read("out") == expected.output)
    }

    /// The exit code says what went wrong, whoever reads the message.
    @Test(arguments: [("render no-such-file", 2), ("render", 64), ("lint --node worker-1 no-such-file", 2)])
    func nobodyReadsMessages(_ command: String, _ code: Int32) throws {
        let script = "mkfifo p; true <p & exec 8>p; wait; exec \"$KUBECHAINS\" \(command) 2>&8"
        let result = try Tool.shell(script, in: folder.path)
        #expect(result.ending == .exit(code))
    }

    /// A limit of size is an error, and leaves nothing behind.
    @Test func limitOfSize() throws {
        try folder.write("out", "old")
        let result = try Tool.shell(
            "ulimit -f 8; exec \"$KUBECHAINS\" render --output-file out \"$@\"", Self.options, in: folder.path)
        expect(result, 2, output: "", errors: ["out: error: cannot be written: file too large"])
        #expect(try folder.names == ["out"])
        #expect(String(decoding: try folder.read("out") as [UInt8], as: UTF8.self) == "old")
    }

    /// A signal that ends the tool while it writes leaves no temporary file; one that is ignored ends nothing.
    @Test(arguments: TestSize.current.sample(["TERM", "INT", "HUP"], brief: 1))
    func signalWhileWriting(_ signal: String) throws {
        // As soon as the temporary file is there; mostly the text is not yet written then.
        let script = """
            import os, signal, subprocess, sys, time
            tool = subprocess.Popen([sys.argv[1], "render", "--output-file", "out"] + sys.argv[2:])
            end = time.monotonic() + 5
            while tool.poll() is None and time.monotonic() < end:
                if any(name.startswith(".out.") for name in os.listdir(".")):
                    tool.send_signal(signal.SIG\(signal))
                    break
            tool.wait()
            print([name for name in os.listdir(".") if name != "big.json"] in ([], ["out"]))
            """
        try folder.write("big.json", Self.bigSnapshot)
        for _ in 0..<TestSize.current.count(full: 5, brief: 1) {
            let result = try Tool.shell(
                "exec python3 -c '\(script)' \"$KUBECHAINS\" \"$@\"", ["--node", "n", "big.json"], in: folder.path)
            #expect(result.outputText == "True\n", "\(result.errorText)")
        }
    }

    /// Enough Services for megabytes of text.
    private static let bigSnapshot: String = {
        let services = (0..<4000).map { index in
            """
            {"kind":"Service","apiVersion":"v1","metadata":{"namespace":"a","name":"s\(index)"},
            "spec":{"clusterIP":"10.\(96 + index / 65536).\(index / 256 % 256).\(index % 256)","ports":[{"port":80}]}}
            {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4","metadata":{"namespace":"a",
            "name":"s\(index)","labels":{"kubernetes.io/service-name":"s\(index)"}},"ports":[{"name":"","port":80}],
            "endpoints":[{"addresses":["10.1.\(index / 256).\(index % 256)"]}]}
            """
        }
        return services.joined(separator: "\n")
    }()
}
