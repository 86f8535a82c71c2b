import Foundation
import Testing

/// Pictures: nothing is cut off, and nothing lies on anything else.
@Suite struct PictureTests {
    @Test(arguments: ExplainGolden.bothModes)
    func ofTheDemo(_ golden: ExplainGolden) throws {
        try check(golden.text("svg"))
    }

    /// A zone with all that would end a text, each with a combining mark: such a pair is one `Character`, but no parser takes it for
    /// one.
    @Test(arguments: [
        ("svg", "z&lt;\u{301}b&gt;\u{301}&amp;\u{301}&quot;\u{301}"),
        ("dot", "z<\u{301}b>\u{301}&\u{301}\\\"\u{301}"),
        ("mermaid", "z#lt;\u{301}b#gt;\u{301}#amp;\u{301}#quot;\u{301}"),
    ])
    func namesAreText(_ form: String, _ zone: String) throws {
        let demo = try String(contentsOfFile: "\(Package.fixtures)/demo/cluster.json", encoding: .utf8)
        let hostile = demo.replacing("eu-west-1a", with: #"z<\u0301b>\u0301&\u0301\"\u0301"#)
        let result = try Tool.run(
            ["explain", "shop/web", "--node", "worker-1", "-o", form, "-"], input: Array(hostile.utf8))
        expect(result, 0)
        #expect(result.outputText.range(of: zone, options: .literal) != nil, "\(result.outputText)")
        if form == "svg" { _ = try SVGDocument(result.outputText) }
    }

    @Test(arguments: ["iptables", "nftables"])
    func ofATrace(_ mode: String) throws {
        let options = try #require(Package.lines(of: "demo/options"))
        let packet = ["trace", "--from", "10.0.2.9", "--to", "203.0.113.20:443", "--proxy-mode", mode, "-o", "svg"]
        let result = try Tool.run(packet + options + ["\(Package.fixtures)/demo/cluster.json"])
        expect(result, 0)
        let document = try check(result.outputText)
        #expect(document.texts.contains { $0.content == "packet" })
        #expect(document.texts.contains { $0.content == "dropped or rejected" } || document.boxes.count > 3)
    }

    /// What times out is dropped, and the legend says so.
    @Test func ofWhatIsReached() throws {
        let options = ["reach", "--service", "shop/admin", "-o", "svg"] + (Package.lines(of: "demo/options") ?? [])
        let result = try Tool.run(options + ["\(Package.fixtures)/demo/cluster.json"])
        expect(result, 0)
        let texts = try check(result.outputText).texts.map(\.content)
        #expect(texts.contains("times out") && texts.contains("dropped") && !texts.contains("refused"), "\(texts)")
    }

    /// A Service with more of everything than a picture has room for.
    @Test(arguments: ["iptables", "nftables", "ipvs"])
    func ofALargeService(_ mode: String) throws {
        let result = try Tool.run(
            [
                "explain", "shop/big", "--node", "n1", "--cluster-cidr", "10.244.0.0/16", "--proxy-mode", mode, "-o",
                "svg", "-",
            ], input: Array(Self.large.utf8))
        expect(result, 0)
        let document = try check(result.outputText)
        #expect(document.height < 1500 && document.width < 1800, "\(document.width) × \(document.height)")
        let endpoints = document.texts.map(\.content).filter { $0.hasSuffix("endpoints") && $0.first?.isNumber == true }
        let numbers = endpoints.compactMap { Int($0.prefix { $0.isNumber }) }
        #expect(numbers.reduce(0, +) == 60, "\(endpoints)")
        #expect(document.texts.contains { $0.content == "1/53 each" })
    }

    /// 60 endpoints, of which 7 are not ready, 29 external IPs, and 30 source ranges.
    private static let large: String = {
        let endpoints = (0..<60).map { index in
            """
            {"addresses":["10.244.\(index / 8).\(index + 10)"],"nodeName":"n\(index % 12)","zone":"z\(index % 3)",
             "conditions":{"ready":\(index % 9 != 0)}}
            """
        }
        let externalIPs = (1..<30).map { "\"198.51.100.\($0)\"" }.joined(separator: ",")
        let ranges = (0..<30).map { "\"203.0.\($0).0/24\"" }.joined(separator: ",")
        let nodes = (0..<12).map { index in
            """
            {"kind":"Node","apiVersion":"v1","metadata":{"name":"n\(index)"},
             "status":{"addresses":[{"type":"InternalIP","address":"192.168.1.\(index + 1)"}]}}
            """
        }
        return """
            [{"kind":"Service","apiVersion":"v1","metadata":{"namespace":"shop","name":"big"},
              "spec":{"type":"LoadBalancer","clusterIP":"10.96.1.1","clusterIPs":["10.96.1.1"],
               "externalTrafficPolicy":"Local","externalIPs":[\(externalIPs)],"loadBalancerSourceRanges":[\(ranges)],
               "ports":[{"name":"http","port":80,"protocol":"TCP","nodePort":30080}]},
              "status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.9"}]}}},
             {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4",
              "metadata":{"namespace":"shop","name":"big-1","labels":{"kubernetes.io/service-name":"big"}},
              "ports":[{"name":"http","port":8080,"protocol":"TCP"}],
              "endpoints":[\(endpoints.joined(separator: ","))]},
             \(nodes.joined(separator: ","))]
            """
    }()

    /// Measures a picture by the boxes of its own elements.
    @discardableResult
    private func check(_ text: String) throws -> SVGDocument {
        let document = try SVGDocument(text)
        #expect(document.rootName == "svg" && document.texts.allSatisfy { !$0.content.isEmpty })
        #expect(document.styles.contains("@media (prefers-color-scheme: dark)"))
        for text in document.texts {
            let box = text.box
            #expect(
                box.x >= 0 && box.y >= 0 && box.right <= document.width && box.bottom <= document.height,
                "'\(text.content)' is cut off")
        }
        for box in document.boxes {
            #expect(box.x >= 0 && box.right <= document.width && box.bottom <= document.height)
        }
        // No box lies on another, no text but a box's own on a box, and no text on another.
        for (index, box) in document.boxes.enumerated() {
            for other in document.boxes[(index + 1)...] { #expect(!box.overlaps(other)) }
            for text in document.texts where box.overlaps(text.box) {
                let isInside = text.x >= box.x && text.box.right <= box.right && text.box.bottom <= box.bottom
                #expect(isInside && text.style != "label", "'\(text.content)' leaves its box")
            }
        }
        let boxes = document.texts.map(\.box)
        for (index, box) in boxes.enumerated() {
            for other in boxes[(index + 1)...] {
                #expect(!box.overlaps(other), "'\(document.texts[index].content)' lies on a text")
            }
        }
        // No arrow crosses a label or a box.
        let labels = document.texts.filter { $0.style == "label" }
        for points in document.arrows {
            for label in labels {
                #expect(!points.contains(where: label.box.contains), "an arrow crosses '\(label.content)'")
            }
            for box in document.boxes { #expect(!points.contains(where: box.contains), "an arrow crosses a box") }
        }
        return document
    }
}
