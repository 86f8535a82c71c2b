import NetAddress
import Testing

/// Texts and what they write. The results are those of Go's `ParseIPSloppy` and `IP.String`, which kube-proxy uses, worked
/// out from their source and RFC 5952.
@Suite struct AddressTests {
    @Test(arguments: [
        ("10.0.0.1", "10.0.0.1"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
        // Leading zeros are decimal, however many there are.
        ("172.30.0.041", "172.30.0.41"), ("0000000010.0.0.08", "10.0.0.8"),
        ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::1", "2001:db8::1"),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
        // The first of two equally long runs of zeros is shortened, a single zero group never.
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"), ("0:0:1::", "0:0:1::"),
        ("fe80:0:0:0:0:0:0:0", "fe80::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("00001::", "1::"),
        // A dotted quad may end an address; a mapped address is an IPv4 address.
        ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"), ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
        ("::ffff:10.0.0.1", "10.0.0.1"), ("::FFFF:0A00:0001", "10.0.0.1"), ("::ffff:010.0.0.1", "10.0.0.1"),
        ("::1.2.3.4", "::102:304"),
    ])
    func parsesAndPrints(_ text: String, _ canonical: String) throws {
        let address = try #require(IPAddress(text))
        #expect(address.description == canonical)
        #expect(address.family == (canonical.contains(":") ? .ipv6 : .ipv4))
        #expect(IPAddress(canonical) == address)
    }

    @Test(arguments: [
        "", " ", "bogus", "10.0.0", "10.0.0.", "10.0.0.1.", ".10.0.0.1", "10.0.0.256", "10..0.1", "10.0.0.1 ",
        " 10.0.0.1", "10.0.0.0x1", "1.2.3.4/32", "99999999.0.0.1", "-1.0.0.1", "1.2.3.4:80",
        ":", ":::", "1:", ":1", "1::2::3", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1%eth0", "g::",
        "10000::", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5", "[::1]",
        "1:2:3:4:5:1.2.3.4", "::fffff",
    ])
    func refuses(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.0.0.0/8"), ("203.0.113.7/24", "203.0.113.0/24"), ("1.2.3.4/0", "0.0.0.0/0"),
        ("192.168.1.1/032", "192.168.1.1/32"), ("10.1.2.3/31", "10.1.2.2/31"), ("010.0.0.0/8", "10.0.0.0/8"),
        ("2001:db8:ffff::/33", "2001:db8:8000::/33"), ("fd00::1/128", "fd00::1/128"), ("fd00::1/0", "::/0"),
        ("fd00:1:2:3:4:5:6:7/64", "fd00:1:2:3::/64"), ("fd00:1:2:3:4:5:6:7/65", "fd00:1:2:3::/65"),
        // A mapped range is the IPv4 range; one that reaches beyond the mapped block is an IPv6 range.
        ("::ffff:1.2.3.0/120", "1.2.3.0/24"), ("::ffff:1.2.3.4/128", "1.2.3.4/32"),
        ("::ffff:1.2.3.4/90", "::ffc0:0:0/90"),
    ])
    func parsesRanges(_ text: String, _ canonical: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(prefix.description == canonical)
    }

    @Test(arguments: [
        "", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8 ", " 10.0.0.0/8", "10.0.0/8",
        "fd00::/129", "fd00::", "/8", "10.0.0.0/8/8", "10.0.0.0/255.0.0.0", "1.2.3.4/a", "bogus/8",
    ])
    func refusesRanges(_ text: String) {
        #expect(IPPrefix(text) == nil)
    }

    @Test func rangesHoldAddresses() throws {
        let range = try #require(IPPrefix("203.0.113.0/25"))
        #expect(range.contains(try #require(IPAddress("203.0.113.127"))))
        #expect(!range.contains(try #require(IPAddress("203.0.113.128"))))
        #expect(!range.contains(try #require(IPAddress("::1"))))
        #expect(IPPrefix.all(.ipv6).contains(try #require(IPAddress("fe80::1"))))
        #expect(!IPPrefix.all(.ipv6).contains(try #require(IPAddress("10.0.0.1"))))
    }

    @Test func knowsLoopback() throws {
        for (text, isLoopback) in [
            ("127.0.0.1", true), ("127.255.0.1", true), ("128.0.0.1", false), ("::1", true), ("::2", false),
        ] {
            #expect(try #require(IPAddress(text)).isLoopback == isLoopback)
        }
    }

    /// Endpoints are sorted as kube-proxy sorts strings: by bytes, not by number.
    @Test func sortsEndpointsAsText() throws {
        let addresses = ["10.0.0.2", "10.0.0.10", "10.0.0.1", "9.255.255.255", "fd00::1", "fd00::", "255.255.255.255"]
        var texts: [AddressText] = []
        for address in addresses {
            for port in [1, 80, 9, 65_535, 8080] as [UInt16] {
                texts.append(AddressText(try #require(IPAddress(address)), port: port))
            }
        }
        let strings = texts.map(\.description)
        #expect(texts.sorted().map(\.description) == strings.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        #expect(strings.contains("[fd00::1]:8080") && strings.contains("10.0.0.10:80"))
    }

    @Test func holdsTheLongestText() throws {
        let longest = try #require(IPAddress("1111:2222:3333:4444:5555:6666:7777:8888"))
        #expect(
            AddressText(longest, port: 65_535).description == "[1111:2222:3333:4444:5555:6666:7777:8888]:65535")
        #expect(IPPrefix(single: longest).description == "1111:2222:3333:4444:5555:6666:7777:8888/128")
    }
}
