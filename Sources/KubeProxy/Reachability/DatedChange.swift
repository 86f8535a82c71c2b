public import KubeObjects
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
    private let affects: @Sendable (ClusterSnapshot, ProxySettings) -> Bool

    /// All that are known, by version (kubernetes/kubernetes and kubernetes/enhancements, as of November 2026).
    public static let all: [DatedChange] = [
        DatedChange(
            29, "the rule that drops INVALID packets is left out if the host's conntrack is liberal", ["#120354"]
        ) {
            $1.conntrackTCPBeLiberal
        },
        DatedChange(leaving: .ofEmptyService, 32), DatedChange(leaving: .atDeletedClusterIP, 32),
        DatedChange(33, "nftables mode is generally available", ["KEP-3866"]),
        DatedChange(
            34,
            "the hourly full sync above 1,000 endpoints ends with the patch releases 1.34.9, 1.35.6, 1.36.2 and 1.37: "
                + "rules that somebody changed are not repaired there", ["#138571"]
        ) { snapshot, _ in snapshot.endpointSlices.reduce(0) { $0 + $1.endpoints.count } > 1000 },
        DatedChange(35, "IPVS mode is deprecated", ["KEP-5495"]) { $1.mode == .ipvs },
        DatedChange(36, "spec.externalIPs is deprecated", ["#137293", "KEP-5707"]) { snapshot, _ in
            snapshot.services.contains { !$0.externalIPs.isEmpty }
        },
        DatedChange(37, "kube-proxy warns if no mode is set", ["#139957"]) { snapshot, _ in
            snapshot.configuration?.mode == nil
        },
        DatedChange(37, "IPVS mode needs the feature gate KubeProxyIPVS, which is on", ["#139777", "KEP-5495"]) {
            $1.mode == .ipvs
        },
        DatedChange(37, "the masquerade rules have --random-fully whatever iptables says of itself", ["#139247"]) {
            $1.mode == .iptables
        },
        DatedChange(
            38, planned: true,
            "addresses with leading zeros, IPv4-mapped ones and CIDRs with host bits are refused by the API",
            ["#141979"]),
        DatedChange(40, planned: true, "kube-proxy without a mode runs in nftables mode", ["KEP-5343"]) { snapshot, _ in
            snapshot.configuration?.mode == nil
        },
        DatedChange(40, planned: true, "the feature gate KubeProxyIPVS is off by default", ["KEP-5495"]) {
            $1.mode == .ipvs
        },
        DatedChange(43, planned: true, "IPVS mode cannot be switched on any more", ["KEP-5495"]) { $1.mode == .ipvs },
    ]

    private init(
        _ since: Int, until: Int? = nil, planned: Bool = false, _ text: String, _ sources: [String],
        _ affects: @escaping @Sendable (ClusterSnapshot, ProxySettings) -> Bool = { _, _ in true }
    ) {
        self.since = since
        self.until = until
        isPlanned = planned
        self.text = text
        self.sources = sources
        self.affects = affects
    }

    /// UDP connections that versions from one on leave in connection tracking.
    private init(leaving connections: LeftConnections, _ since: Int) {
        self.init(since, until: connections.versions?.upperBound, connections.summary, connections.sources) {
            snapshot, _ in snapshot.services.contains { $0.ports.contains { $0.transport == .udp } }
        }
    }

    /// Whether somebody with these settings and Services meets it on the way from one version to another, or afterwards.
    public func isMet(from old: Int, to new: Int, by snapshot: ClusterSnapshot, _ settings: ProxySettings) -> Bool {
        let comes = isPlanned || since > old && since <= new
        return comes && (until.map { new <= $0 } ?? true) && affects(snapshot, settings)
    }
}
