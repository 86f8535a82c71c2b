internal import KubeObjects
internal import NetAddress

/// A change around kube-proxy that comes with a version: a default, a deprecation, a defect that is mended.
///
/// What a version does otherwise with packets is no part of this: flows show it.
public struct DatedChange: Sendable {
    /// From `1.N` on.
    public let since: Int
    /// The last `1.N` of a defect; nil: it stays.
    public let until: Int?
    /// Whether it is announced for a release that is not out as this is written.
    public let isPlanned: Bool
    /// What changes.
    public let text: String
    /// Pull requests of kubernetes/kubernetes, and KEPs.
    public let sources: [String]
    /// The patch releases of older versions from which on it comes with them, too: `P` of `1.N.P` by `N`.
    private let patches: [Int: Int]
    private let affects: Condition

    /// All that are known, by version (kubernetes/kubernetes and kubernetes/enhancements, as of November 2026).
    public static let all: [DatedChange] = [
        DatedChange(
            27, "kube-proxy writes only what has changed, and everything at a full sync (partial syncs)",
            ["#115138", "#110268"]
        ) { $0.after.mode == .iptables },
        DatedChange(
            27, "the annotation service.kubernetes.io/topology-aware-hints is deprecated; topology-mode replaces it",
            ["#116522"]
        ) { step in step.snapshot.services.contains { $0.topologyAwareHints != nil } },
        DatedChange(
            29, "the rule that drops INVALID packets is left out if the host's conntrack is liberal", ["#120354"]
        ) { $0.after.mode == .iptables && $0.after.conntrackTCPBeLiberal },
        DatedChange(31, until: 32, "nftables mode is in beta", ["KEP-3866"]),
        DatedChange(31, "two rules count packets with nfacct, where the host supports it", ["#122812", "#125015"]) {
            $0.after.mode == .iptables && $0.after.hasAccountingCounters
        },
        DatedChange(leaving: .ofEmptyService, 32), DatedChange(leaving: .atDeletedClusterIP, 32),
        DatedChange(33, "nftables mode is generally available", ["KEP-3866"]),
        DatedChange(33, "everything is written anew every hour, which repairs rules that somebody changed", ["#138571"])
        {
            $0.after.mode == .iptables
        },
        DatedChange(
            33, "spec.trafficDistribution is generally available; it replaces the annotation topology-mode",
            ["KEP-4444"]
        ) { step in step.snapshot.services.contains { $0.topologyMode != nil } },
        DatedChange(
            34, "trafficDistribution: PreferSameNode has an effect, by hints that name nodes", ["#130844", "#132127"],
            requests("PreferSameNode")),
        DatedChange(
            37, before: [34: 9, 35: 6, 36: 2],
            "the hourly full sync above 1,000 endpoints ends, here and with the patch releases 1.34.9, 1.35.6 and 1.36.2: rules "
                + "that somebody changed are not repaired there", ["#138571", "#138635", "#138636", "#138637"]
        ) { $0.after.mode == .iptables && $0.isLarge },
        DatedChange(35, "IPVS mode is deprecated", ["KEP-5495"], meetsIPVS),
        DatedChange(
            35, "trafficDistribution: PreferClose is deprecated; PreferSameZone is its new name", ["#134457"],
            requests("PreferClose")),
        DatedChange(
            36,
            "spec.externalIPs is deprecated, and the feature gate AllowServiceExternalIPs turns it off; the next phases are "
                + "tentatively 1.40 and 1.43", ["#137293", "KEP-5707"]
        ) { step in step.snapshot.services.contains { !$0.externalIPs.isEmpty } },
        DatedChange(
            37, "kube-proxy warns if no mode is set; kubeadm sets iptables", ["#139957"], hasNoMode),
        DatedChange(
            37, "IPVS mode needs the feature gate KubeProxyIPVS, which is on", ["#139777", "KEP-5495"], meetsIPVS),
        DatedChange(37, "the masquerade rules have --random-fully whatever iptables says of itself", ["#139247"]) {
            $0.after.mode == .iptables && !$0.after.hasRandomFully
        },
        DatedChange(
            37, "nodePortAddresses takes ranges and the words primary, localhost and all, mixed",
            ["#139397", "KEP-6032"]
        ) { $0.after.mode == .nftables },
        DatedChange(
            37, "UDP flows to a Service that loses all endpoints no longer stay in conntrack, as from 1.32 on",
            ["#139629"]
        ) { $0.servesUDP && LeftConnections.ofEmptyService.isLeft(by: $0.from) },
        DatedChange(
            38, planned: true,
            "addresses with leading zeros, IPv4-mapped ones and CIDRs with host bits are refused by the API",
            ["#141979"]
        ) { step in
            step.snapshot.services.contains { $0.spellings != nil }
                || step.snapshot.endpointSlices.contains { !$0.addressTexts.isEmpty }
        },
        DatedChange(
            38, planned: true, "UDP flows of a Service that is deleted no longer stay in conntrack", ["#141371"],
            { $0.servesUDP }),
        DatedChange(39, planned: true, "nftables mode as the default is in beta", ["KEP-5343"], hasNoMode),
        DatedChange(40, planned: true, "kube-proxy without a mode runs in nftables mode", ["KEP-5343"], hasNoMode),
        DatedChange(40, planned: true, "the feature gate KubeProxyIPVS is off by default", ["KEP-5495"], meetsIPVS),
        DatedChange(43, planned: true, "IPVS mode cannot be switched on any more", ["KEP-5495"], meetsIPVS),
        DatedChange(
            46, planned: true, "kube-proxy no longer removes what IPVS mode leaves on a node", ["KEP-5495"], meetsIPVS),
    ]

    private typealias Condition = @Sendable (UpgradeStep) -> Bool

    private static let meetsIPVS: Condition = { $0.after.mode == .ipvs }
    private static let hasNoMode: Condition = { $0.after.givenMode == nil }

    private static func requests(_ distribution: String) -> Condition {
        { step in step.snapshot.services.contains { $0.trafficDistribution == distribution } }
    }

    private init(
        _ since: Int, until: Int? = nil, before patches: [Int: Int] = [:], planned: Bool = false, _ text: String,
        _ sources: [String], _ affects: @escaping Condition = { _ in true }
    ) {
        self.since = since
        self.until = until
        self.patches = patches
        isPlanned = planned
        self.text = text
        self.sources = sources
        self.affects = affects
    }

    /// UDP connections that versions from one on leave in connection tracking.
    private init(leaving connections: LeftConnections, _ since: Int) {
        self.init(
            since, until: connections.versions?.upperBound, connections.summary, connections.sources
        ) { $0.servesUDP }
    }

    /// Whether somebody who takes the step meets it on the way, or later.
    func isMet(by step: UpgradeStep) -> Bool {
        let comes =
            isPlanned || comes(with: step.to, ofUnknownPatch: true) && !comes(with: step.from, ofUnknownPatch: false)
        return comes && (until.map { step.to.knownMinor <= $0 } ?? true) && affects(step)
    }

    /// Whether a version has it.
    ///
    /// - Parameter ofUnknownPatch: whether it does where that depends on its patch level, which it does not say.
    private func comes(with version: ProxyVersion, ofUnknownPatch: Bool) -> Bool {
        if version.knownMinor >= since { return true }
        guard let first = patches[version.minor] else { return false }
        return version.patch.map { $0 >= first } ?? ofUnknownPatch
    }
}
