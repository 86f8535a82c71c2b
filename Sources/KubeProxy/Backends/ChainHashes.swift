internal import KubeChainsBytes
internal import NetAddress

/// The hashes in the names of a plan's chains.
struct ChainHashes: Sendable {
    /// By the Service ports' positions.
    private(set) var ports: [ChainHash] = []
    /// By the endpoints' positions; those for which no chain is written have none.
    private(set) var endpoints: [ChainHash] = []

    /// The number of Service ports from which on half of them are worth a thread.
    private static let shareThreshold = 200

    /// None, where no name is asked for.
    init() {}

    init(_ plan: NodePlan, _ naming: some ChainNaming, _ workers: Workers?) {
        let ports = plan.servicePorts
        guard let workers, ports.count >= ChainHashes.shareThreshold else {
            self.init(ports, ports.indices, naming)
            return
        }
        let middle = ports.count / 2
        let latter: ChainHashes
        (latter, self) = workers.both(
            { ChainHashes(ports, middle..<ports.count, naming) }, { ChainHashes(ports, 0..<middle, naming) })
        self.ports += latter.ports
        endpoints += latter.endpoints
    }

    private init(_ plans: ServicePortPlans, _ range: Range<Int>, _ naming: some ChainNaming) {
        let start = plans.firstEndpoint(of: range.lowerBound)
        let end = plans.firstEndpoint(of: range.upperBound)
        // There is room for those of the other half.
        ports.reserveCapacity(plans.count)
        ports.append(contentsOf: repeatElement(ChainHash(), count: range.count))
        endpoints.reserveCapacity(plans.firstEndpoint(of: plans.count))
        endpoints.append(contentsOf: repeatElement(ChainHash(), count: end - start))
        var hasher = ChainHasher()
        let hasTexts = !plans.addressTexts.isEmpty
        // Whose names are in the hasher's lanes: an endpoint's position, or -1 for the Service port.
        var owners = InlineArray<4, Int>(repeating: -1)
        for index in range {
            func name(_ hashes: inout ChainHashes) {
                let count = hasher.count
                let found = hasher.finish()
                for lane in 0..<count {
                    if owners[lane] < 0 {
                        hashes.ports[index - range.lowerBound] = found[lane]
                    } else {
                        hashes.endpoints[owners[lane] - start] = found[lane]
                    }
                }
            }
            let port = plans[index]
            hasher.begin(port, naming)
            owners[0] = -1
            hasher.add()
            if naming.namesEndpoints(of: port) {
                for endpoint in port.endpoints where endpoint.isReachable {
                    if hasTexts, let text = naming.spelledText(of: endpoint, of: port) {
                        endpoints[endpoint.index - start] = hasher.hash(of: text)
                        continue
                    }
                    owners[hasher.count] = endpoint.index
                    hasher.add(naming.text(of: endpoint))
                    if hasher.isFull { name(&self) }
                }
            }
            if hasher.count > 0 { name(&self) }
        }
    }
}
