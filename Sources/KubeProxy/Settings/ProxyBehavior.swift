/// Something that kube-proxy does in some versions and not in others, as far as it shows in what it programs.
///
/// Code asks for behaviours, never for a version's number. ``versions``, ``pullRequests`` and ``summary`` are one table:
/// the only place that says which versions do what.
public enum ProxyBehavior: UInt8, Sendable, Hashable, CaseIterable {
    /// MASQUERADE always has --random-fully, whether or not the host's iptables is known to support it.
    case alwaysRandomFully
    /// Services and EndpointSlices are both skipped if they have the label service-proxy-name or headless.
    case sharedLabelSelector
    /// Of endpoints with the same address and port a later one counts only if it is on this node.
    case localDuplicateWins
    /// The feature gate AllowServiceExternalIPs can turn external IPs off.
    case externalIPsGate
    /// Topology hints by node (forNodes) keep traffic on the node; before, they are ignored.
    case nodeHints
    /// A source range of all addresses lifts the restriction; before, it is a range like others.
    case zeroRangeLiftsRestriction
    /// Every CIDR of length 0 in nodePortAddresses means all addresses; before, only 0.0.0.0/0 and ::/0.
    case anyZeroPrefixTakesNodePorts
    /// A node without a zone matches zone hints with the empty name.
    case emptyZoneMatchesHints
    /// Two rules count packets with nfacct, where the host supports it.
    case accountingCounters
    /// Topology hints are ignored unless an annotation of the Service asks for them.
    case hintsNeedAnnotation
    /// NodePortAddresses takes the word primary; before, kube-proxy does not start with it.
    case primaryNodePortAddresses
    /// Endpoints' addresses are written, sorted and hashed as the EndpointSlice spells them.
    case endpointAddressesAsGiven
    /// The rule for a pod that reaches itself has the address as the EndpointSlice spells it.
    case hairpinSourceAsGiven
    /// A slice's endpoints are taken in the order of their addresses' texts.
    case endpointsSortedInSlice
    /// External IPs, load-balancer IPs, source ranges and the pods' CIDR are written as they are spelled.
    case serviceAddressesAsGiven
    /// Load-balancer addresses with ipMode Proxy get rules like others; since, they are left out.
    case proxyModeAddressesServed
    /// ExternalTrafficPolicy Local counts for a Service of type ClusterIP that has external IPs.
    case localPolicyOfExternalIPs
    /// The rule that drops INVALID packets is left out where connection tracking is liberal.
    case liberalConntrackKeepsInvalid
    /// The node has an IP of each family; before, only one family's is known.
    case nodeIPOfBothFamilies
    /// The node's IP is taken from the Node; before, it is the bind address.
    case nodeIPFromNode
    /// A CIDR of length 0 in nodePortAddresses that is not 0.0.0.0/0 or ::/0 selects no address.
    case zeroPrefixListsNoAddress
    /// KUBE-FIREWALL guards node ports on 127.0.0.1; before, kubelet alone fills it.
    case loopbackGuard
    /// The chain of source ranges ends with a rule that is only a comment.
    case rangesEndWithComment
    /// Node ports have no rules at all where no address of the host takes them.
    case nodePortsNeedAddress
    /// Only the annotation topology-aware-hints with the value Auto or auto asks for hints.
    case hintsNeedAuto
    /// Node ports on loopback can be turned off; before, loopback is an address like others.
    case localhostNodePortsOption
    /// Endpoints that terminate and still serve are used where no endpoint is ready.
    case terminatingEndpoints
    /// Packets are dropped in the filter table, by KUBE-PROXY-FIREWALL; before, by kubelet's KUBE-MARK-DROP.
    case dropsInFilterTable
    /// Nftables mode, which is alpha before.
    case nftables
    /// Rules translate by a map of endpoints, and a set of local endpoints decides whose hairpin connections are
    /// masqueraded; before, every endpoint has a chain.
    case nftablesEndpointMaps
    /// A Service port's only endpoint needs no map.
    case nftablesSingleEndpoint
    /// Comments are cut to the 128 bytes that nft takes; before, every sync fails.
    case nftablesShortComments
    /// NodePortAddresses takes ranges and the words primary, localhost and all, mixed.
    case nftablesNodePortWords
    /// The feature gate KubeProxyNFTablesLocalhostNodePorts can serve or reject node ports on loopback.
    case nftablesLocalhostNodePorts
    /// The rule that masquerades traffic to a cluster IP names the Service port.
    case nftablesClusterIPPort
    /// All filter chains are hooked right before or after translation.
    case nftablesEarlyFilterChains
    /// An interface is matched by its index (iif), and so must exist, without a wildcard.
    case nftablesInterfaceIndex
    /// The first sync flushes sets and maps; since, they are read back.
    case nftablesFlushedSets
}

