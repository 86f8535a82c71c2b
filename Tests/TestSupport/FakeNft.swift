/// What `nft -f` makes of the commands of one table, in memory: enough for kube-proxy's transactions, and nothing like the
/// product's way of getting at the state.
public struct FakeNft {
    private var table = ""
    private var chains: [String: String] = [:]
    private var rules: [String: [String]] = [:]
    /// Sets, maps and counters by kind and name.
    private var objects: [String: [String: String]] = ["set": [:], "map": [:], "counter": [:]]
    /// The elements of sets and maps by key.
    private var elements: [String: [String: String]] = [:]
    /// What was wrong.
    public private(set) var faults: [String] = []

    /// Carries out a text of commands on an empty host.
    public init(_ text: String) {
        for line in text.split(separator: "\n") { run(String(line)) }
    }

    /// The commands that create what there is: knftables' dump, elements sorted.
    public var state: String {
        var lines = [table]
        func sorted(_ values: [String: String]) -> [String] {
            values.sorted { bytesPrecede($0.key, $1.key) }.map(\.value)
        }
        lines += sorted(chains)
        for kind in ["set", "map", "counter"] { lines += sorted(objects[kind] ?? [:]) }
        for chain in chains.keys.sorted(by: bytesPrecede) { lines += rules[chain] ?? [] }
        for kind in ["set", "map"] {
            for name in (objects[kind] ?? [:]).keys.sorted(by: bytesPrecede) {
                lines += (elements[name] ?? [:]).values.sorted(by: bytesPrecede)
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private mutating func run(_ line: String) {
        let words = line.split(separator: " ").map(String.init)
        let (verb, kind) = (words[0], words[1])
        if kind == "table" {
            table = line
            return
        }
        let name = words[4]
        switch (verb, kind) {
        case ("add", "chain"): if chains[name] == nil { chains[name] = line }
        case ("add", "rule"):
            if chains[name] == nil { faults.append("no chain: \(line)") }
            rules[name, default: []].append(line)
        case ("add", "element"):
            let key = FakeNft.key(line)
            if objects["set"]?[name] == nil, objects["map"]?[name] == nil { faults.append("no set: \(line)") }
            if elements[name]?[key] != nil { faults.append("exists: \(line)") }
            elements[name, default: [:]][key] = line
        case ("add", _): if objects[kind]?[name] == nil { objects[kind]?[name] = line }
        case ("flush", "chain"): rules[name] = nil
        case ("flush", _): elements[name] = nil
        case ("delete", "chain"):
            chains[name] = nil
            rules[name] = nil
        case ("delete", "element"):
            if elements[name]?.removeValue(forKey: FakeNft.key(line)) == nil { faults.append("no element: \(line)") }
        case ("delete", _): if objects[kind]?.removeValue(forKey: name) == nil { faults.append("none: \(line)") }
        default: faults.append("unknown: \(line)")
        }
    }

    /// The key of an element: what comes before its comment or verdict.
    private static func key(_ line: String) -> String {
        let words = line.split(separator: " ").drop { $0 != "{" }.dropFirst()
        return words.prefix { $0 != ":" && $0 != "comment" && $0 != "}" }.joined(separator: " ")
    }
}
