internal import KubeChainsBytes
internal import NetAddress

/// Turns differences into their effects for clients.
struct DifferenceAudit {
    /// Whether a setting already explains the mark.
    let isMarkKnown: Bool
    /// Whether a setting already explains the masquerading of cluster IPs.
    let isSourceKnown: Bool

    private static let resync = "let kube-proxy sync: restart it on this node, and look at its log if this comes back"

    // MARK: Service ports

    func findings(_ port: ServicePortDifference, _ live: RulesByService) -> [AuditFinding] {
        switch port.change {
        case .removed:
            return [
                AuditFinding(
                    .missingService, .error, port.label,
                    effect: "the node has no rules for the Service port: connections to it are not answered from here",
                    remedy: DifferenceAudit.resync)
            ]
        case .added:
            let hasEntrance = port.details.contains { $0.kind == "address" || $0.kind == "nodePort" }
            let first = port.details.first { $0.actualLine > 0 }
            // Chains that no rule jumps to are orphans, which have a finding of their own.
            guard hasEntrance || port.details.contains(where: { $0.kind == "verdict" }) else { return [] }
            return [
                AuditFinding(
                    .extraService, .warning, port.label, line: first?.actualLine ?? 0, rule: first?.actualRule,
                    effect: "the node answers for a Service port that the cluster does not have",
                    remedy: DifferenceAudit.resync)
            ]
        case .changed:
            let isUneven = hasUnevenShares(port)
            let endpointsDiffer = port.details.contains { isEndpoint($0) && ($0.expected == nil || $0.actual == nil) }
            return port.details.compactMap { detail in
                // One endpoint more or less changes the shares of all others, which are then equal again.
                if isEndpoint(detail), detail.expected != nil, detail.actual != nil, endpointsDiffer, !isUneven {
                    return nil
                }
                if isSourceKnown, detail.kind == "masquerade", detail.subject.hasPrefix("traffic to the ") {
                    return nil
                }
                return finding(detail, port.label)
            }
        }
    }

    private func isEndpoint(_ detail: RuleDetail) -> Bool {
        detail.kind == "clusterEndpoint" || detail.kind == "localEndpoint"
    }

    /// Whether the differing shares are unequal on the node.
    private func hasUnevenShares(_ port: ServicePortDifference) -> Bool {
        for kind in ["clusterEndpoint", "localEndpoint"] {
            let shares = Set(port.details.filter { $0.kind == kind }.compactMap(\.actual))
            if shares.count > 1 { return true }
        }
        return false
    }

    private func finding(_ detail: RuleDetail, _ label: ServicePortLabel) -> AuditFinding {
        let (id, severity, effect) = meaning(detail)
        return AuditFinding(
            id, severity, label, line: detail.actualLine, rule: detail.actualRule, effect: effect,
            remedy: DifferenceAudit.resync)
    }

    private func meaning(_ detail: RuleDetail) -> (AuditFinding.Identifier, FindingSeverity, String) {
        let subject = detail.subject
        let both = "\(detail.actual ?? "nothing") instead of \(detail.expected ?? "nothing")"
        switch detail.kind {
        case "clusterEndpoint", "localEndpoint": return endpointMeaning(detail)
        case "affinity":
            return (.wrongAffinity, .error, "\(subject): \(both), so clients do not stay where they should")
        case "masquerade":
            let effect =
                detail.actual == nil
                ? "\(subject) is not masqueraded: answers may come back another way and be dropped"
                : "masquerade of \(subject): \(both)"
            return (.wrongMasquerade, .error, effect)
        case "externalPolicy": return (.wrongPolicy, .error, "\(subject) goes to \(both)")
        case "sourceRange":
            let effect =
                detail.actual == nil ? "clients in \(subject) are shut out" : "clients in \(subject) are let in"
            return (.wrongSourceRange, .error, effect)
        case "address", "nodePort": return entranceMeaning(detail)
        case "verdict", "healthCheckNodePort":
            return (.wrongVerdict, .error, "packets to \(subject) are \(both)")
        default:
            return detail.actual == nil
                ? (.missingRule, .error, "a rule is missing: \(subject)")
                : (.unexpectedRule, .warning, "a rule that kube-proxy does not write acts on the Service: \(subject)")
        }
    }

