internal import KubeObjects

extension NodePlan {
    /// Why programming the plan would cause an outage on a working host.
    ///
    /// - Parameters:
    ///   - losing: the number of Service ports that have endpoints on the host now and would have none.
    ///   - count: the number of those that have any now.
    /// - Returns: sentences; none if there is no such risk.
    func outageRisks(losing: Int, of count: Int) -> [String] {
        if snapshot.services.isEmpty {
            return ["the snapshot has no Service: every rule for Services would go"]
        }
        if snapshot.endpointSlices.isEmpty {
            return [
                "the snapshot has no EndpointSlice: every Service would refuse connections; "
                    + "was 'endpointslices' left out of the kubectl line?"
            ]
        }
        guard losing * 2 > count else { return [] }
        return [
            "\(losing) of the \(count) Service ports that have endpoints on this host now would have none with this snapshot"
        ]
    }
}
