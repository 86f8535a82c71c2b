internal import KubeChains
internal import KubeChainsHost

/// The terminal that a person reads, if there is one.
enum Terminal {
    /// How text is laid out that goes to a descriptor: as wide as its terminal, with colours; as in a file without one.
    ///
    /// `COLUMNS` says the width of a terminal, as to man(1). Elsewhere it has no effect: a text in a file is the same wherever it
    /// was written.
    static func style(of descriptor: Int32) -> TextStyle {
        guard System.isTerminal(descriptor) else { return .plain }
        let given = System.environment("COLUMNS").flatMap { Int($0) } ?? 0
        let width = given > 0 ? given : System.columns(of: descriptor) ?? TextStyle.plain.width
        return TextStyle(width: width, isColored: wantsColors)
    }

    /// Whether the environment allows colours: see no-color.org.
    private static var wantsColors: Bool {
        (System.environment("NO_COLOR") ?? "").isEmpty && System.environment("TERM") != "dumb"
    }
}
