internal import Iptables
public import NetAddress

/// A rule or a policy that is not kube-proxy's decides about packets to a Service.
public struct ForeignRule: AuditEvidence {
    public static let id = AuditFinding.Identifier.foreignRule
    /// The first packets that it takes.
    public let taken: TakenPackets
    /// What the rule does with the packets.
    public let effectOfRule: Effect

    /// The packets that the rule takes.
    public enum TakenPackets: Sendable, Hashable {
        /// Those for a frontend.
        case frontend(Frontend)
        /// Packets that have been translated to an endpoint.
        case endpoint(IPAddress, port: UInt16)
    }

    /// What a rule does with packets.
    public enum Effect: Sendable, Hashable {
        /// It drops them, or rejects them.
        case drops, refuses
        /// The rule is in the nat table, and kube-proxy's rules do not see the packets any more.
        case takes
        /// The built-in chain drops what no rule accepts.
        case policyDrops(chain: String)
        /// The rule keeps marked packets from kube-proxy's rules that masquerade them.
        case leavesUnmasqueraded
    }
}

extension ForeignRule: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        ForeignRuleSearch(subject).run(&findings)
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        switch effectOfRule {
        case .takes:
            "the rule is met before kube-proxy's and takes packets to \(taken.text): they do not reach the Service"
        case .leavesUnmasqueraded:
            "the rule is met before KUBE-POSTROUTING, so that packets of clients outside to \(taken.text) are not "
                + "masqueraded, although kube-proxy has marked them: answers may come back another way and be dropped"
        case .drops: "a rule that is not kube-proxy's drops packets to \(taken.text): connections time out"
        case .refuses: "a rule that is not kube-proxy's refuses packets to \(taken.text): connections are refused"
        case .policyDrops(let chain):
            "the policy of \(chain) is DROP, and no rule accepts pods' packets to endpoints such as \(taken.text), which "
                + "kube-proxy does not mark: connections to Services time out"
        }
    }

    public var remedy: String {
        switch effectOfRule {
        case .takes, .leavesUnmasqueraded:
            "move the rule behind kube-proxy's jump, or limit it so that it does not match the Service"
        case .drops, .refuses:
            "find out which program adds the rule, and limit it there so that it does not match pods and Services"
        case .policyDrops(let chain):
            "let the network plugin accept pods' traffic, or accept it with 'iptables -A \(chain) -s PODS -j ACCEPT' and "
                + "'iptables -A \(chain) -d PODS -j ACCEPT'; Docker sets the policy to DROP when it starts"
        }
    }
}

extension ForeignRule.Effect {
    /// What a rule does to packets that it matches.
    init(_ rule: Rule) {
        switch rule.target {
        case .drop: self = .drops
        case .reject: self = .refuses
        default: self = .takes
        }
    }
}

extension ForeignRule.TakenPackets {
    /// The address and port, in words.
    var text: String {
        switch self {
        case .frontend(let frontend):
            frontend.address.map { AddressText($0, port: frontend.port).description } ?? "node port \(frontend.port)"
        case .endpoint(let address, let port): AddressText(address, port: port).description
        }
    }
}
