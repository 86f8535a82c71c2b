import Testing

@testable import NetAddress

/// Sets of addresses, compared with all addresses of a small range one by one.
@Suite struct AddressSetTests {
    /// Ranges in 10.0.0.0/28, a part of them taken out again.
    private static let cases: [(ranges: [String], except: [String])] = [
        (["0.0.0.0/0"], []), (["10.0.0.0/28"], ["10.0.0.4/30"]), (["10.0.0.0/30", "10.0.0.8/31"], ["10.0.0.1/32"]),
        (["0.0.0.0/0"], ["10.0.0.0/30", "10.0.0.9/32"]), ([], []),
        (["10.0.0.8/29"], ["10.0.0.8/31", "10.0.0.10/31", "10.0.0.12/30"]),
        (["10.0.0.0/29"], ["10.0.0.0/30", "10.0.0.4/31", "10.0.0.6/32"]),
    ]

    @Test(arguments: cases)
    func rangesThatHoldAllOrNone(_ ranges: [String], _ except: [String]) throws {
        let set = AddressSet(.ipv4, ranges.compactMap { IPPrefix($0) }, except: except.compactMap { IPPrefix($0) })
        for length in [0, 24, 28, 29, 30, 31, 32] {
            for low in UInt32(0)..<16 {
                let range = IPPrefix(IPAddress(ipv4: 0x0A00_0000 | low), length: length)
                let inside = !set.intersection([range]).isEmpty
                let outside = !set.subtracting([range]).isEmpty
                #expect(set.areIn(range) == (inside ? outside ? nil : true : false), "\(set) in \(range)")
            }
        }
        #expect(set.areIn(.all(.ipv6)) == false)
    }

    @Test(arguments: [
        ("10.0.0.0", "10.0.0.255", ["10.0.0.0/24"]), ("10.0.0.5", "10.0.0.5", ["10.0.0.5/32"]),
        ("10.0.0.1", "10.0.0.6", ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]),
        ("0.0.0.0", "255.255.255.255", ["0.0.0.0/0"]), ("255.255.255.254", "255.255.255.255", ["255.255.255.254/31"]),
        ("10.0.0.2", "10.0.0.1", []), ("fd00::1", "fd00::2", ["fd00::1/128", "fd00::2/128"]),
        ("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["::/0"]),
    ])
    func rangesBetweenAddresses(_ first: String, _ last: String, _ expected: [String]) throws {
        let ranges = IPPrefix.covering(try #require(IPAddress(first)), try #require(IPAddress(last)))
        #expect(ranges.map(\.description) == expected)
    }
}
