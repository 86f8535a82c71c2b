extension AuditFinding.Identifier {
    /// What findings of this identifier say, for formats that describe each rule.
    public var explanation: String {
        switch self {
        case .missingJump: "No jump leads from a built-in chain to one of kube-proxy's."
        case .missingChain: "A chain that kube-proxy always has is missing."
        case .missingService: "A Service port has no rules."
        case .extraService: "There are rules of a Service port that the snapshot does not have."
        case .staleEndpoint: "Connections go to an address that is no endpoint."
        case .missingEndpoint: "An endpoint gets no connections."
        case .wrongWeight: "An endpoint gets another share of the connections than it should."
        case .wrongPolicy: "External traffic goes to the endpoints of the wrong policy."
        case .wrongMasquerade: "The source IP is rewritten where it should be preserved, or the other way round."
        case .wrongSourceRange: "A client is let in that should not be, or the other way round."
        case .wrongAffinity: "Session affinity is missing, is there without being asked for, or has another timeout."
        case .wrongAddress: "A frontend leads somewhere else, or nowhere."
        case .wrongVerdict: "Packets are rejected, dropped or accepted that should not be."
        case .wrongOrder: "A rule stands behind one that must be last."
        case .orphanedChain: "Nothing leads to one of kube-proxy's chains."
        case .missingTargetChain: "A rule leads to a chain that does not exist."
        case .bothBackends: "Both backends of iptables have rules of kube-proxy."
        case .foreignRule: "A rule of another program takes packets before kube-proxy's rules do."
        case .wrongMark: "The packet mark of masquerading is not the one that is looked for."
        case .settingsDiffer: "The node's kube-proxy has other settings than those given."
        case .unexpectedRule: "A rule in one of kube-proxy's chains is not kube-proxy's."
        case .missingRule: "A rule that kube-proxy always has is missing."
        case .olderVersion: "The rules are those of an older kube-proxy than the one planned for."
        case .leftOver: "Another mode or version of kube-proxy left rules behind."
        case .kubeletMark: "kubelet and kube-proxy masquerade by different packet marks."
        case .foreignMark: "A rule of another program sets or clears kube-proxy's packet mark."
        case .wrongHook: "A base chain of nftables is called at another hook or priority, or has another policy."
        case .wrongSet: "A set of IPVS mode, or a set or map of nftables, is missing, or of another type."
        case .wrongSysctl: "A setting of the kernel's is another than kube-proxy makes it."
        case .tableFlags: "The kernel does something else with kube-proxy's whole table of nftables."
        case .staleConnection: "Connections go on to an address that does not serve their Service port."
        case .orphanedConnection: "Connections are still translated where no Service answers."
        case .connectionPastPolicy: "Connections go on past a policy of their Service that new ones obey."
        case .nothingToCompare: "The dump has nothing that could be compared with the snapshot."
        }
    }

    /// The severity that most of its findings have.
    public var usualSeverity: FindingSeverity {
        switch self {
        case .extraService, .orphanedChain, .settingsDiffer, .unexpectedRule, .olderVersion, .leftOver, .kubeletMark,
            .foreignMark, .orphanedConnection:
            .warning
        case .connectionPastPolicy: .info
        default: .error
        }
    }
}
