internal import Iptables
public import NetAddress

/// A rule that is not kube-proxy's is met before its own and decides about packets to a Service.
public struct ForeignRule: AuditEvidence {
    public static let id = AuditFinding.Identifier.foreignRule
    /// The first packets that it takes.
    public let taken: TakenPackets

    public enum TakenPackets: Sendable, Hashable {
        case frontend(Frontend)
        /// Packets that have been translated to an endpoint.
        case endpoint(IPAddress, port: UInt16)
    }
}

extension ForeignRule: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        ForeignRuleSearch(subject: subject).run(&findings)
    }

    public var severity: FindingSeverity { .error }

    public var effect: String {
        switch taken {
        case .frontend(let frontend) where frontend.address == nil:
            "the rule is met before kube-proxy's and takes packets to node port \(frontend.port)"
        case .frontend(let frontend):
            "the rule is met before kube-proxy's and takes packets to \(frontend.addressAndPort)"
        case .endpoint(let address, let port):
            "the rule is met before kube-proxy's and takes packets to \(AddressText(address, port: port))"
        }
    }

    public var remedy: String {
        "move the rule behind kube-proxy's jump, or limit it so that it does not match the Service"
    }
}

extension Frontend {
    /// `ADDRESS:PORT`, or the node port.
    fileprivate var addressAndPort: String { address.map { AddressText($0, port: port).description } ?? "\(port)" }
}
