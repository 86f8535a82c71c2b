import Foundation
import Testing

/// What the README shows is what happens: every `console` block is run in a shell, line by line; those marked `as root` where
/// rules can be loaded into a kernel.
@Suite struct ReadmeTests {
    private struct Example {
        var command: String
        var output: String
    }

    @Test func everyConsoleBlock() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let readme = try String(contentsOf: root.appendingPathComponent("README.md"), encoding: .utf8)
        let examples = examples(readme)
        #expect(examples.count >= 5)
        for example in examples {
            let script = "PATH=$(dirname \"$KUBECHAINS\"):$PATH; (\(example.command)) 2>&1"
            let output = try Tool.shell(script, in: root.path).outputText
            #expect(output == example.output, "$ \(example.command)")
        }
    }

    private func examples(_ readme: String) -> [Example] {
        var examples: [Example] = []
        var isInside = false
        for line in readme.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("```") {
                isInside = line == "```console" || line == "```console as root" && Isolation.obstacle == nil
            } else if isInside, line.hasPrefix("$ ") {
                examples.append(Example(command: String(line.dropFirst(2)), output: ""))
            } else if isInside {
                examples[examples.count - 1].output += line + "\n"
            }
        }
        return examples
    }
}
