internal import Iptables
internal import NetAddress

/// The destinations that packets to Services have at a hook, for finding those that a rule names.
struct ServiceTargets {
    struct Target: Hashable {
        let address: IPAddress
        let port: UInt16
        /// The Service port's position in the plan.
        let servicePort: Int
        let transport: TransportProtocol
        let kind: ForeignRule.TakenPackets
    }

    /// Sorted by address.
    private let targets: [Target]
    /// The positions of the targets with each port.
    private let byPort: [UInt16: [Int]]
    /// The positions of targets by their Service ports.
    private let inOrder: [Int]

    /// How many targets that a rule's address and port select are looked at.
    private static let limit = 512

    init(_ all: [Target]) {
        targets = all.sorted {
            ($0.address.number, $0.servicePort, $0.port) < ($1.address.number, $1.servicePort, $1.port)
        }
        var byPort: [UInt16: [Int]] = [:]
        for (index, target) in targets.enumerated() { byPort[target.port, default: []].append(index) }
        self.byPort = byPort
        let sorted = targets
        inOrder = sorted.indices.sorted { (sorted[$0].servicePort, $0) < (sorted[$1].servicePort, $1) }
    }

    var isEmpty: Bool { targets.isEmpty }

    /// The targets that a rule's destination, protocol and port allow, by Service port; at most a few.
    func candidates(_ rule: Rule) -> [Target] {
        var destinations: [ClosedRange<UInt128>]?
        if let match = rule.destination, !match.isNegated, let prefix = match.prefix {
            destinations = [prefix.first...prefix.last]
        }
        return candidates(in: destinations, ports: rule.destinationPort.map { [$0] }) { $0.fits(rule) }
    }

    /// The targets at addresses and ports that fit, by Service port; at most a few.
    ///
    /// - Parameters:
    ///   - destinations: ranges of addresses as numbers; nil: all addresses.
    ///   - ports: nil: all ports.
    func candidates(
        in destinations: [ClosedRange<UInt128>]?, ports: [UInt16]?, where fits: (Target) -> Bool
    ) -> [Target] {
        var found: [Int] = []
        for position in select(destinations, ports) where fits(targets[position]) {
            found.append(position)
            if found.count == 16 { break }
        }
        return found.map { targets[$0] }.sorted { $0.servicePort < $1.servicePort }
    }

    /// The fewest positions that can be told by one of the conditions.
    private func select(_ destinations: [ClosedRange<UInt128>]?, _ ports: [UInt16]?) -> [Int] {
        var best: [Int]?
        if let destinations {
            var known: [Int] = []
            for range in destinations where known.count <= ServiceTargets.limit { known += positions(in: range) }
            if known.count <= ServiceTargets.limit { best = known }
        }
        if let ports {
            let known = ports.flatMap { byPort[$0] ?? [] }
            if known.count < best?.count ?? .max { best = known }
        }
        return Array((best ?? inOrder).prefix(ServiceTargets.limit))
    }

    /// The positions of the targets in an address range.
    private func positions(in range: ClosedRange<UInt128>) -> Range<Int> {
        var (low, high) = (0, targets.count)
        while low < high {
            let middle = (low + high) / 2
            if targets[middle].address.number < range.lowerBound { low = middle + 1 } else { high = middle }
        }
        let start = low
        high = targets.count
        while low < high {
            let middle = (low + high) / 2
            if targets[middle].address.number <= range.upperBound { low = middle + 1 } else { high = middle }
        }
        return start..<low
    }
}

extension ServiceTargets.Target {
    /// Whether the rule's destination and protocol allow the target.
    fileprivate func fits(_ rule: Rule) -> Bool {
        if let match = rule.destination, !match.contains(address) { return false }
        if let match = rule.protocol {
            let number = transport.number
            if (match.number == number) == match.isNegated { return false }
        }
        guard let single = rule.destinationPort else { return true }
        return single == port
    }
}
