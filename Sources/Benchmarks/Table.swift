/// What was measured, as a table of Markdown.
struct Table {
    /// By how much a bound is loosened.
    let tolerance: Double
    private(set) var missed: [String] = []

    init(tolerance: Double) { self.tolerance = tolerance }

    /// Begins a table.
    func begin(_ columns: [String]) {
        print("")
        line(columns)
        line(columns.map { _ in "---" })
    }

    /// A row without a bound.
    func row(_ title: String, _ cells: [String], _ figure: Double) { line([title] + cells + [decimal(figure), ""]) }

    /// A row with a figure that must not be above a bound.
    ///
    /// - Parameter isExact: the figure is the same in each run, so that its bound is never loosened.
    mutating func row(_ title: String, _ cells: [String], _ figure: Double, bound: Double, isExact: Bool = false) {
        let tolerance = isExact ? 1 : tolerance
        let isHeld = figure <= bound * tolerance
        if !isHeld { missed.append(title) }
        let looser = tolerance > 1 ? " × \(decimal(tolerance))" : ""
        line([title] + cells + [decimal(figure), decimal(bound) + looser + (isHeld ? "" : " MISSED")])
    }

    private func line(_ cells: [String]) { print("| " + cells.joined(separator: " | ") + " |") }

    /// Says which bounds do not hold.
    ///
    /// - Returns: whether all hold.
    func conclude() -> Bool {
        print("")
        print(missed.isEmpty ? "All bounds hold." : "Missed: " + missed.joined(separator: "; "))
        return missed.isEmpty
    }
}
