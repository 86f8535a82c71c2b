internal import NetAddress
internal import Nftables

/// A table with the places of its chains and sets, for single look-ups.
struct NftablesTableIndex {
    let table: NftTable
    private let chains: [String: Int]
    private let sets: [String: Int]

    init(_ table: NftTable) {
        self.table = table
        chains = Dictionary(table.chains.indices.map { (table.chains[$0].name, $0) }) { first, _ in first }
        sets = Dictionary(table.sets.indices.map { (table.sets[$0].name, $0) }) { first, _ in first }
    }

    func chain(_ name: String) -> NftChain? { chains[name].map { table.chains[$0] } }
    func rules(_ name: String) -> [NftRule] { chain(name)?.rules ?? [] }
    func has(_ chain: String) -> Bool { chains[chain] != nil }
    func set(_ name: String) -> NftSet? { sets[name].map { table.sets[$0] } }
    func elements(_ name: String) -> [NftElement] { set(name)?.elements ?? [] }

    /// The endpoint that an endpoint's chain translates to.
    func endpoint(ofChain name: String, transport: String) -> EndpointReference {
        guard let chain = chain(name) else { return .missing(chain: name) }
        for rule in chain.rules {
            if case .translate(let endpoint) = NftablesRuleStep(rule, transport: transport) { return endpoint }
        }
        return .untranslated(chain: name)
    }

    /// The endpoints that a policy's chain leads to; nil where there is no such chain.
    func endpoints(ofPolicy name: String, transport: String) -> Set<EndpointReference>? {
        guard let chain = chain(name) else { return nil }
        var found: Set<EndpointReference> = []
        for rule in chain.rules {
            switch NftablesRuleStep(rule, transport: transport) {
            case .translate(let endpoint): found.insert(endpoint)
            case .balance(_, let choices):
                for choice in choices {
                    switch choice.target {
                    case .endpoint(let endpoint): found.insert(endpoint)
                    case .chain(let chain): found.insert(endpoint(ofChain: chain, transport: transport))
                    }
                }
            default: break
            }
        }
        return found
    }
}

/// What the chains of a Service port are for, by how their names begin.
enum NftablesChainRole: String, CaseIterable {
    case service, local, external, firewall, endpoint, affinity

    /// The role of a chain or set of a Service port; nil: it belongs to none.
    init?(name: String) {
        guard let end = name.firstIndex(of: "-"), ServicePortLabel(nftablesName: name) != nil else { return nil }
        self.init(rawValue: String(name[..<end]))
    }
}

extension NftElement {
    /// The first part of its key; a damaged text may have none.
    var firstKey: String { key.first ?? "" }

    /// The frontend that its key names, with an address or only as a node port; nil: it names none.
    var frontend: Frontend? { NftElement.frontend(key[...]) }

    /// Where a connection to itself goes that an element of `hairpin-connections` names: its source comes first.
    var hairpinTarget: Frontend? { key.count == 4 ? NftElement.frontend(key.dropFirst()) : nil }

    private static func frontend(_ parts: ArraySlice<String>) -> Frontend? {
        guard parts.count == 2 || parts.count == 3, let port = UInt16(parts[parts.endIndex - 1]),
            let transport = TransportProtocol(name: parts[parts.endIndex - 2])
        else { return nil }
        if parts.count == 2 { return Frontend(address: nil, port: port, transport: transport) }
        return IPAddress(parts[parts.startIndex]).map { Frontend(address: $0, port: port, transport: transport) }
    }

    /// The command that adds it.
    func command(_ table: NftTable, _ set: String) -> String {
        "add element \(table.family) \(table.name) \(set) { \(key.joined(separator: " . "))"
            + (data.map { " : \($0)" } ?? "") + " }"
    }
}

extension NftRule {
    /// The command that adds it.
    func command(_ table: NftTable, _ chain: String) -> String {
        "add rule \(table.family) \(table.name) \(chain) \(line)"
    }
}
