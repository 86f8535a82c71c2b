internal import KubeChains
internal import KubeChainsBytes
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

/// `render --all-nodes`: the groups of Nodes with equal rules, or a file for each Node and family.
extension RenderOptions {
    func renderAllNodes(_ console: Console) throws(CommandFailure) -> ExitCode {
        if against != nil {
            throw RenderOptions.usage("--against is about one host, and cannot be given with --all-nodes")
        }
        let forms: [RenderForm] = outputFolder == nil ? [.text, .json, .jsonl] : [.restore, .save, .state]
        guard form(of: forms) != nil else {
            throw RenderOptions.usage(
                outputFolder == nil
                    ? "-o \(form) writes the rules of each Node into a file: give --output-dir too, or -o text, json or "
                        + "jsonl for the groups of Nodes with equal rules"
                    : "-o \(form) is not for --output-dir")
        }
        if outputFolder != nil, outputFile != nil {
            throw RenderOptions.usage("--output-dir and --output-file exclude each other")
        }
        let prepared = try readSnapshot(operands)
        let plans = try prepared.allNodesPlans(shaping.family, shard)
        let families = plans.map {
            NodeGroupsReport.Family($0.clusters.first?.settings.family ?? .ipv4, $0.nodeRules())
        }
        System.keep((prepared, plans))
        guard let outputFolder else {
            console.say(prepared.diagnostics(of: plans))
            let text: String =
                switch givenForm {
                case .json: NodeGroupsReport.json(families)
                case .jsonl: NodeGroupsReport.jsonLines(families)
                default: NodeGroupsReport.text(families, outputFile == nil ? Terminal.style(of: 1) : .plain)
                }
            try OutputFile.write(text, to: outputFile)
            return .success
        }
        let folder = try OutputFolder(outputFolder)
        var files = 0
        for (plan, family) in zip(plans, families) {
            let members = Dictionary(uniqueKeysWithValues: plan.members.map { ($0.name, $0) })
            for group in NodeGroup.all(family.rules) {
                guard let member = members[group.nodes[0]] else { continue }
                let node = try input { () throws(SnapshotError) in try plan.plan(of: member) }
                let suffix = family.family == .ipv4 ? "ipv4" : "ipv6"
                let names = group.nodes.map { "\($0).\(suffix)" }
                files += try write(node, as: names, to: folder)
            }
        }
        try folder.finish()
        console.say(prepared.diagnostics(of: plans))
        if wantsSummary {
            let nodes = families.first?.rules.count ?? 0
            let groups = families.map { NodeGroup.all($0.rules).count }.reduce(0, +)
            console.say(lines: [Command.summary(nodes: nodes, groups: groups, files: files)])
        }
        return .success
    }

    /// The form that is asked for, if it is one of these; without one the first of them.
    private func form(of forms: [RenderForm]) -> RenderForm? {
        guard let givenForm else { return forms[0] }
        return forms.contains(givenForm) ? givenForm : nil
    }

    /// Writes the texts of a plan under the names of all nodes that have the same.
    ///
    /// - Returns: the number of files.
    private func write(
        _ plan: NodePlan, as names: [String], to folder: OutputFolder
    ) throws(CommandFailure) -> Int {
        switch plan.settings.mode {
        case .iptables:
            guard let form = form.iptables else {
                throw RenderOptions.usage("-o \(form) is for nftables mode; give --proxy-mode nftables too")
            }
            let state = IptablesPlan(plan, with: System.workers)
            try folder.write(names.map { "\($0).\(form == .save ? "save" : "restore")" }) { text in
                state.write(form, to: text, with: System.workers)
            }
            return names.count
        case .nftables:
            guard let form = form.nftables else { throw RenderOptions.usage("-o \(form) is not for nftables mode") }
            let state = try input { () throws(SnapshotError) in try NftablesPlan(plan, with: System.workers) }
            let ending = form == .restore ? "nft" : self.form.rawValue
            try folder.write(names.map { "\($0).\(ending)" }) { text in
                _ = state.write(form, listedBy: nftVersion, to: text)
            }
            return names.count
        case .ipvs:
            guard givenForm == nil else {
                throw RenderOptions.usage("--output-dir writes all texts of IPVS mode; leave -o out")
            }
            let state = try input { () throws(SnapshotError) in try IPVSPlan(plan) }
            for form in IPVSForm.allCases where form != .save {
                try folder.write(names.map { "\($0).\(form.fileName)" }) { text in _ = state.write(form, to: text) }
            }
            return names.count * (IPVSForm.allCases.count - 1)
        }
    }
}

extension Command {
    fileprivate static func summary(nodes: Int, groups: Int, files: Int) -> String {
        "\(nodes) Nodes, \(files) files with \(groups) different texts in \(millisecondsSinceStart) ms"
    }
}
