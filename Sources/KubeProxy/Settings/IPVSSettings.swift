public import NetAddress

/// How the kernel chooses among the real servers of a virtual server: the modules `ip_vs_*`.
public enum IPVSScheduler: String, Sendable, Hashable, CaseIterable {
    /// As the kernel calls them: ipvsadm(8), scheduling-method.
    case rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh
}

/// How packets get from the virtual server to a real one: ipvsadm(8), packet-forwarding-method.
public enum ForwardingMethod: String, Sendable, Hashable, CaseIterable {
    /// The destination is rewritten, the only way that kube-proxy uses.
    case masquerading
    /// The packet is sent as it is to the real server's hardware address.
    case gatewaying
    /// The packet is sent as it is, within another one for the real server.
    case tunneling

    /// Whether a real server may listen on another port than the virtual one.
    public var translatesPorts: Bool { self == .masquerading }
}

/// The kernel's version, as far as kube-proxy asks for it.
public struct KernelVersion: Sendable, Hashable, Comparable {
    /// The first number.
    public let major: Int
    /// The second number.
    public let minor: Int

    /// The version with these two numbers.
    public init(_ major: Int, _ minor: Int) {
        self.major = major
        self.minor = minor
    }

    public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}

/// kube-proxy's settings for IPVS mode, and what it finds out about its host. The defaults are kube-proxy's.
public struct IPVSSettings: Sendable, Hashable {
    /// How virtual servers choose.
    public var scheduler = IPVSScheduler.rr
    /// The ranges in which left-over virtual servers are not deleted. They have no effect on the texts.
    public var excludeCIDRs: [IPPrefix] = []
    /// Answer and announce only addresses of the receiving interface (sysctls `arp_ignore` and `arp_announce`).
    public var strictARP = false
    /// How long the kernel keeps an idle connection; zero: as the host has it.
    public var tcpTimeout = Duration.zero
    /// The same after a FIN.
    public var tcpFinTimeout = Duration.zero
    /// The same for UDP.
    public var udpTimeout = Duration.zero
    /// kube-proxy knows masquerading only.
    public var forwarding = ForwardingMethod.masquerading
    /// The node's kernel; kube-proxy writes other sysctls for older ones.
    public var kernelVersion = KernelVersion(6, 1)

    /// kube-proxy's defaults.
    public init() {}
}

extension IPVSScheduler {
    /// Whether each real server gets an equal share.
    public var sharesEqually: Bool { self == .rr || self == .wrr }
}
