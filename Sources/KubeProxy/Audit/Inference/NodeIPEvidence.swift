internal import Iptables
internal import NetAddress

/// What a node's iptables rules show of the node's IP: a source range that holds it lets the load balancer's own address in
/// too, so that the node reaches the load balancer.
struct NodeIPEvidence {
    private struct Entry: Hashable {
        let ranges: [IPPrefix]
        /// Whether the rules take the node's IP to be in one of the ranges.
        let isShown: Bool
    }

    /// How many Service ports show the same.
    private var entries: [Entry: Int] = [:]

    init(_ iptables: IptablesPlan, _ live: ChainsByName) {
        for port in iptables.plan.servicePorts where !port.sourceRanges.isEmpty && !port.loadBalancerIPs.isEmpty {
            let own = port.loadBalancerIPs.map { IPPrefix(single: $0) }
            // The same rule would stand there for the range.
            guard !own.contains(where: port.sourceRanges.contains) else { continue }
            let rules = live.rules("nat", iptables.chains(of: port).sourceRanges.description)
            guard !rules.isEmpty else { continue }
            let sources = rules.compactMap { $0.source?.prefix }
            let isShown = own.contains(where: sources.contains)
            entries[Entry(ranges: port.sourceRanges, isShown: isShown), default: 0] += 1
        }
    }

    /// How many Service ports show another IP.
    func misfit(_ address: IPAddress) -> Int {
        entries.reduce(0) { $0 + (fits(address, $1.key) ? 0 : $1.value) }
    }

    /// Whether a range lets the node in that does not hold the address.
    func showsMore(than address: IPAddress) -> Bool {
        entries.keys.contains { $0.isShown && !fits(address, $0) }
    }

    var isEmpty: Bool { entries.isEmpty }

    private func fits(_ address: IPAddress, _ entry: Entry) -> Bool {
        entry.ranges.contains { $0.contains(address) } == entry.isShown
    }
}
