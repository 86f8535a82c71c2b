import Glibc
import KubeChainsBytes

/// Makes large clusters, and measures whole processes with them: in turns with what else one would read such a file with.
///
///     Benchmarks generate SERVICES ENDPOINTS pretty|compact FILE
///     Benchmarks all|quick KUBECHAINS SIMDJSON FOLDER -- DEMO...
///     Benchmarks rules KUBECHAINS FOLDER
///     Benchmarks floor FILE LENGTH
///
/// SIMDJSON is the program of `Compared/parse.cpp`; DEMO are options and file of a small cluster.
@main
enum Benchmarks {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        switch arguments.first {
        case "generate" where arguments.count == 5:
            guard let services = Int(arguments[1]), let endpoints = Int(arguments[2]) else { return usage() }
            let size = try generate(
                SyntheticCluster(services: services, endpointsPerService: endpoints),
                isPretty: arguments[3] == "pretty", arguments[4])
            print("\(arguments[4]): \(megabytes(Double(size)))")
        case "all" where arguments.count > 5 && arguments[4] == "--",
            "quick" where arguments.count > 5 && arguments[4] == "--":
            let isHeld = try compare(
                kubechains: arguments[1], simdjson: arguments[2], folder: arguments[3],
                demo: Array(arguments.dropFirst(5)), isQuick: arguments[0] == "quick")
            if !isHeld { exit(1) }
        case "rules" where arguments.count == 3:
            if try !RulesBenchmark(kubechains: arguments[1], folder: arguments[2]).run() { exit(1) }
        case "floor" where arguments.count == 3:
            guard let length = Int(arguments[2]) else { return usage() }
            try Floor.run(arguments[1], writing: length)
        default:
            usage()
        }
    }

    private static func usage() {
        print("usage: Benchmarks generate SERVICES ENDPOINTS pretty|compact FILE")
        print("       Benchmarks all|quick KUBECHAINS SIMDJSON FOLDER -- DEMO...")
        print("       Benchmarks rules KUBECHAINS FOLDER")
        print("       Benchmarks floor FILE LENGTH")
        exit(64)
    }

    /// Everything that has a bound; quickly: the smaller sizes a few times, with bounds twice as loose.
    ///
    /// - Returns: whether all bounds hold.
    private static func compare(
        kubechains: String, simdjson: String, folder: String, demo: [String], isQuick: Bool
    ) throws -> Bool {
        var table = Table(tolerance: isQuick ? 2 : 1)
        let render = RenderBenchmark(
            kubechains: kubechains, folder: folder, simdjson: simdjson, runs: isQuick ? 3 : 11)
        let commands = CommandsBenchmark(kubechains: kubechains, folder: folder, runs: isQuick ? 3 : 11)
        table.begin(["render, and what it is measured against", "render", "the other", "ratio", "at most"])
        try render.compare(services: 5000, endpoints: 10, &table)
        if !isQuick { try render.compare(services: 10_000, endpoints: 50, &table) }
        table.begin(["growth", "larger", "smaller", "ratio", "at most"])
        try render.growth(from: isQuick ? 500 : 5000, &table)
        table.begin(["commands at 5,000 × 10, against a tenth of that", "whole", "tenth", "ratio / 10", "at most"])
        try commands.compare(services: 5000, &table)
        table.begin(["small things", "render", "--version", "figure", "at most"])
        try commands.start(demo, &table)
        commands.binary(&table)
        return table.conclude()
    }

    /// Writes a cluster to a file.
    ///
    /// - Returns: the file's size in bytes.
    @discardableResult
    static func generate(_ cluster: SyntheticCluster, isPretty: Bool, _ path: String) throws -> Int {
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
        return count
    }
}
