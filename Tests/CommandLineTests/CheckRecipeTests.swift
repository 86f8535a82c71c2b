import Foundation
import Testing

/// The checks of the documentation, and the schema that ships with it.
@Suite struct CheckRecipeTests {
    private static let schema = "\(Package.root)/\(DocumentationTests.catalogue)/checks.schema.json"
    private static let recipes = "\(Package.fixtures)/demo/checks.json"
    private static let hasJSONSchema =
        (try? Tool.shell("python3 -c 'import jsonschema'"))?.ending == .exit(0)

    private static func checks(_ text: String) throws -> [NSDictionary] {
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        return try #require(object?["checks"] as? [NSDictionary])
    }

    /// The article shows the checks of the file, which the tests of documents run, in its order.
    @Test func articleShowsTheFile() throws {
        let article = "\(Package.root)/\(DocumentationTests.catalogue)/ChecksByExample.md"
        let text = try String(contentsOfFile: article, encoding: .utf8)
        let blocks = text.split(separator: "```json\n").dropFirst().compactMap { $0.split(separator: "\n```").first }
        let shown = try blocks.flatMap { try Self.checks(String($0)) }
        #expect(shown.count == 20)
        #expect(try shown == Self.checks(String(contentsOfFile: Self.recipes, encoding: .utf8)))
    }

    private static let script = """
        import json, jsonschema, sys
        schema = json.load(open(sys.argv[1]))
        kind = jsonschema.validators.validator_for(schema)
        kind.check_schema(schema)
        for path in sys.argv[2:]:
            print("fits" if kind(schema).is_valid(json.load(open(path))) else "fails")
        """

    /// The schema takes the recipes, and refuses what the program refuses.
    @Test(.enabled(if: hasJSONSchema, "Needs PyPI's jsonschema."))
    func schemaSaysWhatTheProgramTakes() throws {
        let folder = try TemporaryFolder()
        let paths = try ReachTests.faultyChecks.enumerated().map { try folder.write("\($0).json", $1.0) }
        let result = try Tool.shell("python3 -c \"$@\"", [Self.script, Self.schema, Self.recipes] + paths)
        #expect(result.outputText == "fits\n" + String(repeating: "fails\n", count: paths.count), "\(result.errorText)")
    }
}
