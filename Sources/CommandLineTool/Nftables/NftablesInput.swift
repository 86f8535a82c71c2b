internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

/// One side of a comparison in nftables mode, read: a snapshot with its plan, or what is in a table.
struct NftablesInput {
    let table: NftTable
    /// The version of kube-proxy whose rules a snapshot was planned for; nil for rules.
    var version: VersionChoice?
    /// Diagnostics of reading and planning a snapshot.
    let diagnostics: [Diagnostic]
    /// The snapshot; nil: it is rules.
    var snapshot: ClusterSnapshot?

    /// Reads both sides of a comparison.
    static func readPair(
        _ sources: [SnapshotSource], _ options: DiffOptions
    ) throws(CommandFailure) -> (NftablesInput, NftablesInput) {
        var tables: [[NftTable]?] = []
        for source in sources { tables.append(try source.nftablesTables()) }
        let present = tables.compactMap(\.self).joined().compactMap(\.familyOfKubeProxy)
        let family = options.shaping.family ?? present.first ?? .ipv4
        var inputs: [NftablesInput] = []
        for (source, tables) in zip(sources, tables) {
            inputs.append(try read(source, tables, family, options))
        }
        return (inputs[0], inputs[1])
    }

    private static func read(
        _ source: SnapshotSource, _ tables: [NftTable]?, _ family: AddressFamily, _ options: DiffOptions
    ) throws(CommandFailure) -> NftablesInput {
        if let tables {
            guard let table = tables.first(where: { $0.isKubeProxys(family) }) else {
                let name = NftablesHostState.tableName
                throw .input("\(source.name): error: there is no table \(family.keyword) \(name)")
            }
            return NftablesInput(table: table, diagnostics: [])
        }
        guard source.looksLikeJSON else {
            throw .input(
                "\(source.name): error: these are no rules of nftables; "
                    + "expected a snapshot, or what 'nft list ruleset' or 'render' prints in nftables mode")
        }
        var prepared = try options.readSnapshot([source])
        try prepared.requireObjects(in: source.name)
        prepared.settings.family = family
        prepared.settings.mode = .nftables
        let plan = try prepared.nftablesPlan()
        return NftablesInput(
            table: plan.table, version: plan.plan.version,
            diagnostics: prepared.diagnostics + prepared.snapshot.diagnostics(.warning, plan.plan.warnings)
                + prepared.snapshot.diagnostics(.notice, plan.notices),
            snapshot: prepared.snapshot)
    }
}

extension NftTable {
    /// The family of which it is kube-proxy's table; nil: it is another program's.
    var familyOfKubeProxy: AddressFamily? { AddressFamily.allCases.first(where: isKubeProxys) }
}

/// The forms in which nft writes and takes tables.
enum NftablesText {
    case listing, commands, json
}

extension SnapshotSource {
    /// The form of a text of nftables; nil: it is something else.
    var nftablesText: NftablesText? {
        if looksLikeJSON { return isNftablesJSON ? .json : nil }
        var index = 0
        // Remarks and blank lines come before.
        while index < count {
            if bytes[index] == UInt8(ascii: "#") {
                index = bytes.firstIndex(of: UInt8(ascii: "\n"), from: index) ?? count
            } else if bytes[index] > 0x20 {
                break
            } else {
                index += 1
            }
        }
        let rest = bytes.dropFirst(index)
        if rest.hasPrefix("table ") { return .listing }
        for verb: StaticString in ["add ", "flush ", "delete ", "create ", "destroy "] where rest.hasPrefix(verb) {
            return .commands
        }
        return nil
    }

    /// Whether an object's first key is that of nft's JSON.
    private var isNftablesJSON: Bool {
        guard let brace = bytes.firstIndex(of: UInt8(ascii: "{")),
            let quote = bytes.firstIndex(of: UInt8(ascii: "\""), from: brace)
        else { return false }
        return bytes.dropFirst(quote).hasPrefix("\"nftables\"")
    }

    /// The tables of a text of nftables.
    func requireNftablesTables() throws(CommandFailure) -> [NftTable] {
        if let tables = try nftablesTables() { return tables }
        throw .input(
            "\(name): error: these are no rules of nftables; expected what 'nft list ruleset' or 'nft list table' prints"
        )
    }

    /// The tables of a text of nftables; nil: it is something else.
    func nftablesTables() throws(CommandFailure) -> [NftTable]? {
        guard let form = nftablesText else { return nil }
        let text = unsafe bytes.withBytes { unsafe Array($0) }
        do throws(NftError) {
            switch form {
            case .listing: return try NftTable.tables(fromListing: text)
            case .commands: return try NftTable.tables(fromCommands: text)
            case .json: return try NftTable.tables(fromJSON: text)
            }
        } catch {
            throw .input("\(name):\(error.line): error: \(error.message)")
        }
    }
}
