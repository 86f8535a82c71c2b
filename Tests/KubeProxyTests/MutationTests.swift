import KubeProxy
import TestSupport
import Testing

/// Damage done to saved rules by seed: every harmful kind is found and laid at the right Service port, every harmless one
/// gives no finding.
@Suite struct MutationTests {
    /// How often each kind is tried.
    private static let tries = TestSize.current.count(full: 20, brief: 4)
    /// The same where no setting is given.
    private static let triesWithoutSettings = TestSize.current.count(full: 20, brief: 1)
    /// The same for harmless kinds.
    private static let harmlessTries = TestSize.current.count(full: 20, brief: 1, soak: 10_000)

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

    /// Audited with the settings given, and with none, so that they are read off damaged rules.
    @Test(arguments: [true, false])
    func everyKind(_ isGiven: Bool) throws {
        let cases = try saved().filter { isGiven || $0.isComparable }
        var all = (tried: 0, found: 0, placed: 0)
        var explained: [String: Int] = [:]
        for mutation in Mutation.harmful + Mutation.harmless {
            let wanted =
                isGiven
                ? MutationTests.tries
                : mutation.ids.isEmpty ? MutationTests.harmlessTries : MutationTests.triesWithoutSettings
            var (tried, found, placed) = (0, 0, 0)
            var seed: UInt64 = 0
            while tried < wanted, seed < 3000 + UInt64(wanted) * 20 {
                seed += 1
                var generator = SeededGenerator(seed: seed)
                let intact = generator.pick(cases)
                var rules = intact
                guard case .applied(let label) = mutation.apply(&rules, &generator) else { continue }
                tried += 1
                let audit = try isGiven ? nil : rules.auditWithoutSettings()
                let findings = try audit?.findings ?? rules.audit()
                if mutation.ids.isEmpty {
                    let harmful = isGiven ? findings : findings.filter { $0.severity > .info }
                    #expect(harmful.isEmpty, "\(mutation.name), seed \(seed): \(harmful.map(\.effect))")
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
                if isPlaced != true, fitting.isEmpty, let settings = audit?.expected?.plan.settings,
                    let own = try intact.auditWithoutSettings().expected?.plan.settings, settings != own,
                    label == nil || findings.allSatisfy({ $0.severity == .info })
                {
                    // These are just the rules that kube-proxy writes with another setting, or that and what is wrong then.
                    explained[mutation.name, default: 0] += 1
                    continue
                }
                #expect(
                    isPlaced ?? !fitting.isEmpty,
                    "\(mutation.name), seed \(seed): \(findings.map { "\($0.id) \($0.label?.servicePort ?? "")" }) for \(label?.servicePort ?? "all"), \(audit?.inferred.map(\.text) ?? [])"
                )
            }
            #expect(tried == wanted, "\(mutation.name) was tried \(tried) times only")
            (all.tried, all.found, all.placed) = (all.tried + tried, all.found + found, all.placed + placed)
        }
        #expect(Mutation.harmful.count >= 25)
        print(
            "mutations, settings \(isGiven ? "given" : "inferred"): \(all.tried) of \(Mutation.harmful.count) harmful and "
                + "\(Mutation.harmless.count) harmless kinds; \(all.found) were found, \(all.placed) of them attributed to "
                + "the right Service port; rules of other settings are \(explained.sorted { $0.key < $1.key })")
    }
}
