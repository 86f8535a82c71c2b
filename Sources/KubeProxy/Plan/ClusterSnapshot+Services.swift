internal import KubeChainsJSON
internal import KubeObjects

extension ClusterSnapshot {
    /// Some Services with their slices, and all Nodes and ServiceCIDRs.
    ///
    /// - Parameter names: each `namespace/name`.
    /// - Throws: ``SnapshotError``, which a snapshot that was read does not.
    func limited(to names: Set<String>) throws(SnapshotError) -> ClusterSnapshot {
        try ClusterSnapshot(
            services: services.filter { names.contains($0.qualifiedName) },
            endpointSlices: endpointSlices.filter { slice in
                slice.serviceName.map { names.contains("\(slice.namespace)/\($0)") } ?? false
            },
            nodes: nodes, serviceCIDRs: serviceCIDRs)
    }
}
