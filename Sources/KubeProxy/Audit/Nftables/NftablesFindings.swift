internal import NetAddress
internal import Nftables

/// The findings about kube-proxy's own table.
struct NftablesFindings {
    let plan: NftablesPlan
    private let expected: NftablesTableIndex
    private let live: NftablesTableIndex

    init(_ plan: NftablesPlan, _ expected: NftablesTableIndex, _ live: NftablesTableIndex) {
        self.plan = plan
        self.expected = expected
        self.live = live
    }

    func add(to findings: inout AuditFindings) {
        let differences = NftablesTableDifferences(expected, live)
        addChains(differences, &findings)
        addRules(differences, &findings)
        addSets(differences, &findings)
        let services = NftablesServiceDetails(plan, expected, live, differences)
        for element in services.others { addElement(element, &findings) }
        for label in services.missing { findings.add(MissingService(), label) }
        for entry in services.extra {
            findings.add(ExtraService(), entry.label, line: entry.place.line, rule: entry.place.text)
        }
        for orphan in services.orphans {
            findings.add(
                OrphanedChain(chain: orphan.chain.name), orphan.label, line: orphan.chain.place.number,
                rule: command(of: orphan.chain))
        }
        for detail in services.details {
            guard let evidence = evidence(of: detail) else { continue }
            findings.add(evidence, detail.label, line: detail.place.line, rule: detail.place.text)
        }
    }

    private func command(of chain: NftChain) -> String {
        "add chain \(live.table.family) \(live.table.name) \(chain.name)"
    }

    // MARK: Chains of no Service port

    private func addChains(_ differences: NftablesTableDifferences, _ findings: inout AuditFindings) {
        for chain in differences.missingChains {
            findings.add(NftablesEvidence.MissingChain(chain: chain.name), rule: command(of: chain))
        }
        for (chain, actual) in differences.bases {
            findings.add(
                NftablesEvidence.WrongHook(chain: chain.name, expected: chain.base, actual: actual.base),
                line: actual.place.number, rule: command(of: actual))
        }
        for chain in differences.reordered {
            findings.add(
                ReorderedRules(chain: chain.name), line: chain.place.number, rule: command(of: chain))
        }
        let left = differences.extraChains.filter { NftablesLeftOvers.chains.contains($0.name) }
        let sets = differences.extraSets.map(\.name).filter(NftablesLeftOvers.sets.contains)
        if !left.isEmpty || !sets.isEmpty {
            findings.add(
                LeftOver(cause: .otherNftablesVersion, chains: left.map(\.name) + sets, blocked: []),
                line: left.first?.place.number ?? 0, rule: left.first.map(command))
        }
        for chain in differences.extraChains where !NftablesLeftOvers.chains.contains(chain.name) {
            findings.add(
                NftablesEvidence.UnexpectedRule(chain: chain.name, isWholeChain: true), line: chain.place.number,
                rule: command(of: chain))
        }
    }

    private func addRules(_ differences: NftablesTableDifferences, _ findings: inout AuditFindings) {
        for difference in differences.rules {
            var extra = difference.extra
            for rule in difference.missing {
                let place = extra.firstIndex { $0.hasShape(of: rule) }
                let actual = place.map { extra.remove(at: $0) }
                findings.add(
                    evidence(ofMissing: rule, actual, difference.chain), line: actual?.place.number ?? 0,
                    rule: (actual ?? rule).command(live.table, difference.chain))
            }
            for rule in extra {
                // Without ServiceCIDRs in the snapshot nobody knows whether there should be a rule.
                if rule.isAboutServiceCIDRs, plan.serviceCIDRs.isEmpty { continue }
                findings.add(
                    NftablesEvidence.UnexpectedRule(chain: difference.chain, isWholeChain: false),
                    line: rule.place.number, rule: rule.command(live.table, difference.chain))
            }
        }
    }

