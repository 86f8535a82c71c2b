internal import Iptables
internal import NetAddress

// The forms of kube-proxy's rules, recognised however they are written.

extension Rule {
    /// A rule of a policy's chain.
    enum PolicyStep {
        /// Packets that meet a condition are marked for masquerading.
        case masquerade(RuleConditions)
        /// A client that used an endpoint within this many seconds goes there again.
        case affinity(String, UInt32)
        /// A share of the packets goes to an endpoint's chain.
        case share(String, Double)
        case other
    }

    var policyStep: PolicyStep {
        guard case .jump(let chain) = target else { return .other }
        if chain == "KUBE-MARK-MASQ" { return .masquerade(RuleConditions(self)) }
        guard ChainName(chain)?.kind == .endpoint, !hasBasicConditions else { return .other }
        var step = PolicyStep.share(chain, 1)
        for match in matches where !match.changesNothing {
            switch match {
            case .statistic(let statistic):
                guard case .random(let chance) = statistic.mode, !statistic.isNegated else { return .other }
                step = .share(chain, chance.value)
            case .recent(let recent):
                guard recent.operation == .check, !recent.isNegated, recent.name == chain, recent.reaps,
                    recent.side == .source, let seconds = recent.seconds
                else { return .other }
                step = .affinity(chain, seconds)
            default: return .other
            }
        }
        return step
    }

    /// Whether the rule is limited by source alone.
    var isOnlySource: Bool {
        destination == nil && inInterface == nil && outInterface == nil && self.protocol == nil && fragment == nil
            && matches.allSatisfy(\.changesNothing)
    }

    /// Whether the rule is limited by no more than destination, protocol and port, or that the destination is local.
    var isPlainFrontend: Bool {
        guard source == nil, inInterface == nil, outInterface == nil, fragment == nil,
            destination?.isNegated != true, destination == nil || frontend?.address != nil
        else { return false }
        return matches.allSatisfy { match in
            switch match {
            case .comment: true
            case .tcp(let match): match == TCPMatch(destination: match.destination)
            case .udp(let match): match == UDPMatch(destination: match.destination)
            case .sctp(let match): match == SCTPMatch(destination: match.destination)
            case .addrtype(let match): match == AddressTypeMatch(destination: .local)
            default: false
            }
        }
    }

    /// The address whose traffic is masqueraded, in an endpoint's chain.
    var hairpinSource: IPAddress? {
        guard target == .jump("KUBE-MARK-MASQ"), isOnlySource, let prefix = source?.prefix, source?.isNegated == false,
            prefix.length == prefix.family.bitWidth
        else { return nil }
        return prefix.network
    }

    /// The endpoint that the rule translates the destination to.
    var translation: EndpointReference? {
        guard case .dnat(let translation) = target, let first = translation.first, first == translation.last,
            let ports = translation.ports, ports.first == ports.last
        else { return nil }
        return .address(first.address, port: ports.first)
    }

    /// Whether the translation is limited by no more than the protocol, and does no more than translate.
    var isPlainTranslation: Bool {
        guard case .dnat(let translation) = target, source == nil, destination == nil, inInterface == nil,
            outInterface == nil, fragment == nil, transport != nil, !translation.isRandom, !translation.isPersistent
        else { return false }
        return matches.allSatisfy { match in
            switch match {
            case .comment: true
            case .tcp(let match): match == TCPMatch()
            case .udp(let match): match == UDPMatch()
            case .sctp(let match): match == SCTPMatch()
            case .recent(let match): match.operation == .set && !match.isNegated
            default: false
            }
        }
    }

    /// The list in which a client is remembered.
    var recentSet: String? {
        for case .recent(let match) in matches where match.operation == .set { return match.name }
        return nil
    }
}
