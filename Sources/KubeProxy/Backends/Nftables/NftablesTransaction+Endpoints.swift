internal import KubeChainsBytes
internal import NetAddress
internal import Nftables

/// The rules that lead to the endpoints of a Service port.
extension NftablesTransaction {
    mutating func writePolicyChain(
        _ kind: NftablesChainKind, _ port: ServicePortPlan, _ names: NftablesNames
    ) {
        let count = kind == .localPolicy ? port.localCount : port.clusterCount
        func isUsed(_ endpoint: PlannedEndpoint) -> Bool {
            (kind == .localPolicy ? endpoint.localUse : endpoint.clusterUse).isUsed
        }
        guard hasEndpointChains(port) else {
            return writeEndpointMap(kind, count, port, names)
        }
        if port.affinitySeconds != nil {
            for endpoint in port.endpoints where isUsed(endpoint) {
                beginRule(kind, names)
                output.text.append(family)
                output.text.append(" saddr @")
                appendEndpointName("affinity-", endpoint, names)
                output.text.append(" goto ")
                appendEndpointName("endpoint-", endpoint, names)
                output.end()
            }
        }
        beginRule(kind, names)
        output.text.append("numgen random mod ")
        output.text.append(decimal: UInt64(count))
        output.text.append(" vmap { ")
        var number: UInt64 = 0
        for endpoint in port.endpoints where isUsed(endpoint) {
            if number > 0 { output.text.append(" , ") }
            output.text.append(decimal: number)
            output.text.append(" : goto ")
            appendEndpointName("endpoint-", endpoint, names)
            number += 1
        }
        output.text.append(" }")
        output.end()
    }

    /// The rule that translates to one of the endpoints.
    private mutating func writeEndpointMap(
        _ kind: NftablesChainKind, _ count: Int, _ port: ServicePortPlan, _ names: NftablesNames
    ) {
        let isLocal = kind == .localPolicy
        beginRule(kind, names)
        output.text.append("meta l4proto ")
        output.text.append(port.name.transport.name)
        if count == 1, state.behaviors.contains(.nftablesSingleEndpoint) {
            output.text.append(" dnat to ")
            for endpoint in port.endpoints where (isLocal ? endpoint.localUse : endpoint.clusterUse).isUsed {
                output.text.append(endpoint.text)
            }
            return output.end()
        }
        output.text.append(" dnat ")
        output.text.append(family)
        output.text.append(" addr . port to numgen random mod ")
        output.text.append(decimal: UInt64(count))
        output.text.append(" map { ")
        var number: UInt64 = 0
        for endpoint in port.endpoints where (isLocal ? endpoint.localUse : endpoint.clusterUse).isUsed {
            if number > 0 { output.text.append(" , ") }
            output.text.append(decimal: number)
            output.text.append(" : ")
            output.text.append(endpoint.address.text)
            output.text.append(" . ")
            output.text.append(decimal: UInt64(endpoint.port))
            number += 1
        }
        output.text.append(" }")
        output.end()
    }

    mutating func writeEndpointChain(
        _ endpoint: PlannedEndpoint, _ port: ServicePortPlan, _ names: NftablesNames
    ) {
        func begin(_ transaction: inout NftablesTransaction) {
            transaction.output.begin(.addRule)
            transaction.appendEndpointName("endpoint-", endpoint, names)
            transaction.output.text.append(" ")
        }
        if !state.behaviors.contains(.nftablesEndpointMaps) {
            begin(&self)
            output.text.append(family)
            output.text.append(" saddr ")
            output.text.append(endpoint.address.text)
            output.text.append(" jump mark-for-masquerade")
            output.end()
        }
        if port.affinitySeconds != nil {
            begin(&self)
            output.text.append("update @")
            appendEndpointName("affinity-", endpoint, names)
            output.text.append(" { ")
            output.text.append(family)
            output.text.append(" saddr }")
            output.end()
        }
        begin(&self)
        output.text.append("meta l4proto ")
        output.text.append(port.name.transport.name)
        output.text.append(" dnat to ")
        output.text.append(endpoint.text)
        output.end()
    }
}
