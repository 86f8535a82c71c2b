import Foundation
import Testing

/// What `make demo` shows, but for the build.
@Suite struct DemoTests {
    @Test func fitsOneScreen() throws {
        let script = "Fixtures/demo/tour.sh \"$KUBECHAINS\""
        let result = try Tool.shell(script, in: Package.root)
        expect(result, 0, errors: [])
        let lines = result.outputText.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        #expect(24...40 ~= lines.count, "\(lines.count) lines")
        // One part from each command, and the commands for all of it, which work.
        #expect(lines.contains { $0.hasPrefix("├─ endpoints: 2 used, 1 left out") })
        #expect(lines.filter { $0.hasPrefix("50%  accepted, sent on to ") }.count == 2)
        #expect(lines.filter { $0.hasPrefix("-A KUBE-") }.count == 8)
        let commands = lines.filter { $0.hasPrefix(Tool.path) }
        #expect(commands.count == 3)
        for command in commands {
            let whole = try Tool.shell(String(command), in: Package.root)
            expect(whole, 0, errors: [])
            #expect(whole.outputText.utf8.count > 1000)
        }
    }
}
