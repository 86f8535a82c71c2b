public import NetAddress

/// A setting of kube-proxy that a node's rules show to be another than the one given.
public enum SettingDifference: Sendable, Hashable {
    /// The node's name; found nil: a name that no Node has.
    case node(found: String?, given: String?)
    /// kube-proxy's version: the rules can be of releases from `1.found` to `1.to`.
    case version(found: Int, to: Int, given: String)
    /// `--iptables-masquerade-bit`.
    case masqueradeBit(found: Int, given: Int)
    /// `--nftables-masquerade-bit`.
    case nftablesMasqueradeBit(found: Int, given: Int)
    /// The feature gate `KubeProxyNFTablesLocalhostNodePorts`.
    case localhostNodePortsInNftables(found: Bool)
    /// What is masqueraded on the way to cluster IPs: how traffic of local pods is detected, or `--masquerade-all`.
    ///
    /// `isNodeCIDR`: the range that was found is the node's own pod CIDR.
    case clusterIPMasquerade(found: MasqueradedSources, given: MasqueradedSources, isNodeCIDR: Bool = false)
    /// `--nodeport-addresses`.
    case nodePortAddresses(found: NodePortPlaces, given: NodePortPlaces)
    /// `--iptables-localhost-nodeports`.
    case localhostNodePorts(found: Bool)
    /// `--conntrack-tcp-be-liberal`.
    case conntrackTCPBeLiberal(found: Bool)
    /// Whether the host's iptables has `MASQUERADE --random-fully`.
    case randomFully(found: Bool)
    /// `--ipvs-scheduler`.
    case scheduler(found: IPVSScheduler, given: IPVSScheduler)
    /// `--ipvs-forwarding`.
    case forwarding(found: ForwardingMethod, given: ForwardingMethod)
    /// `--ipvs-strict-arp`.
    case strictARP(found: Bool)
    /// The feature gate `AllowServiceExternalIPs`.
    case externalIPs(found: Bool)
    /// `--node-address`: node ports answer at addresses that are not among those given.
    case hostAddresses(found: [IPAddress], given: [IPAddress])
    /// `--bind-address`; found nil: none.
    case bindAddress(found: IPAddress?, given: IPAddress)
    /// Whether kube-proxy found the nfacct counters on the host.
    case accountingCounters(found: Bool)

    /// Whose traffic to cluster IPs is masqueraded.
    public enum MasqueradedSources: Sendable, Hashable {
        /// Nobody's.
        case nobody
        /// Everybody's.
        case everybody
        /// All but sources in a range: `--cluster-cidr`, or the node's pod CIDR.
        case outsideRange(IPPrefix)
        /// All but what comes in by an interface: `--pod-bridge-interface`.
        case outsideInterface(String)
        /// All but what comes in by interfaces whose names begin so: `--pod-interface-name-prefix`.
        case outsideInterfaces(prefix: String)
    }

    /// Where node ports answer.
    public enum NodePortPlaces: Sendable, Hashable {
        /// Every address of the node.
        case allAddresses
        /// These addresses.
        case addresses([IPAddress])
        /// The addresses in these ranges.
        case ranges([IPPrefix])
        /// The Node's primary address.
        case primary
    }
}
