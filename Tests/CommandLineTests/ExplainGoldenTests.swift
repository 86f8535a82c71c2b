import Foundation
import TestSupport
import Testing

/// What `explain` says of the demo cluster: goldens in every form, and that the forms are what they claim to be.
@Suite struct ExplainGoldenTests {
    /// `all` is the text with every rule.
    static let forms = ["text", "all", "json", "dot", "mermaid", "svg"]

    @Test(arguments: TestSize.current.sample(ExplainGolden.bothModes, brief: 14), forms)
    func golden(_ golden: ExplainGolden, _ form: String) throws {
        let options = (Package.lines(of: "demo/options") ?? []) + golden.options
        let output = form == "all" ? ["--all"] : ["-o", form]
        let arguments = ["explain", golden.target] + output + ["\(Package.fixtures)/demo/cluster.json"]
        expect(try Tool.run(arguments + options), 0, output: try golden.text(form), errors: [])
    }

    @Test(arguments: ExplainGolden.bothModes, ["text", "all"])
    func textIsATree(_ golden: ExplainGolden, _ form: String) throws {
        let lines = try golden.text(form).split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 100 && !$0.hasSuffix(" ") })
        // Every branch that begins ends: the last one of each level is a corner.
        #expect(lines.contains { $0.hasPrefix("└─ ") })
        for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("├─ ") {
            #expect("├└│".contains(next.prefix(1)), "\(next)")
        }
    }

    private static let dot: String? = {
        let path = Program.installed("dot")
        if path == nil { print("Skipped: dot does not read the graphs, for graphviz is not installed.") }
        return path
    }()

    @Test(
        .enabled(if: dot != nil, "Needs dot (Debian's graphviz)."),
        arguments: TestSize.current.sample(ExplainGolden.bothModes, brief: 14))
    func dotIsRead(_ golden: ExplainGolden) throws {
        let text = try golden.text("dot")
        let result = try Program(executable: Self.dot ?? "", arguments: ["-Tsvg"], input: Array(text.utf8)).run()
        expect(result, 0, errors: [])
        let nodes = text.split(separator: "\n").filter { $0.contains(" [label=") && !$0.contains(" -> ") }
        let drawn = result.outputText.components(separatedBy: "class=\"node\"").count - 1
        #expect(drawn == nodes.count && drawn > 0)
    }

    /// Every line is one of the few kinds that mermaid knows, subgraphs are closed, and edges join nodes that there are.
    @Test(arguments: ExplainGolden.bothModes)
    func mermaidIsWellFormed(_ golden: ExplainGolden) throws {
        var lines = try golden.text("mermaid").split(separator: "\n")[...]
        #expect(lines.popFirst() == "flowchart LR")
        var nodes: Set<Substring> = []
        var isInside = false
        for line in lines {
            if line.wholeMatch(of: /\ {4}subgraph g\d+\["[^"]+"\]/) != nil {
                #expect(!isInside)
                isInside = true
            } else if line == "    end" {
                #expect(isInside)
                isInside = false
            } else if let match = line.wholeMatch(of: /\ {8}(n\d+_\d+)\["[^"]+"\]:::[a-zA-Z]+/) {
                #expect(isInside && nodes.insert(match.1).inserted)
            } else if let match = line.wholeMatch(of: /\ {8}(n\d+_\d+) -->(?:\|"[^"]+"\|)? (n\d+_\d+)/) {
                #expect(isInside && nodes.contains(match.1) && nodes.contains(match.2))
            } else {
                let isStyle = line.wholeMatch(of: /\ {4}classDef [a-zA-Z]+ fill:#[0-9a-f]{6},.*/) != nil
                #expect(isStyle, "\(line)")
            }
        }
        #expect(!isInside && !nodes.isEmpty)
    }
}

/// A target of `Fixtures/demo/explain/targets`, or of its counterparts for the other modes.
struct ExplainGolden: Sendable, CustomTestStringConvertible {
    let folder: String
    let options: [String]
    let name: String
    let target: String

    var testDescription: String { options.isEmpty ? target : "\(target) in \(options[1]) mode" }

    /// Those of iptables mode.
    static let all = read("explain", [])
    static let ipvs = read("explain-ipvs", ["--proxy-mode", "ipvs"])
    static let nftables = read("explain-nftables", ["--proxy-mode", "nftables"])
    static let bothModes = all + ipvs + nftables

    private static func read(_ folder: String, _ options: [String]) -> [ExplainGolden] {
        (Package.lines(of: "demo/\(folder)/targets") ?? []).map { line in
            let words = line.split(separator: " ")
            return ExplainGolden(
                folder: folder, options: options, name: String(words[0]), target: String(words[1]))
        }
    }

    func text(_ form: String) throws -> String {
        try String(contentsOfFile: "\(Package.fixtures)/demo/\(folder)/\(name).\(form)", encoding: .utf8)
    }
}
