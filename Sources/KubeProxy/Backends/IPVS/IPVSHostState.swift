public import Iptables
public import NetAddress

/// The current or wanted state of IPVS mode on a host: everything that `apply` and `cleanup` change.
public struct IPVSHostState: HostState {
    /// The dummy interface that has the addresses of Services, so that packets for them are the host's own.
    public static let interfaceName = "kube-ipvs0"

    /// A setting of the kernel's: a file below /proc/sys.
    public typealias Sysctl = HostStep.Sysctl

    /// In the order in which they are written.
    public var sysctls: [Sysctl]
    /// How many seconds idle connections are kept: TCP, TCP after a FIN, UDP; 0: not compared.
    public var timeouts: [Int]
    /// Whether there is an interface `kube-ipvs0`.
    public var hasInterface: Bool
    /// What each family has.
    public var families: [IPVSFamilyState]

    /// A state of these parts.
    public init(sysctls: [Sysctl], timeouts: [Int], hasInterface: Bool, families: [IPVSFamilyState]) {
        self.sysctls = sysctls
        self.timeouts = timeouts
        self.hasInterface = hasInterface
        self.families = families
    }

    /// The steps that leave exactly what is wanted, without regard to connections.
    public func steps(to wanted: IPVSHostState) -> [HostStep] { IPVSChanges(from: self, to: wanted, .exact).steps }
}

/// The part of one family.
public struct IPVSFamilyState: Sendable {
    /// The family.
    public var family: AddressFamily
    /// The addresses of the interface `kube-ipvs0`, without those that kube-proxy ignores.
    public var addresses: [BoundAddress] = []
    /// Those of the 17 sets that are there.
    public var sets: [HostSet] = []
    /// The virtual servers.
    public var servers: [HostServer] = []
    /// All of iptables' rules of the family.
    public var rules: Ruleset
    /// kube-proxy's own text for iptables-restore, where the rules are to be written by it.
    var restoreText: [UInt8]?
}

/// An address of an interface.
public struct BoundAddress: Sendable, Hashable {
    /// The address.
    public let address: IPAddress
    /// The length of its network's prefix.
    public let length: Int

    var text: String { "\(address)/\(length)" }
}

/// A set of the kernel's.
public struct HostSet: Sendable, Hashable {
    /// The name.
    public let name: String
    /// The type with those options that cannot be changed, such as `hash:ip family inet`.
    public let kind: String
    /// Each once, as `ipset add` takes them, addresses in canonical spelling.
    public var entries: [String]
}

/// A virtual server of the kernel's that is known by address and port, and not by a mark.
public struct HostServer: Sendable, Hashable {
    /// As ipvsadm names it, such as `-t 10.96.0.1:443`.
    public let name: String
    /// The protocol.
    public let transport: TransportProtocol
    /// The address.
    public let address: IPAddress
    /// The port.
    public let port: UInt16
    /// Scheduler, persistence and flags as ipvsadm spells them.
    public let options: String
    /// The real servers.
    public var realServers: [HostRealServer] = []

    /// As sets of addresses with ports name it.
    var entry: String { "\(address),\(transport.name):\(port)" }

    /// The word after `-s`.
    var scheduler: Substring { options.split(separator: " ").dropFirst().first ?? "" }
}

/// A real server of a virtual server.
public struct HostRealServer: Sendable, Hashable {
    /// `address:port`, with brackets around an IPv6 address.
    public let name: String
    /// The forwarding method, and all other options of ipvsadm except the weight.
    public let options: String
    /// 0: it gets no new connections.
    public let weight: Int
    /// Those that the kernel counts as active, and the others that it remembers.
    public var connections: Int
}
