internal import KubeObjects

/// The hints of a Service port's ready endpoints.
struct HintSummary {
    var ready = 0
    /// How many of them have any hint.
    var hinted = 0
    var zones: Set<String> = []
    var nodes: Set<String> = []
    let allHaveZones: Bool
    let allHaveNodes: Bool

    init(_ port: ServicePortPlan, _ subject: LintSubject) {
        allHaveZones = port.hintCoverage.contains(.zones)
        allHaveNodes = port.hintCoverage.contains(.nodes)
        for planned in port.endpoints where planned.conditions.contains(.ready) {
            ready += 1
            let hints = subject.endpoint(planned).hints
            if hints != nil { hinted += 1 }
            zones.formUnion(hints?.zones ?? [])
            nodes.formUnion(hints?.nodes ?? [])
        }
    }
}

extension LintSubject {
    /// The number of zones for which there is no hint, and a few of them. A zone counts if it has a node that has no
    /// hint of its own either; another rule finds nodes without a zone.
    func zonesWithout(_ hints: HintSummary) -> (count: Int, examples: [String]) {
        var hinted = hints.zones
        if hints.allHaveNodes {
            var nodes: [String: Int] = [:]
            for name in hints.nodes {
                guard let zone = zoneOfMember[name] else { continue }
                nodes[zone, default: 0] += 1
                if nodes[zone] == membersOfZone[zone] { hinted.insert(zone) }
            }
        }
        return zonesBeside(hinted)
    }
}
