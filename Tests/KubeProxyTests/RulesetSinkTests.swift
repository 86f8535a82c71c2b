import Iptables
import TestSupport
import Testing

@testable import KubeProxy

/// The plan's rules as values are those that reading its text gives, in either form.
@Suite struct RulesetSinkTests {
    @Test(arguments: RecordedCase.names)
    func recordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let plan = try plan([recorded.snapshot], recorded.options)
        let values = IptablesPlan(plan).ruleset(keepsComments: true).ignoringCounters
        let text = try Ruleset(parsing: Array(recorded.expected.utf8), family: plan.settings.family)
        #expect(values == text.ignoringCounters)
        // The saved form lists chains in another order.
        let saved = try Ruleset(parsing: Array(plan.text(.save).utf8), family: plan.settings.family)
        for table in saved.tables {
            let own = try #require(values[table: table.name])
            #expect(own.chains.sorted { $0.name < $1.name } == table.ignoringCounters.chains)
        }
    }
}
