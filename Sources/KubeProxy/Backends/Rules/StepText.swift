/// The input of a step, and counts of what it does.
struct StepText {
    private(set) var text = ""
    private var counts: [(what: String, count: Int)] = []

    mutating func append(_ line: String) {
        text += line
        text += "\n"
    }

    /// Counts something that a line or several of them do.
    mutating func count(_ what: String, _ number: Int = 1) {
        guard number > 0 else { return }
        if let index = counts.firstIndex(where: { $0.what == what }) {
            counts[index].count += number
        } else {
            counts.append((what, number))
        }
    }

    /// Such as `3 added, 1 deleted`.
    var summary: String { counts.map { "\($0.count) \($0.what)" }.joined(separator: ", ") }
}
