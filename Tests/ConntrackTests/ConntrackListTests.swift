import Conntrack
import NetAddress
import Testing

/// Lists of connections, as a kernel's conntrack 1.4.7 and `/proc/net/nf_conntrack` print them.
@Suite struct ConntrackListTests {
    private static func entries(_ text: String) throws -> [ConntrackEntry] {
        try ConntrackList(parsing: Array(text.utf8).span).entries
    }

    private static func tuple(_ source: String, _ sourcePort: UInt16, _ destination: String, _ port: UInt16) throws
        -> ConntrackTuple
    {
        ConntrackTuple(
            source: try #require(IPAddress(source)), destination: try #require(IPAddress(destination)),
            sourcePort: sourcePort, destinationPort: port)
    }

    private static func xml(_ flows: String) -> String {
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<conntrack>\n\(flows)\n</conntrack>\n"
    }

    private static let udpInXML =
        #"<flow><meta direction="original"><layer3 protonum="2" protoname="ipv4"><src>10.244.1.9</src><dst>10.96.0.10</dst>"#
        + #"</layer3><layer4 protonum="17" protoname="udp"><sport>36889</sport><dport>53</dport></layer4></meta>"#
        + #"<meta direction="reply"><layer3 protonum="2" protoname="ipv4"><src>10.244.1.5</src><dst>10.244.1.9</dst></layer3>"#
        + #"<layer4 protonum="17" protoname="udp"><sport>5353</sport><dport>36889</dport></layer4></meta>"#
        + #"<meta direction="independent"><timeout>29</timeout><mark>0</mark><use>1</use><id>3291202498</id><unreplied/></meta></flow>"#

