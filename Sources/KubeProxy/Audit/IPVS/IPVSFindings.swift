internal import Iptables
internal import KubeObjects
internal import NetAddress

/// What differs between a node in IPVS mode and a plan.
struct IPVSFindings {
    private let state: IPVSPlan
    private let wanted: IPVSFamilyState
    private let live: IPVSFamilyState
    private let dump: IPVSDump
    private let owners: IPVSOwners
    /// Service ports without any virtual server: their entries and addresses are missing for the same cause.
    private var missing: Set<ServicePortLabel> = []
    /// Addresses of virtual servers that no Service has, likewise.
    private var extra: Set<IPAddress> = []
    /// Endpoints that are missing or stale among the real servers, likewise.
    private var changedEndpoints: Set<String> = []

    init(_ state: IPVSPlan, _ live: IPVSFamilyState, _ dump: IPVSDump) {
        self.state = state
        self.live = live
        self.dump = dump
        wanted = IPVSHostState([state]).families[0]
        owners = IPVSOwners(state)
    }

    func add(to findings: inout AuditFindings) {
        var compared = self
        if dump.has(.servers, live.family) { compared.addServers(&findings) }
        if dump.has(.sets, live.family) { compared.addSets(&findings) }
        if dump.has(.addresses, live.family) { compared.addAddresses(&findings) }
        if dump.has(.rules, live.family) {
            IPVSRuleFindings(state, wanted, live, owners).add(to: &findings)
        }
        for jump in JumpRule.ipvsMode where dump.lacks(jump, live.family) {
            findings.add(IPVSEvidence.MissingJump(jump: jump), rule: "-A \(jump.text)")
        }
        for sysctl in IPVSSetup(state.plan.settings).sysctls {
            guard let value = dump.sysctls[sysctl.name], value != sysctl.value else { continue }
            findings.add(IPVSEvidence.WrongSysctl(name: sysctl.name, expected: sysctl.value, actual: value))
        }
    }

    // MARK: Servers

    private mutating func addServers(_ findings: inout AuditFindings) {
        if live.servers.isEmpty, !wanted.servers.isEmpty {
            findings.add(IPVSEvidence.NoServers())
            return
        }
        let present = Dictionary(live.servers.map { ($0.name, $0) }) { first, _ in first }
        var lacking: [ServicePortLabel: [String]] = [:]
        var counts: [ServicePortLabel: Int] = [:]
        var differences: [ServicePortLabel: [RealServerDifference: [String]]] = [:]
        for server in wanted.servers {
            guard let label = owners.owner(of: server) else { continue }
            counts[label, default: 0] += 1
            guard let actual = present[server.name] else {
                lacking[label, default: []].append(server.place)
                continue
            }
            addOptions(server, actual, label, &findings)
            for difference in RealServerDifference.all(server, actual, state) {
                differences[label, default: [:]][difference, default: []].append(server.place)
                if let name = difference.changedName, let (address, port) = IPVSFamilyState.socket(name[...]) {
                    changedEndpoints.insert("\(address),\(server.transport.name):\(port)")
                }
            }
        }
        for (label, places) in lacking.sorted(by: { $0.key < $1.key }) {
            guard places.count == counts[label] else {
                findings.add(IPVSEvidence.MissingServer(frontends: places), label)
                continue
            }
            missing.insert(label)
            findings.add(IPVSEvidence.MissingService(), label)
        }
        for (label, found) in differences.sorted(by: { $0.key < $1.key }) {
            for (difference, places) in found { findings.add(difference.evidence(at: places), label) }
        }
        addExtraServers(&findings)
    }

    /// What clients of a virtual server notice besides its real servers.
    private func addOptions(
        _ server: HostServer, _ actual: HostServer, _ label: ServicePortLabel, _ findings: inout AuditFindings
    ) {
        if actual.persistence != server.persistence {
            findings.add(
                IPVSEvidence.WrongPersistence(
                    frontend: server.place, expected: server.persistence, actual: actual.persistence), label)
        }
        if actual.scheduler != server.scheduler {
            findings.add(
                IPVSEvidence.WrongScheduler(
                    frontend: server.place, expected: String(server.scheduler), actual: String(actual.scheduler)),
                label)
        }
    }

