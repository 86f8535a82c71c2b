internal import Iptables
internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress

/// `diff --all-nodes`: two snapshots, node by node, with differences grouped over nodes.
extension DiffOptions {
    func compareAllNodes(_ sources: [SnapshotSource], _ console: Console) throws(CommandFailure) -> ExitCode {
        guard sources.allSatisfy(\.isSnapshot) else {
            throw DiffOptions.usage(
                "--all-nodes compares two snapshots; rules are those of one node, which 'audit --all-nodes' takes of many"
            )
        }
        guard output.form != .unified, !comparesFlows else {
            throw DiffOptions.usage(
                "\(comparesFlows ? "--flows" : "-o unified") is about one node, and not for --all-nodes")
        }
        let expected = try readSnapshot([sources[0]])
        try expected.requireObjects(in: sources[0].name)
        let actual = try readSnapshot([sources[1]])
        try actual.requireObjects(in: sources[1].name)
        let mode = expected.settings.mode
        guard mode == actual.settings.mode else {
            throw .input(
                "error: EXPECTED is of mode \(mode.rawValue), ACTUAL of \(actual.settings.mode.rawValue); "
                    + "give --proxy-mode to say which rules are compared")
        }
        let left = try expected.allNodesPlans(shaping.family, .all)
        let right = try actual.allNodesPlans(shaping.family, .all)
        let names = (Set(expected.snapshot.nodes.map(\.name.text)), Set(actual.snapshot.nodes.map(\.name.text)))
        let scope = try scope([expected.snapshot, actual.snapshot], others: [])
        // Nodes of one side only have nothing to be compared with.
        let common = shard.of(names.0.intersection(names.1).sorted())
        var found: [[DiffNodesReport.Node]] = common.map { _ in [] }
        for family in AddressFamily.allCases {
            let (one, other) = (left.of(family), right.of(family))
            guard one != nil || other != nil else { continue }
            let sides = (one ?? expected.plans(family, .all), other ?? actual.plans(family, .all))
            for (index, node) in try compare(common, sides.0, sides.1, family, scope).enumerated() {
                found[index].append(node)
            }
        }
        System.keep((expected, actual, left, right))
        console.say(expected.diagnostics(of: left) + actual.diagnostics(of: right))
        let report = DiffNodesReport(
            found.flatMap(\.self), onlyExpected: shard.of(names.0.subtracting(names.1).sorted()),
            onlyActual: shard.of(names.1.subtracting(names.0).sorted()))
        let text =
            switch output.form {
            case _ where isQuiet: ""
            case .json: report.json
            case .jsonl: report.jsonLines
            case .junit, .sarif, .github:
                report.findings(
                    actual: ComparedInput(sources[1].name, actual.snapshot, places: report.services),
                    version: Tool.number
                ).text(output.form, of: sources[1].name) ?? ""
            default: report.text(isBrief: isBrief, isStatistics: isStatistics, output.style)
            }
        try OutputFile.write(text, to: output.file)
        return report.isSame ? .success : .findings
    }

    /// Compares Nodes in one family. Of Nodes whose digests are equal on each side only one is compared.
    ///
    /// - Parameter names: Nodes that both sides have, by name.
    private func compare(
        _ names: [String], _ expected: AllNodesPlan, _ actual: AllNodesPlan, _ family: AddressFamily,
        _ scope: ServiceScope
    ) throws(CommandFailure) -> [DiffNodesReport.Node] {
        typealias Pair = (expected: AllNodesPlan.Member, actual: AllNodesPlan.Member)
        let (left, right) = (expected.digests, actual.digests)
        var pairs: [Pair] = []
        var positions: [[RulesDigest]: Int] = [:]
        let nodes = names.compactMap { name -> (pair: Pair, position: Int?)? in
            guard let one = left[name], let other = right[name] else { return nil }
            let pair = (one.member, other.member)
            if one.digest == other.digest { return (pair, nil) }
            let key = [one.digest, other.digest]
            if let known = positions[key] { return (pair, known) }
            positions[key] = pairs.count
            pairs.append(pair)
            return (pair, pairs.count - 1)
        }
        let compared = System.workers.map(pairs) { pair in
            Result { () throws(SnapshotError) in
                try comparison(try expected.plan(of: pair.expected), try actual.plan(of: pair.actual), scope)
            }
        }
        var comparisons: [DiffNodesReport.Comparison] = []
        for result in compared {
            comparisons.append(try input { () throws(SnapshotError) in try result.get() })
        }
        return zip(names, nodes).map { name, node in
            let versions = ComparedVersions(
                expected: expected.version(of: node.pair.expected), actual: actual.version(of: node.pair.actual))
            return .init(name, family, versions, node.position.map { comparisons[$0] })
        }
    }

    private func comparison(
        _ expected: NodePlan, _ actual: NodePlan, _ scope: ServiceScope
    ) throws(SnapshotError) -> DiffNodesReport.Comparison {
        switch expected.settings.mode {
        case .nftables:
            let tables = (try NftablesPlan(expected).table, try NftablesPlan(actual).table)
            let comparison = NftablesComparison(
                expected: tables.0, actual: tables.1, isStrict: isStrict, ignoresEndpoints: ignoresEndpoints)
            return .nftables(narrowed(comparison, scope))
        case .iptables, .ipvs:
            let comparison = RuleComparison(
                expected: .init(IptablesPlan(expected), keepsComments: isStrict),
                actual: .init(IptablesPlan(actual), keepsComments: isStrict), isStrict: isStrict)
            return .iptables(narrowed(comparison, scope))
        }
    }
}

extension AllNodesPlan {
    /// What decides each Node's rules, in short.
    fileprivate var digests: [String: (member: Member, digest: RulesDigest)] {
        Dictionary(uniqueKeysWithValues: zip(members, nodeRules()).map { ($0.name, ($0, $1.digest)) })
    }
}

extension [AllNodesPlan] {
    /// The plan of a family; nil: it is not wanted, or no Service has that family.
    fileprivate func of(_ family: AddressFamily) -> AllNodesPlan? {
        first { $0.clusters.first?.settings.family == family }
    }
}
