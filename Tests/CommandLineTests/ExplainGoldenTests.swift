import Foundation
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What `explain` says of the demo cluster: goldens in every form, and that the forms are what they claim to be.
@Suite struct ExplainGoldenTests {
    static let forms = ["text", "json", "dot", "mermaid", "svg"]

    @Test(arguments: ExplainGolden.bothModes, forms)
    func golden(_ golden: ExplainGolden, _ form: String) throws {
        let options = (Package.lines(of: "demo/options") ?? []) + golden.options
        let arguments = ["explain", golden.target, "-o", form, "\(Package.fixtures)/demo/cluster.json"]
        expect(try Tool.run(arguments + options), 0, output: try golden.text(form), errors: [])
    }

    @Test(arguments: ExplainGolden.bothModes)
    func textIsATree(_ golden: ExplainGolden) throws {
        let lines = try golden.text("text").split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= 100 && !$0.hasSuffix(" ") })
        // Every branch that begins ends: the last one of each level is a corner.
        #expect(lines.contains { $0.hasPrefix("└─ ") })
        for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("├─ ") {
            #expect("├└│".contains(next.prefix(1)), "\(next)")
        }
    }

    @Test(arguments: ExplainGolden.bothModes)
    func svgIsWellFormed(_ golden: ExplainGolden) throws {
        let document = try SVGDocument(golden.text("svg"))
        #expect(document.rootName == "svg")
        #expect(document.texts.allSatisfy { !$0.isEmpty })
        // Nothing is drawn outside of the picture.
        for box in document.boxes {
            #expect(box.x >= 0 && box.x + box.width <= document.width && box.y + box.height <= document.height)
        }
        // No endpoint or chain lies on another.
        for (index, box) in document.boxes.enumerated() {
            for other in document.boxes[(index + 1)...] { #expect(!box.overlaps(other)) }
        }
    }

    private static let dot: String? = {
        let path = Program.installed("dot")
        if path == nil { print("Skipped: dot does not read the graphs, for graphviz is not installed.") }
        return path
    }()

    @Test(.enabled(if: dot != nil, "Needs dot (Debian's graphviz)."), arguments: ExplainGolden.bothModes)
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

/// An SVG document as Foundation's XML parser reads it.
final class SVGDocument: NSObject, XMLParserDelegate {
    struct Box {
        let x, y, width, height: Double

        func overlaps(_ other: Box) -> Bool {
            x < other.x + other.width && other.x < x + width && y < other.y + other.height && other.y < y + height
        }
    }

    private(set) var rootName = ""
    private(set) var width = 0.0
    private(set) var height = 0.0
    /// The boxes of nodes, in the picture's coordinates.
    private(set) var boxes: [Box] = []
    private(set) var texts: [String] = []
    private var isInText = false
    private var offset = (x: 0.0, y: 0.0)

    init(_ text: String) throws {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        if !parser.parse() { throw parser.parserError ?? POSIXError(.EINVAL) }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        func number(_ key: String) -> Double { attributes[key].flatMap { Double($0) } ?? 0 }
        if rootName.isEmpty {
            rootName = name
            (width, height) = (number("width"), number("height"))
        }
        if name == "g", let match = attributes["transform"]?.wholeMatch(of: /translate\((\d+) (\d+)\)/) {
            offset = (Double(match.1) ?? 0, Double(match.2) ?? 0)
        }
        isInText = name == "text"
        if isInText { texts.append("") }
        if name == "rect", attributes["rx"] == "7" {
            boxes.append(
                Box(
                    x: offset.x + number("x"), y: offset.y + number("y"), width: number("width"),
                    height: number("height")))
        }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        if isInText { texts[texts.count - 1] += string }
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        isInText = false
    }
}
