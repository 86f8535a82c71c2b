internal import KubeChainsBytes
public import NetAddress
public import Nftables

/// What a host has of kube-proxy in nftables mode, current or wanted: a table for each family, and sysctls.
public struct NftablesHostState: HostState {
    /// The table of one family.
    public struct Part: Sendable {
        /// The family.
        public let family: AddressFamily
        /// The table; nil: there is none.
        public var table: NftTable?

        /// A family with its table.
        public init(_ family: AddressFamily, _ table: NftTable?) {
            self.family = family
            self.table = table
        }
    }

    /// The parts, in a fixed order.
    public var parts: [Part]
    /// Sysctls that matter.
    public var sysctls: [HostStep.Sysctl]

    /// The name of the table, in the family `ip` or `ip6`.
    public static let tableName = "kube-proxy"

    /// A state of these parts.
    public init(parts: [Part], sysctls: [HostStep.Sysctl] = []) {
        self.parts = parts
        self.sysctls = sysctls
    }

    /// One transaction for all families, then the sysctls that differ.
    public func steps(to wanted: NftablesHostState) -> [HostStep] { steps(to: wanted, changes(to: wanted)) }

    /// The same where it is known what differs.
    package func steps(
        to wanted: NftablesHostState, _ all: [(family: AddressFamily, changes: TableChanges)]
    ) -> [HostStep] {
        var steps: [HostStep] = []
        let changes = all.filter { !$0.changes.isEmpty }
        if !changes.isEmpty {
            steps.append(
                HostStep(
                    name: "nftables",
                    summary: changes.map { "\($0.family.name): \($0.changes.summary)" }.joined(separator: "; "),
                    work: .run(.nft, ["-f", "-"], input: changes.map(\.changes.text).joined()), family: nil))
        }
        for sysctl in wanted.sysctls {
            guard let present = sysctls.first(where: { $0.name == sysctl.name }), present != sysctl else { continue }
            steps.append(
                HostStep(
                    name: "sysctl \(sysctl.name)", summary: "\(present.value) -> \(sysctl.value)",
                    work: .write(sysctl), family: nil))
        }
        return steps
    }

    /// What differs by family.
    public func changes(to wanted: NftablesHostState) -> [(family: AddressFamily, changes: TableChanges)] {
        zip(parts, wanted.parts).map { ($0.family, TableChanges(from: $0.table, to: $1.table)) }
    }
}

extension NftTable {
    /// Whether it has the name and family of kube-proxy's table of a family.
    public func isKubeProxys(_ family: AddressFamily) -> Bool {
        name == NftablesHostState.tableName && self.family == family.keyword
    }

    /// Whether kube-proxy's table is one that another program has made: it has chains, but none of those by which
    /// kube-proxy leads packets to Services.
    public var isOfAnotherProgram: Bool {
        !chains.isEmpty && self[chain: "services"] == nil && comment != "rules for kube-proxy"
    }

    /// Whether a process holds the table for itself: nobody else can change it (nft(8), `flags owner`).
    public var hasOwner: Bool { flags.contains("owner") }

    /// The kinds of Service ports' chains with rules, by what their names end with.
    fileprivate var servicesWithEndpoints: Set<Substring> {
        var names: Set<Substring> = []
        for chain in chains where !chain.rules.isEmpty {
            guard chain.name.contains(where: { $0 == "/" }) else { continue }
            for prefix in ["service-", "local-"] where chain.name.hasPrefix(prefix) {
                names.insert(chain.name.dropFirst(prefix.count))
            }
        }
        return names
    }
}

extension NftablesPlan {
    /// Why the plan's table would cause an outage on a working host: its snapshot is probably incomplete.
    ///
    /// - Parameters:
    ///   - live: the host's present table.
    ///   - wanted: the plan's.
    /// - Returns: sentences; none if there is no such risk.
    public func outageRisks(replacing live: NftTable, with wanted: NftTable) -> [String] {
        let served = live.servicesWithEndpoints
        return plan.outageRisks(losing: served.subtracting(wanted.servicesWithEndpoints).count, of: served.count)
    }
}

extension TableChanges {
    /// Such as `139 chains and 389 rules written, 17 elements added`.
    public var summary: String {
        var parts: [String] = []
        if writtenChains > 0 {
            parts.append("\(counted(writtenChains, "chain")) and \(counted(writtenRules, "rule")) written")
        }
        if addedSets > 0 { parts.append("\(counted(addedSets, "set")) made") }
        if addedElements > 0 { parts.append("\(counted(addedElements, "element")) added") }
        if deletedElements > 0 { parts.append("\(counted(deletedElements, "element")) deleted") }
        if deletedChains > 0 { parts.append("\(counted(deletedChains, "chain")) deleted") }
        if deletedSets > 0 { parts.append("\(counted(deletedSets, "set")) deleted") }
        if deletesTable { parts.insert("the table deleted", at: 0) }
        if keptElements > 0 { parts.append("\(counted(keptElements, "element")) of session affinity kept") }
        return parts.isEmpty ? "nothing to change" : parts.joined(separator: ", ")
    }
}