extension ProxyBehavior {
    /// A row of the table.
    private struct Row {
        /// The point of the comparison of versions.
        let point: Character
        /// The minor versions that do it.
        let minors: ClosedRange<Int>
        let pullRequests: [Int]
        let summary: String

        init(_ point: Character, _ minors: ClosedRange<Int>, by pullRequests: [Int] = [], _ summary: String) {
            self.point = point
            self.minors = minors
            self.pullRequests = pullRequests
            self.summary = summary
        }
    }

    private static func from(_ minor: Int) -> ClosedRange<Int> { minor...ProxyVersion.knownMinors.upperBound }
    private static func upTo(_ minor: Int) -> ClosedRange<Int> { ProxyVersion.knownMinors.lowerBound...minor }

    /// The table: kubernetes/kubernetes' code of each version, compared; pull requests are from its release notes.
    private var row: Row {
        switch self {
        case .alwaysRandomFully:
            Row(
                "A", Self.from(37),
                "MASQUERADE always has --random-fully, whether or not the host's iptables is known to support it")
        case .sharedLabelSelector:
            Row(
                "B", Self.upTo(35), by: [134_623],
                "Services and EndpointSlices are both skipped if they have the label service-proxy-name or headless")
        case .localDuplicateWins:
            Row(
                "C", Self.upTo(35), by: [135_593],
                "of endpoints with the same address and port a later one counts only if it is on this node")
        case .externalIPsGate:
            Row("D", Self.from(36), by: [137_293], "the feature gate AllowServiceExternalIPs can turn external IPs off")
        case .nodeHints:
            Row(
                "E", Self.from(34), by: [130_844, 132_127],
                "topology hints by node (forNodes) keep traffic on the node; before, they are ignored")
        case .zeroRangeLiftsRestriction:
            Row(
                "F", Self.from(34), by: [132_722],
                "a source range of all addresses lifts the restriction; before, it is a range like others")
        case .anyZeroPrefixTakesNodePorts:
            Row(
                "G", Self.from(34),
                "every CIDR of length 0 in nodePortAddresses means all addresses; before, only 0.0.0.0/0 and ::/0")
        case .emptyZoneMatchesHints:
            Row("H", Self.from(33), "a node without a zone matches zone hints with the empty name")
        case .accountingCounters:
            Row(
                "I", Self.from(31), by: [122_812, 125_015],
                "two rules count packets with nfacct, where the host supports it")
        case .hintsNeedAnnotation:
            Row(
                "J", Self.upTo(30), by: [125_838],
                "topology hints are ignored unless an annotation of the Service asks for them")
        case .primaryNodePortAddresses:
            Row(
                "K", Self.from(31), by: [123_105],
                "nodePortAddresses takes the word primary; before, kube-proxy does not start with it")
        case .endpointAddressesAsGiven:
            Row(
                "L", Self.upTo(30),
                "endpoints' addresses are written, sorted and hashed as the EndpointSlice spells them")
        case .hairpinSourceAsGiven:
            Row("L", 29...30, "the rule for a pod that reaches itself has the address as the EndpointSlice spells it")
        case .endpointsSortedInSlice:
            Row(
                "C", Self.upTo(30),
                "a slice's endpoints are taken in the order of their addresses' texts, its ports by number; one without crashes"
            )
        case .serviceAddressesAsGiven:
            Row(
                "M", Self.upTo(29),
                "external IPs, load-balancer IPs, source ranges and the pods' CIDR are written as they are spelled")
        case .proxyModeAddressesServed:
            Row(
                "N", Self.upTo(29), by: [123_418],
                "load-balancer addresses with ipMode Proxy get rules like others; since, they are left out")
        case .localPolicyOfExternalIPs:
            Row(
                "O", Self.from(29), by: [121_919],
                "externalTrafficPolicy Local counts for a Service of type ClusterIP that has external IPs")
        case .liberalConntrackKeepsInvalid:
            Row(
                "P", Self.from(29), by: [120_354],
                "the rule that drops INVALID packets is left out where connection tracking is liberal")
        case .nodeIPOfBothFamilies:
            Row("Q", Self.from(29), "the node has an IP of each family; before, only one family's is known")
        case .nodeIPFromNode:
            Row("Q", Self.from(28), "the node's IP is taken from the Node; before, it is the bind address")
        case .zeroPrefixListsNoAddress:
            Row(
                "R", 27...27, "a CIDR of length 0 in nodePortAddresses that is not 0.0.0.0/0 or ::/0 selects no address"
            )
        case .loopbackGuard:
            Row(
                "S", Self.from(27), by: [114_472],
                "KUBE-FIREWALL guards node ports on 127.0.0.1; before, kubelet alone fills it")
        case .rangesEndWithComment:
            Row("T", Self.from(27), "the chain of source ranges ends with a rule that is only a comment")
        case .nodePortsNeedAddress:
            Row("U", Self.upTo(26), "node ports have no rules at all where no address of the host takes them")
        case .hintsNeedAuto:
            Row(
                "V", Self.upTo(26), by: [116_522],
                "only the annotation topology-aware-hints with the value Auto or auto asks for hints")
        case .localhostNodePortsOption:
            Row(
                "W", Self.from(26), by: [108_250],
                "node ports on loopback can be turned off; before, loopback is an address like others")
        case .terminatingEndpoints:
            Row(
                "X", Self.from(26), by: [113_363],
                "endpoints that terminate and still serve are used where no endpoint is ready")
        case .dropsInFilterTable:
            Row(
                "Y", Self.from(25), by: [110_289],
                "packets are dropped in the filter table, by KUBE-PROXY-FIREWALL; before, by kubelet's KUBE-MARK-DROP")
        case .nftables: Row("n", Self.from(31), "nftables mode, which is alpha before")
        case .nftablesEndpointMaps:
            Row(
                "n", Self.from(36),
                "rules translate by a map of endpoints, and a set of local endpoints decides whose hairpin connections "
                    + "are masqueraded; before, every endpoint has a chain")
        case .nftablesSingleEndpoint: Row("n", Self.from(37), "a Service port's only endpoint needs no map")
        case .nftablesShortComments:
            Row("n", Self.from(37), "comments are cut to the 128 bytes that nft takes; before, every sync fails")
        case .nftablesNodePortWords:
            Row("n", Self.from(37), "nodePortAddresses takes ranges and the words primary, localhost and all, mixed")
        case .nftablesLocalhostNodePorts:
            Row(
                "n", Self.from(37), by: [138_427],
                "the feature gate KubeProxyNFTablesLocalhostNodePorts can serve or reject node ports on loopback")
        case .nftablesClusterIPPort:
            Row("n", Self.upTo(33), "the rule that masquerades traffic to a cluster IP names the Service port")
        case .nftablesEarlyFilterChains:
            Row("n", Self.upTo(32), "all filter chains are hooked right before or after translation")
        case .nftablesInterfaceIndex:
            Row("n", Self.upTo(32), "an interface is matched by its index (iif), and so must exist, without a wildcard")
        case .nftablesFlushedSets:
            Row("n", Self.upTo(32), "the first sync flushes sets and maps; since, they are read back")
        }
    }