    private mutating func addExtraServers(_ findings: inout AuditFindings) {
        let excluded = state.plan.settings.ipvs.excludeCIDRs
        let known = Set(wanted.servers.map(\.name))
        var surplus: [IPAddress: [HostServer]] = [:]
        for server in live.servers where !known.contains(server.name) {
            guard !excluded.contains(where: { $0.contains(server.address) }) else { continue }
            surplus[server.address, default: []].append(server)
        }
        for (address, servers) in surplus.sorted(by: { $0.key.text < $1.key.text }) {
            let label = owners.owner(of: address)
            if label == nil { extra.insert(address) }
            let real = Set(servers.flatMap { $0.realServers.map(\.name) }).sorted()
            findings.add(
                IPVSEvidence.ExtraServers(frontends: servers.map(\.place), servers: real), label)
        }
    }

    // MARK: Sets

    private func addSets(_ findings: inout AuditFindings) {
        let present = Dictionary(live.sets.map { ($0.name, $0) }) { first, _ in first }
        var lacking: [String] = []
        for set in IPSet.allCases {
            guard let expected = wanted.sets.first(where: { $0.name == set.name(live.family) }) else { continue }
            guard let actual = present[expected.name] else {
                lacking.append(expected.name)
                continue
            }
            if actual.kind != expected.kind {
                findings.add(
                    IPVSEvidence.WrongSet(
                        names: [actual.name], types: .init(expected: expected.kind, actual: actual.kind)))
            } else {
                addEntries(set, expected, actual, &findings)
            }
        }
        if !lacking.isEmpty { findings.add(IPVSEvidence.WrongSet(names: lacking, types: nil)) }
    }

    private func addEntries(_ set: IPSet, _ expected: HostSet, _ actual: HostSet, _ findings: inout AuditFindings) {
        let (wanted, there) = (Set(expected.entries), Set(actual.entries))
        for isMissing in [true, false] {
            var groups: [ServicePortLabel?: [String]] = [:]
            let entries = (isMissing ? wanted.subtracting(there) : there.subtracting(wanted)).sorted()
            for entry in entries {
                let label = owners.owner(of: entry, in: set)
                if isExplained(entry, label, set, isMissing) { continue }
                groups[label, default: []].append(entry)
            }
            // Who empties a set does so for all.
            if isMissing, there.isEmpty, groups.count > 1 { groups = [nil: groups.values.flatMap { $0 }.sorted()] }
            for (label, entries) in groups {
                findings.add(
                    IPVSEvidence.entries(.init(set: set, entries: entries, areMissing: isMissing), actual.name), label)
            }
        }
    }

    /// Whether a virtual or real server that differs is the cause.
    private func isExplained(_ entry: String, _ label: ServicePortLabel?, _ set: IPSet, _ isMissing: Bool) -> Bool {
        if isMissing, let label, missing.contains(label) { return true }
        if set == .loopBack {
            return changedEndpoints.contains(entry.split(separator: ",").prefix(2).joined(separator: ","))
        }
        guard !isMissing, let address = entry.split(separator: ",").first.flatMap({ IPAddress(String($0)) }) else {
            return false
        }
        return extra.contains(address)
    }

    // MARK: Addresses

    private func addAddresses(_ findings: inout AuditFindings) {
        let (wanted, there) = (Set(wanted.addresses.map(\.address)), Set(live.addresses.map(\.address)))
        if there.isEmpty, !wanted.isEmpty {
            findings.add(IPVSEvidence.NoAddresses())
            return
        }
        for address in wanted.subtracting(there).sorted(by: { $0.text < $1.text }) {
            let label = owners.owner(of: address)
            if let label, missing.contains(label) { continue }
            findings.add(IPVSEvidence.MissingAddress(address: address), label)
        }
        for address in there.subtracting(wanted).sorted(by: { $0.text < $1.text }) where !extra.contains(address) {
            let node = state.plan.snapshot.nodes.first { ($0.internalIPs + $0.externalIPs).contains(address) }
            findings.add(
                IPVSEvidence.ExtraAddress(address: address, node: node?.name.text), owners.owner(of: address))
        }
    }
}
