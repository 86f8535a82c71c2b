/// One step towards another state of a host: a program to run, or a sysctl to write.
public struct HostStep: Sendable, Hashable {
    public enum Program: String, Sendable, Hashable {
        case ip, ipset, ipvsadm
        /// Of the family that the step is for.
        case iptablesRestore
    }

    public enum Work: Sendable, Hashable {
        /// Writes a value to a file below /proc/sys.
        case write(IPVSHostState.Sysctl)
        /// Runs a program with arguments and what it reads from standard input.
        case run(Program, [String], input: String)
    }

    /// What is worked on, such as `IPv4 sets`.
    public let name: String
    /// The change, such as `17 added`.
    public let summary: String
    public let work: Work
    /// The index of the family among those of the states; nil: the step is for all.
    public let family: Int?
}