    private func endpointMeaning(
        _ detail: RuleDetail
    ) -> (AuditFinding.Identifier, FindingSeverity, String) {
        switch (detail.expected, detail.actual) {
        case (nil, let share?):
            return (
                .staleEndpoint, .error,
                "\(share == "all" ? "all" : share) of the connections go to \(detail.subject), which is no endpoint"
            )
        case (_, nil):
            return (.missingEndpoint, .error, "the endpoint \(detail.subject) gets no connections")
        case (let expected?, let actual?):
            return (
                .wrongWeight, .error,
                "the endpoint \(detail.subject) gets \(actual) of the connections instead of \(expected)"
            )
        }
    }

    private func entranceMeaning(
        _ detail: RuleDetail
    ) -> (AuditFinding.Identifier, FindingSeverity, String) {
        let place = detail.kind == "nodePort" ? "node port \(detail.subject)" : detail.subject
        switch (detail.expected, detail.actual) {
        case (nil, _): return (.wrongAddress, .error, "the node answers at \(place), which is not the Service's")
        case (_, nil): return (.wrongAddress, .error, "connections to \(place) are not translated and get no answer")
        case (let expected?, let actual?):
            let isPolicy = expected.hasSuffix("policy") && actual.hasSuffix("policy")
            return (isPolicy ? .wrongPolicy : .wrongAddress, .error, "\(place) leads \(actual) instead of \(expected)")
        }
    }

    // MARK: What belongs to no Service

    func findings(_ entry: OtherDifference) -> [AuditFinding] {
        let rule = entry.actual ?? entry.expected
        let line = entry.actualLine
        func found(_ id: AuditFinding.Identifier, _ effect: String) -> [AuditFinding] {
            [AuditFinding(id, .error, line: line, rule: rule, effect: effect, remedy: DifferenceAudit.resync)]
        }
        if entry.actual == ":\(entry.chain)" || entry.expected == ":\(entry.chain)" {
            guard entry.actual == nil else { return [] }
            return found(.missingChain, "the chain \(entry.chain) of the \(entry.table) table is missing")
        }
        if let text = entry.actual, text.hasPrefix("behind the node ports") {
            return found(
                .wrongOrder,
                "rules stand behind the one for node ports, which must be last: packets to the node itself never reach them"
            )
        }
        switch entry.chain {
        case "KUBE-MARK-MASQ":
            if isMarkKnown { return [] }
            return found(.wrongMark, "packets to be masqueraded are not marked as the settings say")
        case "KUBE-POSTROUTING":
            if isMarkKnown { return [] }
            let isMark = rule?.contains(text: "MASQUERADE") == false
            return found(
                isMark ? .wrongMark : .wrongMasquerade,
                isMark
                    ? "packets marked for masquerading are not recognised by the mark that the settings say"
                    : "marked packets are not masqueraded as they should be")
        case "KUBE-FORWARD" where rule?.contains(text: "--mark") == true:
            if isMarkKnown { return [] }
            return found(.wrongMark, "marked packets are not let through as the settings say")
        default:
            let isMissing = entry.actual == nil
            return [
                AuditFinding(
                    isMissing ? .missingRule : .unexpectedRule, isMissing ? .error : .warning, line: line, rule: rule,
                    effect: isMissing
                        ? "a rule of \(entry.chain) is missing: \(rule ?? "")"
                        : "\(entry.chain) holds a rule that kube-proxy does not write there",
                    remedy: DifferenceAudit.resync)
            ]
        }
    }
}
