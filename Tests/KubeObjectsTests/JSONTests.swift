import KubeChainsBytes
import KubeChainsJSON
import KubeObjects
import Testing

/// What JSON is (RFC 8259), seen through values that the snapshot does not use: they are checked as strictly as the others.
@Suite struct JSONTests {
    private func unused(_ value: String) -> String { "{\"kind\":\"Other\",\"x\":\(value)}" }

    @Test(arguments: [
        "0", "-0", "1.5", "1e5", "1E+5", "-1.0e-3", "123456789012345678901234567890", "true", "false", "null", "\"\"",
        "\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", "\"\\ud83d\\ude00\"", "\"é😀\"", "[]", "{}", "[ 1 , [ ] , { } ]",
        "{\"a\":{\"b\":[true,null]}}", "\"\u{7F}\"", "[\t\r\n 1]", "\"12345678\"", "\"1234567\\n\"",
    ])
    func takes(_ value: String) {
        #expect(fault(unused(value)) == nil)
    }

    @Test(arguments: [
        "01", "-", "1.", ".5", "1e", "1e+", "+1", "0x1", "1_0", "NaN", "Infinity", "tru", "True", "nul", "'a'", "a",
        "\"\\x\"", "\"\\u12g4\"", "\"\\u123\"", "\"\\ud83d\"", "\"\\ude00\"", "\"\\ud83d\\u0041\"", "\"\u{1F}\"",
        "\"\n\"", "[1,]", "[,1]", "[1 2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "{,}", "[", "]", "}", "{",
        "\"",
        "\"abc", "\"\\", "1 2", "/**/1", "--1", "\u{FEFF}1",
    ])
    func refuses(_ value: String) throws {
        let message = try #require(fault(unused(value)))
        #expect(message.hasPrefix("a:1:") && message.contains(": error: "))
    }

    /// Bytes that are no UTF-8 (RFC 3629), within a string.
    @Test(
        arguments: [
            [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xC3, 0x28], [0xE0, 0x9F, 0xBF], [0xE2, 0x82],
            [0xED, 0xA0, 0x80], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xF0, 0x9F, 0x98],
        ] as [[UInt8]])
    func refusesWhatIsNotUTF8(_ bytes: [UInt8]) {
        let text = Array("{\"x\":\"".utf8) + bytes + Array("\"}".utf8)
        #expect(throws: SnapshotError.self) {
            try ClusterSnapshot(reading: [SnapshotSource(name: "a", bytes: text)])
        }
    }

    /// Every beginning of a document is a fault, and never a crash.
    @Test func refusesEveryCut() {
        let whole = Array((service() + slice(endpoints: "[{\"addresses\":[\"10.0.0.1\"]}]")).utf8)
        let first = service().utf8.count
        for end in whole.indices where end != first {
            #expect(throws: SnapshotError.self, "cut at \(end)") {
                try ClusterSnapshot(reading: [SnapshotSource(name: "a", bytes: Array(whole[..<end]))])
            }
        }
    }

    /// A range equals a literal if each of its bytes does, however many there are, in the middle and at the end of a text.
    @Test(
        arguments: [
            "", "a", "ab", "abc", "kind", "ports", "status", "subsets", "metadata", "addresses", "apiVersion",
            "sessionAffinity", "externalTrafficPolicy",
        ] as [StaticString])
    func comparesRangesWithLiterals(_ literal: StaticString) {
        let bytes = Array(literal.description.utf8)
        func equals(_ text: [UInt8], at start: Int) -> Bool {
            unsafe text.withUnsafeBufferPointer { buffer in
                unsafe ByteView(buffer).range(start..<(start + bytes.count), equals: literal)
            }
        }
        for end in ["", "\"", "\":0123456789"].map({ Array($0.utf8) }) {
            #expect(equals([0x22] + bytes + end, at: 1))
            for index in bytes.indices {
                var other = bytes
                other[index] ^= 1
                #expect(!equals([0x22] + other + end, at: 1), "another byte \(index)")
            }
        }
        if !bytes.isEmpty { #expect(!equals([0x22] + bytes.dropLast(), at: 1)) }
    }

    @Test func limitsDepth() throws {
        func nested(_ depth: Int) -> String {
            unused(String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1))
        }
        #expect(fault(nested(512)) == nil)
        #expect(try #require(fault(nested(513))).contains("512 levels"))
        #expect(try #require(fault(nested(10_000))).contains("512 levels"))
        let objects = String(repeating: "{\"a\":", count: 10_000)
        #expect(try #require(fault(objects)).contains("512 levels"))
    }

    /// In whatever an input holds.
    @Test func skipsAByteOrderMark() throws {
        #expect(try read("\u{FEFF}" + service()).services.count == 1)
        #expect(SnapshotSource(name: "a", bytes: Array("\u{FEFF}table ip kube-proxy".utf8)).count == 19)
        #expect(SnapshotSource(name: "a", bytes: [0xEF, 0xBB]).count == 2)
    }

    /// Lines and columns count from 1, columns in bytes; the path leads to the value.
    @Test(arguments: [
        ("{\"kind\":\"List\",\"items\":[\n  {\"é\":1,  x}]}", "a:2:13: error: items[0]: "),
        ("", "a:1:1: error: the input is empty"),
        (" \n\t ", "a:1:1: error: the input is empty"),
        (
            "{\"kind\":\"Node\",\"metadata\":{\"labels\":{\"a.b/c\":\n[1 2]}}}",
            "a:2:4: error: metadata.labels[\"a.b/c\"][0]: "
        ),
        (service() + "\n x", "a:2:2: error: unexpected 'x'"),
        ("(", "a:1:1: error: unexpected '('"),
        ("{\"a\":1", "a:1:7: error: a: the input ends"),
    ])
    func tellsPlaces(_ text: String, _ expected: String) throws {
        let message = try #require(fault(text))
        #expect(message.hasPrefix(expected), "\(message)")
    }
}
