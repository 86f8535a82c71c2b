internal import KubeObjects

extension LintRule {
    static let sliceOfNames = LintRule(
        name: "slice-of-names", severity: .warning,
        explanation:
            "An EndpointSlice has another addressType than IPv4 and IPv6, such as FQDN. kube-proxy does not read it, so that "
            + "its endpoints get no connections.",
        remedy: "use a Service of type ExternalName, or write the addresses into a slice of addressType IPv4 or IPv6"
    ) { subject, report in
        for slice in subject.snapshot.endpointSlices where slice.family == nil && slice.serviceName != nil {
            let count = slice.endpoints.count
            guard count > 0 else { continue }
            report.add(
                .slice(slice),
                "its addressType is neither IPv4 nor IPv6, so that kube-proxy does not read it; its "
                    + (count == 1 ? "endpoint gets" : "\(count) endpoints get") + " no connections")
        }
    }
}
