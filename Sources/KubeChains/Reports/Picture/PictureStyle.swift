/// The style sheet of pictures, light and dark.
enum PictureStyle {
    /// The colours of a scheme.
    private struct Colors {
        let ground: String
        let text: String
        let faint: String
        let arrow: String
        let kinds: [(kind: FlowGraph.Node.Kind, fill: String, stroke: String)]

        var rules: [String] {
            [
                "svg text { fill: \(text) }", "svg .line, svg .note, svg .label { fill: \(faint) }",
                "svg .arrow { stroke: \(arrow) }", "svg .tip { fill: \(arrow) }", "svg .ground { fill: \(ground) }",
            ] + kinds.map { "svg .\($0.kind.rawValue) { fill: \($0.fill); stroke: \($0.stroke) }" }
        }
    }

    private static let light = Colors(
        ground: "#ffffff", text: "#1b1f24", faint: "#424a53", arrow: "#57606a",
        kinds: FlowGraph.Node.Kind.allCases.map { ($0, $0.fill, $0.stroke) })

    private static let dark = Colors(
        ground: "#0d1117", text: "#f0f6fc", faint: "#c3ccd6", arrow: "#9198a1",
        kinds: [
            (.entry, "#12263f", "#4493f8"), (.chain, "#251b42", "#a371f7"), (.endpoint, "#12291b", "#3fb950"),
            (.leftOut, "#0d1117", "#7d8590"), (.refusal, "#3b1619", "#f85149"), (.remark, "#2e2608", "#d29922"),
        ])

    /// The style sheet. Viewers that do not know of schemes show the light one.
    static var text: String {
        let fonts = PictureFont.allCases.map { font in
            let family =
                font.isMonospaced
                ? #"ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace"#
                : #"system-ui, "DejaVu Sans", Helvetica, Arial, sans-serif"#
            return "svg .\(font.rawValue) { font: \(font.isBold ? "600 " : "")\(font.size)px \(family) }"
        }
        let shapes = [
            "svg .arrow { fill: none; stroke-width: 1.3px }", "svg rect { stroke-width: 1.3px }",
            "svg .leftOut { stroke-dasharray: 5 3 }", "svg .target { stroke-width: 3.5px }",
        ]
        return (fonts + shapes + light.rules + ["@media (prefers-color-scheme: dark) {"] + dark.rules + ["}"]).map {
            $0 + "\n"
        }.joined()
    }
}
