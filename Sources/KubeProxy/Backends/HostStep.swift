/// The state of a host, current or wanted, as far as a mode of kube-proxy changes it.
public protocol HostState: Sendable {
    /// The steps that lead from this state to another one of the same host. Undoing is a step like any other: towards the
    /// state from before.
    func steps(to wanted: Self) -> [HostStep]
}

/// One step towards another state of a host: a program to run, or a sysctl to write.
public struct HostStep: Sendable, Hashable {
    /// A program that a step runs.
    public enum Program: String, Sendable, Hashable {
        /// Of iproute2, of ipset, and of ipvsadm.
        case ip, ipset, ipvsadm
        /// Of the part that the step is for.
        case iptablesRestore
        /// Of nftables, for all families.
        case nft
    }

    /// A setting of the kernel's: a file below /proc/sys.
    public struct Sysctl: Sendable, Hashable {
        /// What it is called.
        public let name: String
        /// The value, as text.
        public let value: String

        /// A sysctl with its value.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What a step does.
    public enum Work: Sendable, Hashable {
        /// Writes a value to a file below /proc/sys.
        case write(Sysctl)
        /// Runs a program with arguments and what it reads from standard input.
        case run(Program, [String], input: String)
    }

    /// What is worked on, such as `IPv4 sets`.
    public let name: String
    /// The change, such as `17 added`.
    public let summary: String
    /// What it does.
    public let work: Work
    /// The index of the part, such as a family, among those of the states; nil: the step is for all.
    public let family: Int?

    /// A step.
    public init(name: String, summary: String, work: Work, family: Int?) {
        self.name = name
        self.summary = summary
        self.work = work
        self.family = family
    }

    /// What iptables-restore is run with: chains that the input does not name stay.
    public static let restoreArguments = ["--noflush", "--counters"]
}