    /// One connection in every form that it is listed in.
    @Test(arguments: [
        "udp      17 29 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 [UNREPLIED] src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889 mark=0 use=1\n",
        "ipv4     2 udp      17 29 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 [UNREPLIED] src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889 mark=0 zone=0 use=2\n",
        "ipv4     2 udp      17 29 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 packets=3 bytes=90 [UNREPLIED] src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889 packets=0 bytes=0 mark=0 use=1 id=3291202498 [start=Mon Nov 30 01:50:00 2026] [stop=]\n",
        // Without the time, and with the end of the line of Windows.
        "udp 17 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 [UNREPLIED] src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889 mark=0 secctx=system_u:object_r:unlabeled_t:s0 use=1\r\n",
        "\u{FEFF}udp 17 1 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 [UNREPLIED] src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889",
        "\nudp 17 1 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 [UNREPLIED] src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889\n\nconntrack v1.4.7 (conntrack-tools): 1 flow entries have been shown.\n",
        xml(udpInXML),
        // Of two families, one after the other, and with what other versions add.
        xml(udpInXML.replacing("<use>1</use>", with: "<use>1</use><helper>a &amp; b</helper><labels/>"))
            + xml(""),
    ])
    func form(_ text: String) throws {
        let list = try ConntrackList(parsing: Array(text.utf8).span)
        #expect(list.count == 1)
        let entry = try #require(list.entries.first)
        #expect(entry.transport == .udp)
        #expect(entry.original == (try Self.tuple("10.244.1.9", 36889, "10.96.0.10", 53)))
        #expect(entry.reply == (try Self.tuple("10.244.1.5", 5353, "10.244.1.9", 36889)))
        #expect(entry.status == .unreplied)
        #expect(entry.mark == 0 && entry.zone == 0)
        #expect(entry.hasTranslatedDestination && !entry.hasTranslatedSource)
        #expect(
            entry.description
                == "udp 17 src=10.244.1.9 dst=10.96.0.10 sport=36889 dport=53 [UNREPLIED] "
                + "src=10.244.1.5 dst=10.244.1.9 sport=5353 dport=36889 mark=0")
        // What is printed reads back as the same.
        #expect(try Self.entries(entry.description).map(\.description) == [entry.description])
    }

    @Test func familiesProtocolsAndStates() throws {
        let text = """
            tcp      6 431999 ESTABLISHED src=10.0.0.9 dst=10.0.0.1 sport=5000 dport=30080 src=10.244.2.5 dst=10.0.0.1 sport=8080 dport=61000 [ASSURED] mark=0 zone=5 use=1
            tcp      6 59 CLOSE_WAIT src=10.0.0.9 dst=10.0.0.2 sport=5001 dport=80 src=10.0.0.2 dst=10.0.0.9 sport=80 dport=5001 [ASSURED] mark=16384 use=1
            sctp     132 3 SHUTDOWN_ACK_SENT src=10.0.0.9 dst=10.0.0.2 sport=1 dport=2 src=10.0.0.2 dst=10.0.0.9 sport=2 dport=1 mark=4294967295 use=1
            icmp     1 29 src=10.0.0.9 dst=10.0.0.2 type=8 code=0 id=7 src=10.0.0.2 dst=10.0.0.9 type=0 code=0 id=7 mark=0 use=1
            unknown  2 599 src=10.0.0.9 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=10.0.0.9 mark=0 use=1
            ipv6     10 udp      17 29 src=fd00:0000:0000:0000:0000:0000:0000:0001 dst=fd01:0000:0000:0000:0000:0000:0000:0010 sport=35408 dport=53 src=fd00:0000:0000:0000:0000:0000:0000:0005 dst=fd00:0000:0000:0000:0000:0000:0000:0001 sport=5353 dport=35408 mark=0 zone=0 use=2
            tcp      6 src=10.0.0.9 dst=10.0.0.3 sport=5001 dport=80 src=10.0.0.2 dst=10.0.0.9 sport=80 dport=5001 [OFFLOAD] mark=0 use=3
            """
        let list = try ConntrackList(parsing: Array(text.utf8).span)
        #expect(list.count == 7)
        #expect(list.entries.map(\.line) == [1, 2, 3, 6, 7])
        #expect(list.entries.map(\.transport) == [.tcp, .tcp, .sctp, .udp, .tcp])
        #expect(list.entries.map(\.status) == [.assured, [.assured, .closing], .closing, [], []])
        #expect(list.entries.map(\.mark) == [0, 16384, .max, 0, 0])
        #expect(list.entries.map(\.zone) == [5, 0, 0, 0, 0])
        #expect(list.entries.map(\.hasTranslatedDestination) == [true, false, false, true, true])
        #expect(list.entries.map(\.hasTranslatedSource) == [true, false, false, false, false])
        #expect(list.families == [.ipv4, .ipv6])
        #expect(list.entries[3].original.destination == IPAddress("fd01::10"))
    }

    @Test func linesOfXML() throws {
        let text = Self.xml(
            Self.udpInXML + "\n\n" + Self.udpInXML.replacing("\"17\"", with: "\"1\"") + "\n" + Self.udpInXML)
        let list = try ConntrackList(parsing: Array(text.utf8).span)
        #expect(list.count == 3)
        #expect(list.entries.map(\.line) == [3, 6])
        #expect(list.entries.map { $0.status } == [.unreplied, .unreplied])
    }

    /// Nothing is listed.
    @Test(arguments: [
        "", "\n\n", "conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.\n", xml(""), "<conntrack/>",
    ])
    func nothing(_ text: String) throws {
        #expect(try ConntrackList(parsing: Array(text.utf8).span).count == 0)
    }

    private static let start = "tcp 6 9 ESTABLISHED src=10.0.0.9 dst=10.0.0.1 sport=5000 dport=80 "

    private static let brokenTexts: [(String, String)] = [
        (
            "# Generated by iptables-save v1.8.9",
            "1:1: error: found \"#\", expected a protocol with its number, such as 'tcp 6'"
        ),
        ("{\"kind\": \"List\"}", "1:1: error: found \"{\"kind\":\", expected a protocol with its number"),
        (
            "    [NEW] udp      17 30 src=10.0.0.9 dst=10.0.0.1 sport=1 dport=2",
            "1:5: error: found \"[NEW]\", expected a protocol with its number, such as 'tcp 6': "
                + "this may be what 'conntrack -E' prints"
        ),
        ("-A -t 29 -u UNSET -s 10.0.0.9", "1:1: error: found \"-A\", expected a protocol"),
        ("tcp", "1:1: error: found \"tcp\", expected a protocol with its number"),
        ("tcp 600 5", "1:5: error: found \"600\", expected the number of a protocol from 0 to 255"),
        ("ipv4 tcp 6", "1:1: error: found \"ipv4\", expected a family, its number and a protocol"),
        (start, "1:67: error: found the end of the entry, expected the answers' src"),
        (start + "src=10.0.0.1", "1:79: error: found the end of the entry, expected the answers' dst"),
        (
            "tcp 6 9 ESTABLISHED src=10.0.0.9 sport=5000\n",
            "1:44: error: found the end of the entry, expected the client's dst"
        ),
        (
            "\ntcp 6 9 src=10.0.0.999 dst=10.0.0.1",
            "2:13: error: found \"10.0.0.999\", expected an IPv4 or IPv6 address"
        ),
        (
            "tcp 6 9 src=10.0.0.9 dst=10.0.0.1 sport=70000",
            "1:41: error: found \"70000\", expected a port from 0 to 65535"
        ),
        ("tcp 6 9 src=10.0.0.9 dst=10.0.0.1 sport=", "1:41: error: found \"\", expected a port from 0 to 65535"),
        (
            "tcp 6 9 src=10.0.0.9 dst=10.0.0.1 sport=99999999999999999999999999",
            "1:41: error: found \"99999999999999999999999999\", expected a port"
        ),
        (start + "mark=4294967296", "1:72: error: found \"4294967296\", expected a mark of 32 bits"),
        (start + "zone=-1", "1:72: error: found \"-1\", expected a zone from 0 to 65535"),
        (
            start + "src=fd00::1 dst=fd00::2 sport=1 dport=2",
            "1:1: error: found an entry with addresses of both families, expected addresses of one family"
        ),
        (start + "src=10.0.0.1 src=10.0.0.2", "1:80: error: found \"src=10.0.0.2\", expected two directions"),
        (start + "word", "1:67: error: found \"word\", expected a field such as mark=0"),
        ("tcp 6 src=\u{1B}[31m", "1:11: error: found \"\\u{1b}[31m\", expected an IPv4 or IPv6 address"),
        (
            "tcp 6 " + String(repeating: "x", count: 5000),
            "1:1: error: found a line of 5006 bytes, expected at most 4096"
        ),
        ("tcp\u{0}6", "1:1: error: found \"tcp\\u{0}6\", expected a protocol"),
        // XML
        ("<html>", "1:2: error: found \"html\", expected <conntrack>: give what 'conntrack -L -o xml' prints"),
        ("<conntrack>", "1:12: error: found the end of the text, expected </conntrack>: the list is cut off"),
        ("<conntrack>\n<flow><meta", "2:12: error: found the end of the text, expected </conntrack>"),
        (String(xml(udpInXML).prefix(300)), "3:250: error: found the end of the text, expected </conntrack>"),
        (
            "<conntrack><flow type=\"new\"></flow></conntrack>",
            "1:17: error: found \" type=\"new\"\", expected <flow>: this may be what"
        ),
        ("<conntrack><x/></conntrack>", "1:13: error: found \"x\", expected <flow>"),
        (
            "<conntrack><flow></flow></conntrack>",
            "1:18: error: found the end of the entry, expected the client's src"
        ),
        (xml(udpInXML.replacing("36889", with: "x")), "3:168: error: found \"x\", expected a port from 0 to 65535"),
        (
            "<!DOCTYPE x [<!ENTITY a \"b\">]>",
            "1:1: error: found \"<!DOCTYPE x [<!ENTITY a \"b\">\", expected a tag"
        ),
        (
            "<conntrack>" + String(repeating: " ", count: 5000) + "</conntrack>",
            "1:12: error: found 5011 bytes up to the end of a tag"
        ),
        ("\u{1F}\u{8B}\u{8}\u{0}xxxx", "1:1: error: "),
    ]

    @Test(arguments: brokenTexts)
    func brokenText(_ text: String, _ expected: String) throws {
        let error = #expect(throws: ConntrackError.self) { try Self.entries(text) }
        let description = try #require(error).description
        #expect(description.hasPrefix(expected), "\(description)")
        #expect(description.utf8.count < 400)
    }

    /// No part of a text stops the program, and no text that is cut within an entry is taken for a whole one.
    @Test(arguments: [
        xml(udpInXML),
        "ipv4 2 \(start)src=10.244.2.5 dst=10.0.0.9 sport=8080 dport=5000 [ASSURED] mark=1 zone=2 use=1\n",
    ])
    func everyPartOfAText(_ text: String) throws {
        let bytes = Array(text.utf8)
        for end in bytes.indices {
            let part = Array(bytes[..<end])
            let list = try? ConntrackList(parsing: part.span)
            if text.hasPrefix("<"), end > 12 + 40 { #expect(list == nil || list?.count == 0 || end >= bytes.count - 1) }
            for value in [UInt8(0), 0x1B, 0x22, 0x3C, 0x3E, 0x3D, 0x5B, 0xFF] {
                var damaged = bytes
                damaged[end] = value
                _ = try? ConntrackList(parsing: damaged.span)
            }
        }
    }

    @Test func deletion() throws {
        let (service, endpoint) = (try #require(IPAddress("fd00:96::10")), try #require(IPAddress("fd00::5")))
        var filter = ConntrackFilter(.udp, to: service, port: 53, from: endpoint, replyPort: 5353)
        #expect(
            filter.deletion
                == "conntrack -D -f ipv6 -p udp --orig-dst fd00:96::10 --orig-port-dst 53 --reply-src fd00::5 --reply-port-src 5353"
        )
        (filter.client, filter.clientPort, filter.replyPort, filter.zone) = (IPAddress("fd00::9"), 4000, nil, 5)
        #expect(
            filter.deletion
                == "conntrack -D -f ipv6 -p udp --orig-src fd00::9 --orig-port-src 4000 --orig-dst fd00:96::10 --orig-port-dst 53 "
                + "--reply-src fd00::5 -w 5")
    }
}