    /// - Parameter actual: the rule that is in its place.
    private func evidence(ofMissing rule: NftRule, _ actual: NftRule?, _ chain: String) -> any AuditEvidence {
        let words = rule.text.split(separator: " ")
        if words.count > 1, words[words.count - 2] == "jump", expected.chain(chain)?.base != nil {
            return NftablesEvidence.MissingJump(chain: chain, target: String(words[words.count - 1]))
        }
        if let actual, rule.marks != actual.marks { return NftablesEvidence.WrongMark(chain: chain) }
        switch chain {
        case "masquerading" where words.contains("@hairpin-connections"):
            return NftablesEvidence.WrongMasquerade(traffic: .allHairpins, isMasqueraded: actual == nil ? false : nil)
        case "masquerading":
            return NftablesEvidence.WrongMasquerade(traffic: .marked, isMasqueraded: actual == nil ? false : nil)
        case "mark-for-masquerade": return NftablesEvidence.WrongMark(chain: chain)
        case "services" where words.contains("@cluster-ips"):
            return NftablesEvidence.WrongMasquerade(
                traffic: .allClusterIPs, isMasqueraded: actual == nil ? false : nil)
        default:
            return NftablesEvidence.MissingRule(
                chain: chain, rule: rule.text, isAboutServiceCIDRs: rule.isAboutServiceCIDRs)
        }
    }

    // MARK: Sets

    private func addSets(_ differences: NftablesTableDifferences, _ findings: inout AuditFindings) {
        for (set, actual) in differences.sets {
            findings.add(
                NftablesEvidence.WrongSet(name: set.name, isMissing: actual == nil), line: actual?.place.number ?? 0,
                rule: "add \(set.isMap ? "map" : "set") \(live.table.family) \(live.table.name) \(set.name)")
        }
    }

    /// An element that belongs to no Service port.
    private func addElement(_ element: NftablesTableDifferences.Element, _ findings: inout AuditFindings) {
        guard let shown = element.actual ?? element.expected else { return }
        let isPresent = element.actual != nil
        let evidence: any AuditEvidence
        switch element.set {
        case "nodeport-ips":
            evidence = NftablesEvidence.WrongNodePortAddress(address: shown.firstKey, isAnswering: isPresent)
        case "cluster-ips":
            evidence = NftablesEvidence.WrongMasquerade(
                traffic: .unknownClusterIP(shown.firstKey), isMasqueraded: isPresent)
        case "hairpin-connections":
            guard let endpoint = shown.hairpin else { return }
            evidence = NftablesEvidence.WrongMasquerade(traffic: .hairpin(endpoint), isMasqueraded: isPresent)
        default:
            evidence = NftablesEvidence.UnexpectedRule(chain: element.set, isWholeChain: false)
        }
        findings.add(
            evidence, line: element.actual?.place.number ?? 0, rule: shown.command(live.table, element.set))
    }
}

/// What only some versions make; after a change of version it stays until the table goes.
enum NftablesLeftOvers {
    static let chains: Set<String> = [
        "filter-prerouting", "filter-output-post-dnat", "filter-prerouting-pre-dnat", "filter-output-pre-dnat",
        "mark-for-masquerade", "localhost-nodeport-reject-tcp", "localhost-nodeport-reject-udp",
        "localhost-nodeport-reject-sctp",
    ]
    static let sets: Set<String> = ["hairpin-connections", "localhost-nodeport-reject-ports", "nodeport-ips"]
}

extension NftRule {
    /// Whether it is the rule for the ranges of ServiceCIDRs.
    fileprivate var isAboutServiceCIDRs: Bool {
        let words = text.split(separator: " ")
        return words.count > 3 && words[1] == "daddr" && words[2].first != "@" && words.last == "drop"
    }

    /// The marks that it sets or asks for.
    fileprivate var marks: [UInt32] { text.split(separator: " ").compactMap(\.hexadecimal).filter { $0 != 0 } }

    /// Whether it can be the other with other values: half of it is the same from the beginning, or it begins and ends with
    /// the same words.
    fileprivate func hasShape(of other: NftRule) -> Bool {
        let (left, right) = (text.split(separator: " "), other.text.split(separator: " "))
        var same = 0
        while same < min(left.count, right.count), left[same] == right[same] { same += 1 }
        return same * 2 >= max(left.count, right.count) || same > 1 && left.last == right.last
    }
}
