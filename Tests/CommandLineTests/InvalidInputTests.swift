import Foundation
import Testing

/// What the tool refuses and what it warns about: the inputs in `Fixtures/invalid`, whose README says how they are laid out.
@Suite struct InvalidInputTests {
    static let folders = Package.folders(in: "invalid")

    @Test func fixturesAreThere() {
        #expect(Self.folders.count > 300)
    }

    @Test(arguments: folders.filter { !$0.hasPrefix("warning-") })
    func isRefused(_ name: String) throws {
        let result = try run(name)
        #expect(result.ending == .exit(2))
        #expect(result.outputText == "")
        #expect(try result.errorText == expectedErrors(name))
        #expect(result.errorLines.count == 1)
    }

    @Test(arguments: folders.filter { $0.hasPrefix("warning-") })
    func isPassedOver(_ name: String) throws {
        let result = try run(name)
        #expect(result.ending == .exit(0))
        #expect(result.outputText.hasSuffix("\nCOMMIT\n"))
        #expect(try result.errorText == expectedErrors(name))
        for text in Package.lines(of: "invalid/\(name)/stdout-contains") ?? [] {
            #expect(result.outputText.contains(text))
        }
    }

    private func run(_ name: String) throws -> Program.Result {
        let options = Package.lines(of: "invalid/\(name)/options") ?? []
        let folder = "\(Package.fixtures)/invalid/\(name)"
        return try Program(
            executable: Tool.path, arguments: ["render"] + options + ["snapshot.json"], folder: folder,
            secondsAllowed: 10
        ).run()
    }

    private func expectedErrors(_ name: String) throws -> String {
        try String(contentsOfFile: "\(Package.fixtures)/invalid/\(name)/stderr", encoding: .utf8)
    }
}
