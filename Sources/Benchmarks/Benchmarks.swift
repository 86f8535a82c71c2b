import Glibc

/// Makes large clusters, and measures whole processes with them: in turns with what else one would read such a file with.
@main
enum Benchmarks {
    /// SIMDJSON is the program of `Compared/parse.cpp`; DEMO are options and file of a small cluster. The sizes of `growth` are
    /// divided by N, for a binary that is not optimised.
    private static let usage = """
        usage: Benchmarks generate --services N --endpoints N [--nodes N] [--shape pretty|compact] FILE
               Benchmarks nodes --kubechains PROGRAM --folder DIR [--nodes N]
               Benchmarks all|quick --kubechains PROGRAM --simdjson PROGRAM --folder DIR -- DEMO...
               Benchmarks rules|nftables --kubechains PROGRAM --folder DIR
               Benchmarks growth --kubechains PROGRAM --folder DIR [--divisor N]
               Benchmarks floor --length BYTES FILE
        """

    static func main() throws {
        do {
            try run(CommandLine.arguments.dropFirst().first ?? "", Array(CommandLine.arguments.dropFirst(2)))
        } catch let error as UsageError {
            print("error: \(error)\n\(usage)")
            exit(64)
        }
    }

    private static func run(_ command: String, _ arguments: [String]) throws {
        switch command {
        case "generate":
            let options = try Arguments(arguments, names: ["services", "endpoints", "nodes", "shape"])
            let cluster = SyntheticCluster(
                services: try options.number("services"), endpointsPerService: try options.number("endpoints"),
                nodes: try options.optionalNumber("nodes"))
            let isPretty = try options.word("shape", of: ["pretty", "compact"]) == "pretty"
            let path = try options.file()
            let size = try generate(cluster, isPretty: isPretty, path)
            print("\(path): \(megabytes(Double(size)))")
        case "all", "quick":
            let options = try Arguments(arguments, names: ["kubechains", "simdjson", "folder"])
            guard !options.others.isEmpty else { throw UsageError(description: "expected the demo's arguments") }
            let isHeld = try compare(
                kubechains: options.text("kubechains"), simdjson: options.text("simdjson"),
                folder: options.text("folder"), demo: options.others, isQuick: command == "quick")
            if !isHeld { exit(1) }
        case "rules":
            let options = try Arguments(arguments, names: ["kubechains", "folder"])
            let benchmark = RulesBenchmark(
                kubechains: try options.text("kubechains"), folder: try options.text("folder"))
            if try !benchmark.run() { exit(1) }
        case "nftables":
            let options = try Arguments(arguments, names: ["kubechains", "folder"])
            let benchmark = NftablesBenchmark(
                kubechains: try options.text("kubechains"), folder: try options.text("folder"), runs: 5)
            var table = Table(tolerance: 1)
            table.begin(["a node's table of nftables", "it", "the other", "ratio", "at most"])
            try benchmark.compare(services: 5000, endpoints: 10, &table)
            if !table.conclude() { exit(1) }
        case "growth":
            let options = try Arguments(arguments, names: ["kubechains", "folder", "divisor"])
            var table = Table(tolerance: 1)
            let benchmark = GrowthBenchmark(
                kubechains: try options.text("kubechains"), folder: try options.text("folder"), runs: 3)
            try benchmark.compare(divisor: options.optionalNumber("divisor") ?? 1, &table)
            if !table.conclude() { exit(1) }
        case "nodes":
            let options = try Arguments(arguments, names: ["kubechains", "folder", "nodes"])
            var table = Table(tolerance: 1)
            let benchmark = NodesBenchmark(
                kubechains: try options.text("kubechains"), folder: try options.text("folder"), runs: 3)
            try benchmark.compare(services: 10_000, nodes: options.optionalNumber("nodes") ?? 5000, &table)
            if !table.conclude() { exit(1) }
        case "floor":
            let options = try Arguments(arguments, names: ["length"])
            try Floor.run(options.file(), writing: options.number("length"))
        default: throw UsageError(description: "unknown command '\(command)'")
        }
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
        let nodes = NodesBenchmark(kubechains: kubechains, folder: folder, runs: isQuick ? 3 : 11)
        try nodes.compare(services: 5000, nodes: 500, &table)
        try GrowthBenchmark(kubechains: kubechains, folder: folder, runs: isQuick ? 3 : 5).compare(&table)
        let reach = ReachBenchmark(kubechains: kubechains, folder: folder, runs: isQuick ? 3 : 11)
        try reach.compare(services: 10_000, &table)
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
        try writeJSON(path, isPretty: isPretty) { cluster.write(to: &$0) }
    }
}
