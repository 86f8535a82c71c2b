internal import Iptables
internal import KubeChainsHost
internal import KubeChainsJSON
internal import KubeObjects
internal import KubeProxy
internal import NetAddress
internal import Nftables

extension ApplyOptions {
    func applyNftables(_ prepared: PreparedSnapshot, _ console: Console) throws(CommandFailure) -> ExitCode {
        System.addProgramFolders(host.programFolders)
        let families = HostRules.families(shaping.family)
        // Without iptables there are no rules of it to look at.
        let (nft, rules) = try onHost { () throws(HostError) in
            (try NftPrograms(families), try HostRules.readAll(families))
        }
        var plans: [NftablesPlan] = []
        for family in families { plans.append(try completed(prepared, family, nil).nftablesPlan()) }
        let makesLiberal = prepared.settings.conntrackTCPBeLiberal
        let apply = try onHost { () throws(HostError) in
            try NftablesApply(nft, rules, plans, makesLiberal: makesLiberal)
        }
        console.say(prepared, plans.map(\.plan))
        if let plan = plans.first { console.say(prepared.snapshot.diagnostics(.notice, plan.notices)) }
        guard !isDryRun else {
            try onHost { () throws(HostError) in try apply.refuseDangers(isForced: true) }
            try OutputFile.write(apply.script, to: nil)
            return .success
        }
        let done = try onHost { () throws(HostError) in
            try apply.refuseDangers(isForced: host.isForced)
            defer { console.clearProgress() }
            return try apply.run { seconds in
                if seconds >= 2 { console.showProgress("nft has been at work for \(Int(seconds)) s") }
            }
        }
        return try report(done, console, verified: "the host's tables are what they should be", apply.differences)
    }

    /// Prints the transaction for a host whose tables are in a file.
    func printTransaction(
        to live: String, _ prepared: PreparedSnapshot, _ console: Console
    ) throws(CommandFailure) -> ExitCode {
        let tables = try InputFile.open(live).requireNftablesTables()
        let present = AddressFamily.allCases.filter { family in tables.contains { $0.isKubeProxys(family) } }
        let families = shaping.family.map { [$0] } ?? (present.isEmpty ? AddressFamily.allCases : present)
        var plans: [NftablesPlan] = []
        for family in families {
            var prepared = prepared
            prepared.settings.family = family
            plans.append(try prepared.nftablesPlan())
        }
        console.say(prepared, plans.map(\.plan))
        if let plan = plans.first { console.say(prepared.snapshot.diagnostics(.notice, plan.notices)) }
        let before = families.map { family in tables.first { $0.isKubeProxys(family) } }
        try OutputFile.write(NftablesApply.transaction(from: before, to: plans), to: nil)
        return .success
    }
}
