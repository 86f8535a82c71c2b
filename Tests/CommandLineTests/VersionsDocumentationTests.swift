import Foundation
import KubeChains
import Testing

/// What is written about kube-proxy's versions is the table that the rules come from.
@Suite struct VersionsDocumentationTests {
    @Test func articleHoldsTheTable() throws {
        let article = try String(
            contentsOfFile: "\(Package.root)/\(DocumentationTests.catalogue)/KubeProxyVersions.md", encoding: .utf8)
        #expect(article.contains("\n\(VersionsReport.markdown)\n"))
    }

    @Test func helpShowsTheTable() throws {
        let result = try Tool.run(["help", "versions"])
        expect(result, 0, errors: [])
        // Wrapped text has the words in their order.
        let words = result.outputText.split { $0 == " " || $0 == "\n" }.joined(separator: " ")
        for row in VersionsReport.rows {
            #expect(words.contains("\(row.versions) \(row.text)"), "\(row.text)")
        }
        for line in result.outputText.split(separator: "\n") { #expect(line.count <= 100) }
    }
}
