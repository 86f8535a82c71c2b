internal import KubeChainsBytes

/// What a node's table shows of settings, and what differs from a plan with these.
struct NftablesReading {
    /// The greatest number of Service ports for which other versions are tried: each is planned and compared whole.
    private static let limit = 2000

    /// What was not given and is read off the table.
    private(set) var inferred: [InferredSetting]
    /// The plan with the settings that the table shows.
    private(set) var planned: NftablesPlan
    /// What differs.
    private(set) var found = AuditFindings()
    /// The releases that the table leaves.
    private let versions: [ProxyVersion]

    init(_ plan: NftablesPlan, _ live: NftablesTableIndex, _ given: Set<AuditSetting>, _ workers: Workers?) {
        let inference = NftablesInference(plan, live, .given(given))
        let conclusions = inference.conclusions
        inferred = conclusions.inferred
        versions = inference.versions
        planned = plan
        if conclusions.settings != plan.plan.settings,
            let other = plan.plan.replanned(conclusions.settings, workers),
            let replanned = try? NftablesPlan(other, with: workers)
        {
            planned = replanned
        }
        for difference in conclusions.differences { found.add(SettingsDiffer(setting: difference)) }
        NftablesFindings(planned, NftablesTableIndex(planned.table), live).add(to: &found)
    }

    private var severeCount: Int { found.all.count { $0.severity > .info } }

    /// The reading as a table of another version, where half as much or less differs from that one: versions differ in what
    /// they make of certain Services, which no fixed rule shows.
    func ofAnotherVersion(
        _ plan: NftablesPlan, _ live: NftablesTableIndex, _ given: Set<AuditSetting>, _ workers: Workers?
    ) -> NftablesReading? {
        guard severeCount > 0, plan.plan.servicePorts.count <= NftablesReading.limit else { return nil }
        var least = severeCount / 2 + 1
        var best: NftablesReading?
        var seen: Set<ProxyBehaviors> = [planned.plan.version.version.behaviors]
        for version in versions.reversed() where seen.insert(version.behaviors).inserted {
            var settings = plan.plan.settings
            settings.version = version
            guard let other = plan.plan.replanned(settings, workers),
                let replanned = try? NftablesPlan(other, with: workers)
            else { continue }
            var reading = NftablesReading(replanned, live, given.union([.version]), workers)
            guard reading.severeCount < least else { continue }
            reading.inferred.insert(version: version)
            (best, least) = (reading, reading.severeCount)
        }
        return best
    }
}
