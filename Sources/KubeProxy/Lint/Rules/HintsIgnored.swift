internal import KubeChainsBytes
internal import KubeObjects

extension LintRule {
    static let hintsIgnored = LintRule(
        name: "hints-ignored", severity: .warning,
        explanation:
            "kube-proxy follows the hints of endpoints only if every ready endpoint has some and one is for its own node or "
            + "zone; otherwise traffic goes to all endpoints, across zones. Only information where hints are whole, but "
            + "none is for some zones or nodes, as is usual where a zone has no endpoint.",
        remedy:
            "see why the control plane left hints out: too few endpoints for the zones, or slices that it did not write"
    ) { subject, report in
        for port in subject.plan.servicePorts where port.usesClusterPolicy && !port.countedHints.isEmpty {
            let hints = HintSummary(port, subject)
            guard hints.hinted > 0 else { continue }
            if !hints.allHaveZones, !hints.allHaveNodes {
                report.add(
                    .port(port),
                    hints.hinted < hints.ready
                        ? "\(hints.ready - hints.hinted) of \(hints.ready) ready endpoints lack hints, so that all hints "
                            + "are ignored"
                        : hints.zones.isEmpty && !port.countedHints.contains(.nodes)
                            ? "its endpoints are hinted by node only, which kube-proxy "
                                + "\(subject.plan.version.version) ignores"
                            : "some ready endpoints are hinted by zone only and others by node only, so that all hints are "
                                + "ignored")
                continue
            }
            if hints.allHaveZones {
                let zones = subject.zonesWithout(hints)
                guard zones.count > 0 else { continue }
                report.add(
                    .port(port),
                    "no endpoint is hinted for \(zones.count == 1 ? "zone" : "zones") \(listed(zones.examples, of: zones.count)); "
                        + "nodes there use all endpoints",
                    .info)
            } else {
                let nodes = subject.membersBeside(hints.nodes)
                guard nodes.count > 0 else { continue }
                report.add(
                    .port(port),
                    "no endpoint is hinted for \(listed(nodes.examples, of: nodes.count)), which "
                        + "\(nodes.count == 1 ? "uses" : "use") all endpoints",
                    .info)
            }
        }
    }
}
