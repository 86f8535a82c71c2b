import Iptables
import NetAddress
import Testing

/// What the values of the model say, held against man pages and the arithmetic of the kernel's modules.
@Suite struct MeaningTests {
    private func match(_ rule: String, _ family: AddressFamily = .ipv4) throws -> Match {
        try #require(RuleText(rule: rule, family: family).rules().first?.matches.first)
    }

    @Test func addresses() throws {
        func contains(_ rule: String, _ address: String, _ family: AddressFamily = .ipv4) throws -> Bool? {
            let rules = try RuleText(rule: rule, family: family).rules()
            return try rules.first?.source?.contains(#require(IPAddress(address)))
        }
        #expect(try contains("-s 10.0.0.0/8", "10.255.0.1") == true)
        #expect(try contains("-s 10.0.0.0/8", "11.0.0.1") == false)
        #expect(try contains("! -s 10.0.0.0/8", "11.0.0.1") == true)
        #expect(try contains("-s 10.0.7.0/255.0.255.0", "10.9.7.1") == true)
        #expect(try contains("-s 10.0.7.0/255.0.255.0", "10.9.8.1") == false)
        #expect(try contains("-s fd00::/64", "fd00::1:0:0:1", .ipv6) == true)
        #expect(try contains("-s fd00::/64", "10.0.0.1", .ipv6) == false)
        let rule = try #require(RuleText(rule: "-s 10.0.0.0/255.0.255.0 -d 10.0.0.0/8").rules().first)
        #expect(rule.source?.prefix == nil)
        #expect(rule.destination?.prefix == IPPrefix("10.0.0.0/8"))
        #expect(rule.destination == AddressMatch(try #require(IPPrefix("10.0.0.0/8"))))
    }

    @Test(arguments: [("eth0", "eth0", true), ("eth0", "eth01", false), ("eth+", "eth01", true), ("eth+", "lo", false)])
    func interfaces(_ pattern: String, _ name: String, _ fits: Bool) {
        #expect(InterfaceMatch(pattern).contains(name) == fits)
        #expect(InterfaceMatch(pattern, isNegated: true).contains(name) != fits)
    }

    /// `lround(0x80000000 * p)`, libxt_statistic.c, for every short decimal and the probabilities of 1/n.
    @Test func chances() throws {
        var texts = (0...999).map { "0." + String(String($0 + 1000).dropFirst()) }
        texts += (2...2000).map { count in
            let digits = String(UInt64((1e10 / Double(count)).rounded(.toNearestOrEven)))
            return "0." + String(repeating: "0", count: 10 - digits.count) + digits
        }
        texts += ["0", "1", "1.0", "0.00000000023", "0.00000000024", "0.999999999999", "2e-3"]
        for text in texts {
            guard case .statistic(let statistic) = try match("-m statistic --mode random --probability \(text)"),
                case .random(let chance) = statistic.mode
            else { throw RulesetErrorForTests.wrongCase }
            let expected = try #require(Double(text)) * 0x8000_0000
            #expect(chance.steps == UInt32(expected.rounded(.toNearestOrAwayFromZero)), "\(text)")
        }
    }

    private enum RulesetErrorForTests: Error { case wrongCase }

    @Test func marks() throws {
        func applied(_ option: String, to mark: UInt32) throws -> UInt32? {
            let rules = try RuleText(rule: "-j MARK \(option)", table: "mangle").rules()
            guard case .mark(let change) = rules.first?.target else { return nil }
            return change.applied(to: mark)
        }
        #expect(try applied("--or-mark 0x4000", to: 1) == 0x4001)
        #expect(try applied("--xor-mark 0x4000", to: 0x4001) == 1)
        #expect(try applied("--and-mark 0xff", to: 0x4001) == 1)
        #expect(try applied("--set-mark 5", to: 0x4001) == 5)
        #expect(try applied("--set-mark 0x2/0x3", to: 0x4001) == 0x4002)
        #expect(try applied("--set-xmark 0x1/0x3", to: 0x4003) == 0x4001)
        #expect(try match("-m mark --mark 0x4000/0x4000") == .mark(MarkMatch(0x4000, mask: 0x4000)))
        #expect(MarkMatch(0x4000, mask: 0x4000).contains(0x4001))
        #expect(!MarkMatch(0x4000, mask: 0x4000, isNegated: true).contains(0x4001))
    }

    @Test func ports() throws {
        guard case .tcp(let tcp) = try match("-p tcp ! --dport 80:90") else { return #expect(Bool(false)) }
        #expect(tcp.destination?.contains(80) == false)
        #expect(tcp.destination?.contains(91) == true)
        #expect(tcp.source == nil)
    }

    @Test func translations() throws {
        func target(_ rule: String, _ family: AddressFamily = .ipv4) throws -> Target? {
            try RuleText(rule: rule, table: "nat", family: family).rules().first?.target
        }
        #expect(
            try target("-p tcp -j DNAT --to-destination 10.0.0.1:80")
                == .dnat(TranslationTarget(IPAddress("10.0.0.1"), ports: PortRange(80))))
        #expect(
            try target("-p tcp -j DNAT --to-destination [fd00::1]:80", .ipv6)
                == .dnat(TranslationTarget(IPAddress("fd00::1"), ports: PortRange(80))))
        #expect(try target("-j MASQUERADE --random-fully") == .masquerade(PortTranslation(isFullyRandom: true)))
    }

    @Test func states() throws {
        #expect(
            try match("-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT")
                == .conntrack(
                    ConntrackMatch(states: .init([.related, .established, .dnat], isNegated: true))))
        #expect(
            try match("-m addrtype --dst-type LOCAL") == .addrtype(AddressTypeMatch(destination: .local)))
    }
}
