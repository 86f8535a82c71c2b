internal import NetAddress

extension LintRule {
    static let ipvsSetLimit = LintRule(
        name: "ipvs-set-limit", severity: .error, modes: [.ipvs],
        explanation:
            "kube-proxy makes its ipsets with room for \(IPSet.entryLimit) entries. What is beyond is in no set "
            + "(kubernetes/kubernetes#129389), so that the rules do not apply to it.",
        remedy: "use nftables mode, which has no such limit"
    ) { subject, report in
        guard let state = subject.modes?.state else { return }
        for set in IPSet.allCases where set.kind != .port {
            let entries = state.entries(of: set)
            guard entries.count > IPSet.entryLimit else { continue }
            let count = Set(entries).count
            guard count > IPSet.entryLimit else { continue }
            report.add(
                .cluster,
                "the set \(set.name(subject.plan.settings.family)) needs \(count) entries, but takes \(IPSet.entryLimit)"
            )
        }
    }
}
