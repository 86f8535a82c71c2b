/// One rule of `lint`: something that kube-proxy does with a snapshot and hardly anybody expects.
public struct LintRule: Sendable {
    /// In lower case with hyphens. A name never changes its meaning.
    public let name: String
    /// The severity of its findings; some of them may have a lower or higher severity, if the explanation says so.
    public let severity: FindingSeverity
    /// The modes of kube-proxy that it is about.
    public internal(set) var modes = ProxyMode.allCases
    /// What it finds, and what kube-proxy does there.
    public let explanation: String
    /// What to do about a finding.
    public let remedy: String
    /// Checks one family.
    let check: @Sendable (LintSubject, inout LintReport) -> Void

    /// All rules, sorted by name.
    public static let all: [LintRule] = [
        .addressConflict, .affinityMemory, .affinityTimeout, .clusterCIDROfEverything, .configurationWithoutMode,
        .crashingSlicePort, .duplicateEndpoint, .endpointIsClusterIP, .endpointsNotRead, .endpointsWithoutSlice,
        .externalIPOfOthers, .externalIPsOff, .healthCheckMissing, .hintsIgnored, .hintsMissing, .hintsNeedAnnotation,
        .ipvsAffinity, .ipvsARP, .ipvsClaimedTwice, .ipvsExternalFallback, .ipvsForwarding, .ipvsIdleTimeout,
        .ipvsInternalFallback, .ipvsInternalRefusal, .ipvsLinkLocalNodePort, .ipvsLocalOnly, .ipvsLoopbackNodePort,
        .ipvsNodeAddress, .ipvsOtherPorts, .ipvsOwnSource, .ipvsPodFallback, .ipvsScheduler, .ipvsSetLimit,
        .ipvsSourceRanges, .largeCluster, .loadBalancerBypassed, .longInterfacePrefix, .missingClusterCIDR,
        .nftablesHairpinWithoutNode, .nftablesInterfacePrefix, .nftablesLocalhostNodePort, .nftablesLongComment,
        .nftablesNodePortAddresses, .nftablesNodePortsEverywhere, .nftablesNodePortsNowhere, .nftablesOtherProxy,
        .nftablesSourceRangesOfExternalIP, .noClusterIP, .noEndpoints, .noLocalEndpointExternal,
        .noLocalEndpointInternal, .nodePortConflict, .nodePortIgnoresSourceRanges, .nodePortOfHost,
        .nodePortOnLoadBalancerIP, .nodeWithoutZone, .onlyTerminatingEndpoints, .otherProxy, .overlappingRanges,
        .ownAddressAsExternalIP, .podsOutsideClusterCIDR, .portWithoutSlice, .proxyModeCaptured, .ruleBudget,
        .sliceManagers, .sliceNotRead, .sliceOfNames, .sliceWithoutPorts, .sliceWithoutService,
        .sourceRangesInAnnotation, .sourceRangesOfOtherFamily, .sourceRangesUnused, .sourceRangesWithoutClient,
        .sourceRangesWithoutNode, .sourceRangesWithoutPod, .surplusClusterCIDR, .versionsDiffer, .wrongFamilyEndpoints,
    ]
}
