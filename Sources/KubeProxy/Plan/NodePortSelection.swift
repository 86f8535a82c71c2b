internal import NetAddress

/// Which of the host's addresses take node ports (`pkg/proxy/util/nodeport_addresses.go`, and up to 1.26
/// `GetNodeAddresses` of `pkg/proxy/util/utils.go`).
struct NodePortSelection {
    let nodePorts: NodeFacts.NodePorts
    /// Whether loopback is an address like others.
    let allowsLoopback: Bool
    /// Whether node ports are to answer on 127.0.0.1, as the option says and the ranges allow.
    let hasLocalhost: Bool
    /// Whether node ports have rules at all.
    let hasRules: Bool

    /// - Parameters:
    ///   - nodeIPs: the node's addresses, for the word `primary`.
    ///   - host: the addresses of the host's interfaces of the family.
    init(_ settings: ProxySettings, _ nodeIPs: [IPAddress], _ host: [IPAddress], _ behaviors: ProxyBehaviors) {
        let family = settings.family
        var ranges: [IPPrefix]
        switch settings.nodePortAddresses {
        case .ranges(let given): ranges = given
        // Only a mode that looks at them itself takes them.
        case .entries: ranges = []
        case .primary: ranges = nodeIPs.filter { !$0.isLoopback }.map(IPPrefix.init(single:))
        }
        let zero = IPPrefix.all(family)
        ranges = ranges.filter { $0.family == family }
        let matchesAll = settings.nodePortRangesMeanAll(behaviors) || ranges.isEmpty
        if ranges.isEmpty { ranges = [zero] }

        // Those after the first range of length 0 do not matter.
        let firstZero = ranges.firstIndex { $0.length == 0 }
        let loopback = IPAddress(ipv4: 0x7F00_0000)
        let holdsLoopback = ranges[...(firstZero ?? ranges.count - 1)].contains {
            $0.network.isLoopback || $0.contains(loopback)
        }
        hasLocalhost = settings.localhostNodePorts && family == .ipv4 && holdsLoopback
        let takesLoopback: Bool
        if !behaviors.contains(.localhostNodePortsOption) {
            takesLoopback = true
        } else if !behaviors.contains(.loopbackGuard) {
            takesLoopback = settings.localhostNodePorts && family == .ipv4
        } else {
            takesLoopback = hasLocalhost
        }
        allowsLoopback = takesLoopback

        if behaviors.contains(.zeroPrefixListsNoAddress) { ranges.removeAll { $0.length == 0 } }
        let selected = matchesAll ? [] : host.filter { address in ranges.contains { $0.contains(address) } }
        hasRules = matchesAll || !selected.isEmpty || !behaviors.contains(.nodePortsNeedAddress)
        nodePorts = matchesAll ? .allAddresses : .addresses(selected.filter { takesLoopback || !$0.isLoopback })
    }
}

extension ProxySettings {
    /// Whether one of the ranges of node-port addresses stands for all addresses of the family.
    ///
    /// Up to 1.33 a range of length 0 does only if it is spelled `0.0.0.0/0` or `::/0`.
    func nodePortRangesMeanAll(_ behaviors: ProxyBehaviors) -> Bool {
        guard case .ranges(let ranges) = nodePortAddresses else { return false }
        return ranges.indices.contains { index in
            guard ranges[index].family == family, ranges[index].length == 0 else { return false }
            if behaviors.contains(.anyZeroPrefixTakesNodePorts) { return true }
            let text = ProxySettings.text(of: ranges[index], at: index, in: nodePortAddressTexts)
            return text == IPPrefix.all(family).description
        }
    }
}
