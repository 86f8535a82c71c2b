import Foundation
import Testing

/// Every public declaration that `import KubeChains` brings has a comment of documentation.
@Suite struct DocumentedInterfaceTests {
    /// A symbol graph, as far as it is read here.
    private struct Graph: Decodable {
        struct Symbol: Decodable {
            struct Identifier: Decodable {
                let precise: String
            }

            struct Comment: Decodable {}

            struct Location: Decodable {
                struct Position: Decodable {
                    let line: Int
                }

                let uri: String
                let position: Position
            }

            let identifier: Identifier
            let pathComponents: [String]
            let docComment: Comment?
            let location: Location?
        }

        let symbols: [Symbol]
    }

    @Test func everyPublicDeclarationIsDocumented() throws {
        let folder = try TemporaryFolder()
        let products = Tool.url.deletingLastPathComponent().path
        // The modules that `import KubeChains` exports; what is inherited from a protocol has its comment from there.
        let script = """
            set -e
            cd "$1"
            target=$(swift -print-target-info | sed -n 's/.*"triple": "\\(.*\\)",/\\1/p' | head -1)
            exported=$(sed -n 's/^@_exported public import //p' Sources/KubeChains/KubeChains.swift | paste -sd, -)
            exec swift symbolgraph-extract -module-name KubeChains -I "$2/Modules" -output-dir "$3" -target "$target" \\
                -minimum-access-level public -skip-synthesized-members -experimental-allowed-reexported-modules="$exported"
            """
        let result = try Tool.shell(script, [Package.root, products, folder.path])
        try #require(result.ending == .exit(0), "\(result.errorText)")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder.path)/KubeChains.symbols.json"))
        let symbols = try JSONDecoder().decode(Graph.self, from: bytes).symbols
        #expect(symbols.count > 1000)
        let undocumented = symbols.filter { $0.docComment == nil && $0.location?.uri.contains("/Sources/") == true }
            .map { symbol in
                let place = symbol.location.map {
                    "\($0.uri.split(separator: "/Sources/").last ?? ""):\($0.position.line + 1)"
                }
                return "\(place ?? ""): \(symbol.pathComponents.joined(separator: "."))"
            }
        #expect(undocumented == [])
    }
}
