internal import Iptables

/// A built-in chain does not jump to one of kube-proxy's.
public struct MissingJump: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingJump
    /// The table's name.
    public let table: String
    /// The built-in chain that should lead there.
    public let chain: String
    /// The chain that should be reached.
    public let target: ChainName.Kind
}

/// None of a table's built-in chains jumps to kube-proxy's chains: one cause for all of them.
public struct MissingJumps: AuditEvidence {
    public static let id = AuditFinding.Identifier.missingJump
    /// The table's name.
    public let table: String
    /// Whether kube-proxy's chains in the table have no rules either.
    public let isFlushed: Bool
}

extension MissingJump: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        let version = subject.plan.version.version.knownMinor
        let expected = JumpRule.iptablesMode.filter { jump in
            jump.isMade(by: version) && (jump.target != .firewall || subject.plan.node.hasLocalhostNodePorts)
        }
        let missing = expected.filter { jump in
            !jump.isDone(by: subject.live.chain(jump.table, jump.chain)?.rules ?? [])
        }
        for table in ["filter", "nat"] {
            let jumps = missing.filter { $0.table == table }
            if jumps.count > 1, jumps.count == expected.count(where: { $0.table == table }) {
                let isFlushed = subject.dumps.live.isFlushed(table)
                findings.add(MissingJumps(table: table, isFlushed: isFlushed))
                continue
            }
            for jump in jumps {
                findings.add(
                    MissingJump(table: jump.table, chain: jump.chain, target: jump.target),
                    rule: "-A \(jump.chain) -j \(jump.target.text)")
            }
        }
    }

    public var severity: FindingSeverity { .error }

    public var effect: String { "\(table) \(chain) does not jump to \(target.text): \(consequence)" }

    private var consequence: String {
        switch (table, chain, target) {
        case ("nat", "PREROUTING", _):
            "no Service works for pods and for clients outside: nothing leads their packets to the rules"
        case ("nat", "OUTPUT", _): "no Service works for processes on the node itself"
        case ("nat", _, _): "nothing is masqueraded: answers of endpoints on other nodes do not come back"
        case (_, "INPUT", .externalServices):
            "connections to node ports and external addresses without endpoints time out instead of being refused"
        case (_, _, .externalServices):
            "connections to external addresses without endpoints time out instead of being refused"
        case (_, _, .nodePorts): "health checks of load balancers may be dropped by the host's own firewall"
        case (_, "FORWARD", .services):
            "connections of pods to Services without endpoints time out instead of being refused"
        case (_, _, .services):
            "connections of the node to Services without endpoints time out instead of being refused"
        case (_, _, .forward): "traffic to endpoints may be dropped where the host forwards nothing by default"
        case (_, "OUTPUT", .proxyFirewall): "the node itself is let in whatever the source ranges of load balancers say"
        case (_, _, .proxyFirewall): "clients outside the source ranges of load balancers are not dropped"
        case (_, "INPUT", _): "hosts on the same network can reach services that listen on the node's loopback address"
        default: "packets to the node's loopback address are not dropped on their way out"
        }
    }

    public var remedy: String {
        "let kube-proxy sync: it puts the jump back; find out who removed it, such as a firewall service that flushes "
            + "all rules when it starts"
    }
}

extension MissingJumps {
    public var severity: FindingSeverity { .error }

    public var effect: String {
        let cause =
            isFlushed
            ? "the \(table) table was flushed: the chains of kube-proxy are there, but neither rules in them nor jumps to them; "
            : "no built-in chain of the \(table) table jumps to kube-proxy's chains: "
        return cause
            + (table == "nat"
                ? "no Service works on this node, and nothing is masqueraded"
                : "connections to Services without endpoints time out instead of being refused, clients outside of source "
                    + "ranges are let in, and traffic to endpoints may be dropped where the host forwards nothing by default")
    }

    public var remedy: String {
        isFlushed
            ? remedyForFlush
            : "find out who removed the jumps, such as a firewall service that flushes built-in chains "
                + "when it starts; kube-proxy puts them back with its next full sync, at the latest when it is restarted"
    }
}

/// What to do about tables whose rules somebody removed.
let remedyForFlush =
    "restart kube-proxy on this node, and find out who ran 'iptables -F', such as a firewall service when it starts: "
    + "kube-proxy notices by itself only if its chain KUBE-PROXY-CANARY is gone, which -F leaves"
