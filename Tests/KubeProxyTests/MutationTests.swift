import KubeProxy
import TestSupport
import Testing

/// Damage done to saved rules by seed: every harmful kind is found and laid at the right Service port, every harmless one
/// gives no finding.
@Suite struct MutationTests {
    /// How often each kind is tried.
    private static let tries = TestSize.current.count(full: 20, brief: 4)

    private func saved() throws -> [SavedRules] {
        try RecordedCase.names.filter { $0.hasPrefix("small-") || $0 == "medium-002" }.map { name in
            let recorded = try RecordedCase(name)
            return SavedRules(try plan([recorded.snapshot], recorded.options))
        }
    }

    @Test func intactRulesHaveNoFinding() throws {
        for rules in try saved() {
            let findings = try rules.audit().map(\.effect)
            #expect(findings.isEmpty, "\(findings)")
        }
    }

    @Test func everyKind() throws {
        let cases = try saved()
        var all = (tried: 0, found: 0, placed: 0)
        for mutation in Mutation.harmful + Mutation.harmless {
            var (tried, found, placed) = (0, 0, 0)
            var seed: UInt64 = 0
            while tried < MutationTests.tries, seed < 3000 {
                seed += 1
                var generator = SeededGenerator(seed: seed)
                var rules = generator.pick(cases)
                guard case .applied(let label) = mutation.apply(&rules, &generator) else { continue }
                tried += 1
                let findings = try rules.audit()
                if mutation.ids.isEmpty {
                    #expect(findings.isEmpty, "\(mutation.name), seed \(seed): \(findings.map(\.effect))")
                    continue
                }
                let fitting = findings.filter { mutation.ids.contains($0.id) && $0.severity > .info }
                if !fitting.isEmpty { found += 1 }
                let isPlaced = label.map { label in
                    fitting.contains {
                        $0.label?.servicePort == label.servicePort && $0.label?.transport == label.transport
                    }
                }
                if isPlaced ?? !fitting.isEmpty { placed += 1 }
                #expect(
                    isPlaced ?? !fitting.isEmpty,
                    "\(mutation.name), seed \(seed): \(findings.map { "\($0.id) \($0.label?.servicePort ?? "")" }) for \(label?.servicePort ?? "all")"
                )
            }
            #expect(tried == MutationTests.tries, "\(mutation.name) was tried \(tried) times only")
            (all.tried, all.found, all.placed) = (all.tried + tried, all.found + found, all.placed + placed)
        }
        #expect(Mutation.harmful.count >= 25)
        print(
            "mutations: \(all.tried) of \(Mutation.harmful.count) harmful and \(Mutation.harmless.count) harmless kinds; "
                + "\(all.found) were found, \(all.placed) of them attributed to the right Service port")
    }
}