    /// The letter of the behaviour in the documentation of versions; `n`: a behaviour of nftables mode.
    public var point: Character { row.point }

    /// Whether it shows in a mode.
    public func isOf(_ mode: ProxyMode) -> Bool {
        switch self {
        // The recorded texts of nftables mode were made from objects that had been selected as 1.36 does.
        case .sharedLabelSelector: mode != .nftables
        default: rawValue < ProxyBehavior.nftables.rawValue || mode == .nftables
        }
    }

    /// The known minor versions that do it.
    public var versions: ClosedRange<Int> { row.minors }

    /// The numbers of the pull requests of kubernetes/kubernetes that changed it, as far as they are known.
    public var pullRequests: [Int] { row.pullRequests }

    /// One sentence without a full stop, which says what is done, and where it helps what other versions do.
    public var summary: String { row.summary }
}

/// The behaviours of a version.
public struct ProxyBehaviors: Sendable, Hashable {
    private var bits: UInt64

    /// The behaviours of kube-proxy `1.minor`, one of the known versions.
    init(minor: Int, _ mode: ProxyMode) {
        var bits: UInt64 = 0
        for behavior in ProxyBehavior.allCases where behavior.versions.contains(minor) && behavior.isOf(mode) {
            bits |= 1 << UInt64(behavior.rawValue)
        }
        self.bits = bits
    }

    /// Whether the version does it.
    @inline(__always)
    public func contains(_ behavior: ProxyBehavior) -> Bool { bits & 1 << UInt64(behavior.rawValue) != 0 }

    /// The same, but for one behaviour: with it where it is left out here, and without it where it is not.
    func toggling(_ behavior: ProxyBehavior) -> ProxyBehaviors {
        var toggled = self
        toggled.bits ^= 1 << UInt64(behavior.rawValue)
        return toggled
    }

    /// The behaviours that only one of two has.
    func differences(from other: ProxyBehaviors) -> [ProxyBehavior] {
        ProxyBehavior.allCases.filter { contains($0) != other.contains($0) }
    }
}
