/// The transport protocols that a Service port can have.
public enum TransportProtocol: UInt8, Sendable, Hashable, CaseIterable {
    /// The three protocols of a Service port.
    case tcp, udp, sctp

    /// The protocol with this upper-case name, as the Kubernetes API writes it; nil for any other text.
    public init?(kubernetesName name: Span<UInt8>) {
        for candidate in TransportProtocol.allCases where candidate.kubernetesName.utf8.elementsEqual(name) {
            self = candidate
            return
        }
        return nil
    }

    /// The name as the Kubernetes API writes it: `TCP`, `UDP`, `SCTP`.
    public var kubernetesName: String {
        switch self {
        case .tcp: "TCP"
        case .udp: "UDP"
        case .sctp: "SCTP"
        }
    }

    /// The protocol's number above IP (IANA).
    package var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }

    /// The protocol with this number above IP; nil for any other.
    package init?(number: UInt8) {
        guard let found = TransportProtocol.allCases.first(where: { $0.number == number }) else { return nil }
        self = found
    }

    /// The protocol that iptables and nft write so; nil for any other.
    package init?(name: String) {
        guard let found = TransportProtocol.allCases.first(where: { $0.name.description == name }) else { return nil }
        self = found
    }

    /// The name as iptables writes it: `tcp`, `udp`, `sctp`.
    public var name: StaticString {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        case .sctp: "sctp"
        }
    }
}

extension Sequence<UInt8> {
    /// Whether the bytes equal those of the span.
    fileprivate func elementsEqual(_ span: Span<UInt8>) -> Bool {
        var index = 0
        for byte in self {
            guard index < span.count, span[index] == byte else { return false }
            index += 1
        }
        return index == span.count
    }
}
