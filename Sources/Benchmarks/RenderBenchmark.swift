import Glibc

/// `render` against programs that only parse the file, and against the floor; its memory, and its growth.
struct RenderBenchmark {
    let kubechains: String
    let folder: String
    /// The program that parses with simdjson.
    let simdjson: String
    /// The runs that count, after one that warms the page cache.
    let runs: Int

    private static let orjson = "import orjson,sys; orjson.loads(open(sys.argv[1],\"rb\").read())"
    private static let options = ["--node", "node-0", "--cluster-cidr", "10.0.0.0/8"]

    /// Render's time divided by others' time, at most, for pretty and for compact JSON.
    private static let bounds = (orjson: (pretty: 0.25, compact: 0.15), simdjson: (pretty: 2.5, compact: 2.0))

    func command(_ path: String) -> [String] { [kubechains, "render"] + Self.options + [path] }

    /// One size in both shapes.
    func compare(services: Int, endpoints: Int, _ table: inout Table) throws {
        for isPretty in [true, false] {
            let path = "\(folder)/cluster-\(services)x\(endpoints).json"
            defer { unsafe unlink(path) }
            let size = try Benchmarks.generate(
                SyntheticCluster(services: services, endpointsPerService: endpoints), isPretty: isPretty, path)
            let text = try textLength(path)
            let commands = [
                command(path), ["python3", "-c", Self.orjson, path], [simdjson, path],
                [CommandLine.arguments[0], "floor", "--length", String(text), path],
                command(path) + ["--proxy-mode", "nftables"],
            ]
            let measured = try inTurns(commands, runs: runs)
            let title = "\(services) × \(endpoints) \(isPretty ? "pretty" : "compact"), \(megabytes(Double(size)))"
            func add(_ other: String, _ index: Int, _ bound: (pretty: Double, compact: Double)?) {
                let share = ratio(measured[0], measured[index])
                let times = [milliseconds(measured[0]), milliseconds(measured[index])]
                guard let bound else { return table.row("\(title): \(other)", times, share) }
                table.row("\(title): \(other)", times, share, bound: isPretty ? bound.pretty : bound.compact)
            }
            add("orjson", 1, Self.bounds.orjson)
            add("simdjson", 2, Self.bounds.simdjson)
            add("floor", 3, nil)
            table.row(
                "\(title): nftables mode against iptables mode",
                [milliseconds(measured[4]), milliseconds(measured[0])], ratio(measured[4], measured[0]), bound: 1.1)
            let allowed = 1.3 * Double(size) + 8e6
            for (mode, runs) in [("", measured[0]), (" in nftables mode", measured[4])] {
                let peak = Double(runs.map(\.peakMemory).max() ?? 0)
                table.row(
                    "\(title): peak memory\(mode), of 1.3 × the file + 8 MB", [megabytes(peak), megabytes(allowed)],
                    peak / allowed, bound: 1)
            }
        }
    }

    /// Time and memory for each Service, of ten times as many Services against fewer.
    func growth(from services: Int, _ table: inout Table) throws {
        let paths = [services, services * 10].map { "\(folder)/cluster-\($0).json" }
        defer { for path in paths { unsafe unlink(path) } }
        for (path, count) in zip(paths, [services, services * 10]) {
            try Benchmarks.generate(
                SyntheticCluster(services: count, endpointsPerService: 10), isPretty: true, path)
        }
        let measured = try inTurns(paths.map(command), runs: runs)
        let times = measured.map { median($0.map(\.wall)) }
        let memory = measured.map { Double($0.map(\.peakMemory).max() ?? 0) }
        let title = "\(services * 10) Services against \(services), for each Service:"
        table.row(
            "\(title) time", [milliseconds(measured[1]), milliseconds(measured[0])], times[1] / times[0] / 10,
            bound: 1.15)
        table.row(
            "\(title) memory", [megabytes(memory[1]), megabytes(memory[0])], memory[1] / memory[0] / 10, bound: 1.15)
    }

    /// The length of the text that a snapshot gives.
    private func textLength(_ path: String) throws -> Int {
        let text = path + ".restore"
        defer { unsafe unlink(text) }
        _ = try measure(command(path) + ["--output-file", text])
        var status = stat()
        unsafe stat(text, &status)
        return Int(status.st_size)
    }
}

/// Measures commands in turns, so that all have the machine's good and bad moments alike; the first turn does not count.
///
/// - Returns: for each command its runs.
func inTurns(_ commands: [[String]], runs: Int, passing codes: Set<CInt> = [0]) throws -> [[Measurement]] {
    var measured: [[Measurement]] = commands.map { _ in [] }
    for run in 0...runs {
        for (index, command) in commands.enumerated() {
            let one = try measure(command, passing: codes)
            if run > 0 { measured[index].append(one) }
        }
    }
    return measured
}

func milliseconds(_ runs: [Measurement]) -> String { decimal(median(runs.map(\.wall)) * 1000) + " ms" }

func megabytes(_ bytes: Double) -> String { decimal(bytes / 1e6) + " MB" }
