import Foundation

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// A picture as Foundation's XML parser reads it.
final class SVGDocument: NSObject, XMLParserDelegate {
    struct Box {
        let x, y, width, height: Double

        var right: Double { x + width }
        var bottom: Double { y + height }

        func overlaps(_ other: Box) -> Bool {
            x < other.right && other.x < right && y < other.bottom && other.y < bottom
        }

        func contains(_ point: (x: Double, y: Double)) -> Bool {
            x < point.x && point.x < right && y < point.y && point.y < bottom
        }
    }

    struct Text {
        let style: String
        let x, y: Double
        var content = ""
    }

    private(set) var rootName = ""
    private(set) var width = 0.0
    private(set) var height = 0.0
    /// The boxes of nodes, in the picture's coordinates.
    private(set) var boxes: [Box] = []
    private(set) var texts: [Text] = []
    /// The arrows, each as points along it.
    private(set) var arrows: [[(x: Double, y: Double)]] = []
    private(set) var styles = ""
    private var inside = ""
    private var offset = (x: 0.0, y: 0.0)

    init(_ text: String) throws {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        if !parser.parse() { throw parser.parserError ?? POSIXError(.EINVAL) }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        func number(_ key: String) -> Double { attributes[key].flatMap { Double($0) } ?? 0 }
        if rootName.isEmpty {
            rootName = name
            (width, height) = (number("width"), number("height"))
        }
        if name == "g", let match = attributes["transform"]?.wholeMatch(of: /translate\((\d+) (\d+)\)/) {
            offset = (Double(match.1) ?? 0, Double(match.2) ?? 0)
        }
        inside = name
        if name == "text" {
            texts.append(
                Text(style: attributes["class"] ?? "", x: offset.x + number("x"), y: offset.y + number("y")))
        }
        if name == "rect", attributes["rx"] == "7" {
            boxes.append(
                Box(
                    x: offset.x + number("x"), y: offset.y + number("y"), width: number("width"),
                    height: number("height")))
        }
        if name == "path", attributes["class"] == "arrow" { arrows.append(points(attributes["d"] ?? "")) }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        if inside == "text" { texts[texts.count - 1].content += string }
        if inside == "style" { styles += string }
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
    ) {
        inside = ""
        if name == "g" { offset = (0, 0) }
    }

    /// Points along the curves (`C`) and level lines (`H`) of a path.
    private func points(_ path: String) -> [(x: Double, y: Double)] {
        var points: [(x: Double, y: Double)] = []
        for part in path.matches(of: /([MCH])([^MCH]*)/) {
            let numbers = part.2.split(separator: " ").compactMap { Double($0) }
            let last = points.last ?? (0, 0)
            switch part.1 {
            case "M": points.append((offset.x + numbers[0], offset.y + numbers[1]))
            case "H":
                for step in 1...40 {
                    points.append((last.x + (offset.x + numbers[0] - last.x) * Double(step) / 40, last.y))
                }
            default:
                for step in 1...40 {
                    let t = Double(step) / 40
                    let weights = [
                        (1 - t) * (1 - t) * (1 - t), 3 * (1 - t) * (1 - t) * t, 3 * (1 - t) * t * t, t * t * t,
                    ]
                    let xs = [last.x] + [0, 2, 4].map { offset.x + numbers[$0] }
                    let ys = [last.y] + [1, 3, 5].map { offset.y + numbers[$0] }
                    points.append(
                        (
                            zip(weights, xs).reduce(0) { $0 + $1.0 * $1.1 },
                            zip(weights, ys).reduce(0) { $0 + $1.0 * $1.1 }
                        ))
                }
            }
        }
        return points
    }
}

extension SVGDocument.Text {
    /// The text's rectangle in DejaVu Sans and DejaVu Sans Mono, which are among the widest fonts that a viewer may have: from
    /// above its capitals to below its descenders.
    var box: SVGDocument.Box {
        let size: Double =
            switch style {
            case "heading": 17
            case "line": 11.5
            case "label": 12
            default: 12.5
            }
        let em = content.unicodeScalars.reduce(0.0) { $0 + Self.width($1, style) }
        return .init(x: x, y: y - size * 0.76, width: em * size, height: size)
    }

    /// The widths of U+0020 to U+007E in thousandths of an em, from the tables `hmtx` of the fonts' 2.37.
    private static func width(_ scalar: Unicode.Scalar, _ style: String) -> Double {
        guard (0x20..<0x7F).contains(scalar.value) else { return 1 }
        if style == "line" { return 0.602 }
        let widths = style == "heading" || style == "name" ? bold : regular
        return widths[Int(scalar.value) - 0x20] / 1000
    }

    private static let regular = table(
        """
        318 401 460 838 636 950 780 275 390 390 500 838 318 361 318 337 636 636 636 636 636 636 636 636 636 636 337 337 838 838
        838 531 1000 684 686 698 770 632 575 775 752 295 295 656 557 863 748 787 603 787 695 635 611 732 684 989 685 611 685 390
        337 390 838 500 500 613 635 550 635 615 352 635 634 278 278 579 278 974 634 612 635 635 411 521 392 634 592 818 592 592
        525 636 337 636 838
        """)
    private static let bold = table(
        """
        348 456 521 838 696 1002 872 306 457 457 523 838 380 415 380 365 696 696 696 696 696 696 696 696 696 696 400 400 838 838
        838 580 1000 774 762 734 830 683 683 821 837 372 372 775 637 995 837 850 733 850 770 720 682 812 774 1103 771 724 725 457
        365 457 838 500 500 675 716 593 716 678 435 716 712 343 343 665 343 1042 712 687 716 716 493 595 478 712 652 924 645 652
        582 712 365 712 838
        """)

    private static func table(_ text: String) -> [Double] {
        text.split { $0 == " " || $0 == "\n" }.compactMap { Double($0) }
    }
}
