internal import Iptables

/// The chains of unchanged Service ports, composed when one is asked for. Those of the last port are kept: who asks for one of
/// them asks for others.
final class ComposedChains {
    private let unchanged: UnchangedServices
    private var port = -1
    private var chains: [String: Chain] = [:]

    init(_ unchanged: UnchangedServices) { self.unchanged = unchanged }

    /// Whether a table has a chain.
    func has(_ table: String, _ name: String) -> Bool { table == "nat" && unchanged.port(ofChain: name) != nil }

    /// A chain of a table; nil: none of these ports has it.
    func chain(_ table: String, _ name: String) -> Chain? {
        guard table == "nat", let found = unchanged.port(ofChain: name) else { return nil }
        if found != port {
            port = found
            chains = [:]
            for chain in unchanged.readChains(of: found) { chains[chain.name] = chain }
        }
        return chains[name]
    }
}
