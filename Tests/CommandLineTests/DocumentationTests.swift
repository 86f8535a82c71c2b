import Foundation
import Testing

/// What README, the articles and the notes beside the code show is what happens.
@Suite struct DocumentationTests {
    static let catalogue = "Sources/KubeChains/KubeChains.docc"

    /// The documents with examples, from the package's root.
    static let documents: [String] = {
        let articles = (try? FileManager.default.contentsOfDirectory(atPath: "\(Package.root)/\(catalogue)")) ?? []
        return ["README.md", "Tests/README.md", "Sources/Benchmarks/README.md"]
            + articles.filter { $0.hasSuffix(".md") }.sorted().map { "\(catalogue)/\($0)" }
    }()

    @Test func articlesAreFound() {
        #expect(Self.documents.count >= 10)
    }

    /// Every `console` block is run in a shell, command by command; those marked `as root` where rules can be loaded into a
    /// kernel.
    @Test(arguments: documents)
    func everyConsoleBlockPrintsWhatIsShown(_ document: String) throws {
        for example in try Examples.read(document) {
            let script = "PATH=$(dirname \"$KUBECHAINS\"):$PATH; (\(example.command)) 2>&1"
            let output = try Tool.shell(script, in: Package.root).outputText
            #expect(output == example.output, "\(document): $ \(example.command)")
        }
    }

    /// README and the articles that show output have examples: a change of the blocks' marks would leave none.
    @Test(arguments: [
        ("README.md", 5), ("\(catalogue)/RenderingRules.md", 4), ("\(catalogue)/ExplainingRules.md", 5),
        ("\(catalogue)/AuditingNodes.md", 2), ("\(catalogue)/CIRecipes.md", 2), ("\(catalogue)/LintingSnapshots.md", 1),
        ("\(catalogue)/IPVSMode.md", 3), ("\(catalogue)/ProgrammingAHost.md", 1),
        ("\(catalogue)/ChecksByExample.md", 2),
    ])
    func documentsHaveExamples(_ document: String, _ count: Int) throws {
        #expect(try Examples.read(document).count >= count)
    }

    /// What is typed fits into a terminal that is split in two.
    @Test(arguments: documents)
    func commandLinesAreAtMost90Wide(_ document: String) throws {
        for line in try Examples.commandLines(of: document) { #expect(line.count <= 90, "\(document): \(line)") }
    }

    /// Commands in blocks that are not run, such as those with ssh, name options that exist.
    @Test(arguments: documents)
    func shownOptionsExist(_ document: String) throws {
        let text = try Examples.commandLines(of: document).joined(separator: "\n")
            .replacing("\\\n", with: " ").replacing("|\n", with: "| ")
        for line in text.split(separator: "\n") {
            for part in line.split(whereSeparator: { "|;&#".contains($0) }) {
                let words = part.split(separator: " ").map(String.init)
                guard let place = words.firstIndex(of: "kubechains"), place + 1 < words.count,
                    !words[place + 1].hasPrefix("-")
                else { continue }
                let command = words[place + 1]
                let help = try Tool.run(["help", command])
                #expect(help.ending == .exit(0), "\(document): \(line)")
                let known = help.outputText.split(whereSeparator: { " \n,".contains($0) })
                for word in words[(place + 1)...] where word.hasPrefix("--") && word.count > 2 {
                    let option = word.prefix { $0 != "=" }
                    #expect(known.contains(option), "\(document): \(option) of \(command)")
                }
            }
        }
    }

    @Test func readmeIsShort() throws {
        let readme = try Examples.text(of: "README.md")
        #expect(readme.split(separator: "\n", omittingEmptySubsequences: false).count <= 201)
        #expect(readme.utf8.count <= 16_000)
    }

    /// The program for library users is the same in README and in the documentation's first page.
    @Test func swiftSnippetIsTheSame() throws {
        let snippets = try ["README.md", "\(Self.catalogue)/KubeChains.md"].map { document in
            try Examples.blocks(of: document).filter { $0.mark == "swift" }.map(\.lines)
        }
        #expect(snippets[0].count == 1)
        #expect(snippets[0] == snippets[1])
    }
}

/// The fenced blocks of a document.
private enum Examples {
    struct Block {
        /// What follows the opening fence: `console`, `swift`, or nothing.
        var mark: String
        var lines: [String]
    }

    struct Example {
        var command: String
        var output: String
    }

    static func text(of document: String) throws -> String {
        try String(contentsOfFile: "\(Package.root)/\(document)", encoding: .utf8)
    }

    static func blocks(of document: String) throws -> [Block] {
        var blocks: [Block] = []
        var isInside = false
        for line in try text(of: document).split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside.toggle()
                if isInside { blocks.append(Block(mark: String(line.dropFirst(3)), lines: [])) }
            } else if isInside {
                blocks[blocks.count - 1].lines.append(String(line))
            }
        }
        return blocks
    }

    /// The commands that can be run here, each with the output that is shown for it. A command goes on in the next line after
    /// a backslash or a pipe.
    static func read(_ document: String) throws -> [Example] {
        var examples: [Example] = []
        for block in try blocks(of: document) {
            guard block.mark == "console" || block.mark == "console as root" && Isolation.obstacle == nil else {
                continue
            }
            var continues = false
            for line in block.lines {
                if line.hasPrefix("$ ") {
                    examples.append(Example(command: String(line.dropFirst(2)), output: ""))
                } else if continues {
                    examples[examples.count - 1].command += "\n" + line
                } else {
                    examples[examples.count - 1].output += line + "\n"
                    continue
                }
                continues = line.hasSuffix("\\") || line.hasSuffix("|")
            }
        }
        return examples
    }

    /// The lines to type: whole blocks without a mark, and the commands of `console` blocks.
    static func commandLines(of document: String) throws -> [String] {
        try blocks(of: document).flatMap { block in
            guard block.mark.hasPrefix("console") else { return block.mark.isEmpty ? block.lines : [] }
            var continues = false
            return block.lines.filter { line in
                let isCommand = line.hasPrefix("$ ") || continues
                continues = isCommand && (line.hasSuffix("\\") || line.hasSuffix("|"))
                return isCommand
            }
        }
    }
}
