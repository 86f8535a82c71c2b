import Glibc
import Netfilter

/// Makes large clusters, and compares rendering them with what else one would read such a file with.
///
///     Benchmarks generate SERVICES ENDPOINTS pretty|compact FILE
///     Benchmarks compare KUBECHAINS FOLDER
///     Benchmarks rules KUBECHAINS FOLDER
@main
enum Benchmarks {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "generate" where arguments.count == 5:
            guard let services = Int(arguments[1]), let endpoints = Int(arguments[2]) else { return usage() }
            try generate(
                SyntheticCluster(services: services, endpointsPerService: endpoints),
                isPretty: arguments[3] == "pretty",
                arguments[4])
        case "compare" where arguments.count == 3:
            try compare(kubechains: arguments[1], folder: arguments[2])
        case "rules" where arguments.count == 3:
            if try !RulesBenchmark(kubechains: arguments[1], folder: arguments[2]).run() { exit(1) }
        default:
            usage()
        }
    }

    private static func usage() {
        print("usage: Benchmarks generate SERVICES ENDPOINTS pretty|compact FILE")
        print("       Benchmarks compare KUBECHAINS FOLDER")
        print("       Benchmarks rules KUBECHAINS FOLDER")
        exit(64)
    }

    /// Writes a cluster to a file.
    static func generate(_ cluster: SyntheticCluster, isPretty: Bool, _ path: String) throws {
        guard let file = unsafe fopen(path, "w") else {
            throw ProcessFailure(description: "\(path) can not be written")
        }
        nonisolated(unsafe) let output = unsafe file
        let text = unsafe TextWriter(chunkSize: 1 << 20) { chunk in
            _ = unsafe fwrite(chunk.baseAddress, 1, chunk.count, output)
        }
        var emitter = JSONEmitter(text, isPretty: isPretty)
        cluster.write(to: &emitter)
        emitter.text.flush()
        let count = emitter.text.totalCount
        guard unsafe fclose(file) == 0 else { throw ProcessFailure(description: "\(path) can not be written") }
        print("\(path): \(count / 1_000_000) MB")
    }

    /// Rendering against orjson only parsing, in turns, on a pretty-printed snapshot of about 50 MB.
    private static func compare(kubechains: String, folder: String) throws {
        let path = folder + "/cluster-50MB.json"
        let cluster = SyntheticCluster(services: 5400, endpointsPerService: 10)
        try generate(cluster, isPretty: true, path)
        defer { unsafe unlink(path) }
        var status = stat()
        unsafe stat(path, &status)
        let size = Double(status.st_size)

        let orjson = ["python3", "-c", "import orjson,sys; orjson.loads(open(sys.argv[1],\"rb\").read())", path]
        let render = [kubechains, "render", "--node", "node-0", "--cluster-cidr", "10.0.0.0/8", path]
        var ours: [Measurement] = []
        var theirs: [Measurement] = []
        let runs = 11
        for run in 0...runs {
            let (left, right) = (try measure(render), try measure(orjson))
            // The first pair warms the page cache and is not counted.
            if run > 0 {
                ours.append(left)
                theirs.append(right)
            }
        }
        let ratios = zip(ours, theirs).map { $0.wall / $1.wall }
        print("\(runs) runs in turns, medians:")
        show("kubechains render", ours, size)
        show("orjson loads", theirs, size)
        let ratio = median(ratios)
        let memory = Double(ours.map(\.peakMemory).max() ?? 0) / size
        print("time ratio \(decimal(ratio)) (bound 0.5), memory \(decimal(memory)) of the file's size (bound 2.0)")
        if ratio >= 0.5 || memory >= 2 { exit(1) }
    }

    private static func show(_ title: String, _ runs: [Measurement], _ size: Double) {
        let wall = median(runs.map(\.wall))
        let memory = Double(runs.map(\.peakMemory).max() ?? 0)
        print(
            "  \(title): \(decimal(wall * 1000)) ms, \(decimal(size / wall / 1e6)) MB/s, "
                + "peak memory \(decimal(memory / 1e6)) MB (\(decimal(memory / size)) of the file's size)")
    }
}
