internal import KubeChainsBytes
internal import KubeObjects

extension LintRule {
    static let duplicateEndpoint = LintRule(
        name: "duplicate-endpoint", severity: .info,
        explanation:
            "An endpoint is listed more than once, mostly in two EndpointSlices while the control plane moves it. "
            + "kube-proxy counts it once. Where the entries differ, which of them counts may change with every sync.",
        remedy: "nothing, if it goes away; otherwise find who else writes EndpointSlices for the Service"
    ) { subject, report in
        for port in subject.plan.servicePorts where !port.duplicates.isEmpty {
            let slices = Set(port.duplicates.map { subject.snapshot.endpointSlices[Int($0.slice)].name }).sorted()
            report.add(
                .port(port),
                "\(counted(port.duplicates.count, "endpoint")) of "
                    + "\(listed(Array(slices.prefix(LintSubject.exampleLimit)), of: slices.count)) "
                    + "\(port.duplicates.count == 1 ? "is" : "are") listed once more; each counts once")
        }
    }
}
