internal import NetAddress
internal import Nftables

/// One thing that a node's table does otherwise for a Service port than it should.
struct NftablesDetail {
    /// What it is about.
    enum Subject: Hashable {
        /// Where connections to a frontend go.
        case frontend(Frontend)
        /// Packets to a frontend without endpoints.
        case verdict(Frontend)
        /// Whether source ranges are checked at a frontend.
        case rangesAt(Frontend)
        /// Whether packets to the port are rejected on the loopback address.
        case localhost(Frontend)
        /// Whether an address counts as a cluster IP.
        case clusterIP(IPAddress)
        /// The share of an endpoint under a policy.
        case endpoint(EndpointReference, ServicePolicy)
        /// Whether numbers are drawn that lead nowhere, or none leads to an endpoint that is listed.
        case balance(ServicePolicy)
        /// Whether the clients that an endpoint had come back to it.
        case affinity(EndpointReference, ServicePolicy)
        /// Whether an endpoint's clients are remembered, and how long.
        case remembered(EndpointReference)
        case timeout(EndpointReference)
        /// Whether an endpoint's packets to itself are masqueraded.
        case hairpin(EndpointReference)
        /// What is masqueraded on its way to the cluster IP.
        case policyMasquerade(ServicePolicy)
        /// Masquerading, and the way, of external traffic that meets conditions.
        case externalMasquerade(String)
        case externalTraffic(String)
        /// Whether sources are checked at all.
        case ranges
        /// Clients of a source range, an address or two with `-` between them.
        case sourceRange(String)
        /// A rule that is not of kube-proxy's structure.
        case rule(chain: String, text: String)
    }

    /// What is done about it.
    enum Action: Hashable {
        case lead(to: ChainRole)
        case refuse, drop
        case share(Share)
        /// Of so many numbers only some lead to an endpoint.
        case numbers(Int, leading: Int)
        case milliseconds(Int)
        /// By a mark; nil: by the chain for it.
        case masquerade(mark: UInt32?, conditions: String)
        /// It is there, or done, or let in.
        case present
    }

    /// A place in the node's text, and what stands there as a command.
    struct Place {
        let line: Int
        let text: String
    }

    let label: ServicePortLabel
    let subject: Subject
    /// Nil: nothing.
    let expected: Action?
    let actual: Action?
    /// What the node has; where it has nothing what it should have, without a line.
    let place: Place
    /// Whether the Service port's rules are right for other endpoints, so that rules and snapshot may just be of different
    /// age.
    var isOfOtherAge = false
}

extension NftablesDetail {
    /// Whether an endpoint has a share on one side only.
    var isPresenceOfEndpoint: Bool {
        if case .endpoint = subject { expected == nil || actual == nil } else { false }
    }
}
