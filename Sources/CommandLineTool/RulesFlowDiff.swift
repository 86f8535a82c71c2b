internal import KubeChains
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// One side of `diff --flows` where at least one is rules.
private enum FlowSide {
    case snapshot(PreparedSnapshot)
    case rules(HostRulesInput)

    var rules: HostRulesInput? { if case .rules(let rules) = self { rules } else { nil } }
    var snapshot: PreparedSnapshot? { if case .snapshot(let snapshot) = self { snapshot } else { nil } }

    func flows(
        _ family: AddressFamily, _ place: FlowsPlace, _ frontends: [RuleFrontend]
    ) throws(CommandFailure) -> (flows: NodeFlows, rules: ComparedRules) {
        let rules: TracedRules
        switch self {
        case .rules(let host): rules = host.rules(family)
        case .snapshot(var snapshot):
            snapshot.settings.family = family
            rules = try snapshot.hostRules(try snapshot.plan())
        }
        let flows = NodeFlows(rules, place.host, frontends, of: place.plan, with: System.workers)
        return (flows, .host(rules, place.host, place.plan))
    }
}

extension DiffOptions {
    /// What differs for packets where a side is a host's rules: both sides are followed as rules, so that nothing but where
    /// packets go counts.
    ///
    /// - Returns: a comparison for each family, and the snapshots of the sides that are no rules.
    func compareRules(
        _ sources: [SnapshotSource]
    ) throws(CommandFailure) -> (
        comparisons: [FlowComparison], snapshots: [ClusterSnapshot], diagnostics: [Diagnostic]
    ) {
        let before: FlowSide =
            sources[0].isSnapshot
            ? .snapshot(try readLeft(sources[0])) : .rules(try HostRulesInput([sources[0]], shaping.family))
        let after: FlowSide =
            sources[1].isSnapshot
            ? .snapshot(try readRight(sources[1])) : .rules(try HostRulesInput([sources[1]], shaping.family))
        guard rightOptions.isEmpty || after.snapshot != nil else {
            throw DiffOptions.usage("--right shapes the rules of a snapshot, but ACTUAL is rules")
        }
        let snapshot = before.snapshot ?? after.snapshot
        var diagnostics = snapshot?.diagnostics ?? []
        if snapshot == nil, shaping.settings.hostAddresses == nil {
            diagnostics.append(HostRulesInput.unknownAddresses)
        }
        var families = AddressFamily.allCases
        for (side, source) in zip([before, after], sources) {
            guard let rules = side.rules else { continue }
            let own = try rules.families(shaping, source.name)
            families = families.filter { own.contains($0) }
        }
        guard !families.isEmpty else {
            throw .input(
                "error: EXPECTED and ACTUAL have rules of different families; a family is compared with itself")
        }
        var comparisons: [FlowComparison] = []
        for family in families {
            let place = try FlowsPlace(snapshot, family, shaping)
            let frontends = place.frontends([before, after].compactMap(\.rules))
            guard !frontends.isEmpty else {
                throw .input(
                    "error: no rule names a Service port in its comment; give the snapshot on one side")
            }
            let (old, new) = (
                try before.flows(family, place, frontends), try after.flows(family, place, frontends)
            )
            var comparison = FlowComparison(old.flows, new.flows)
            try input { () throws(SnapshotError) in try comparison.nameRules(old.rules, new.rules) }
            comparisons.append(comparison)
        }
        return (comparisons, [before, after].compactMap(\.snapshot?.snapshot), diagnostics)
    }
}
