/// Guesses what was meant.
enum Suggestion {
    /// `; did you mean 'X'?`, or nothing if no known word is similar.
    static func text(for word: String, among known: [String]) -> String {
        let letters = Array(word)
        let ranked = known.map { (distance(letters, Array($0)), $0) }.min { $0.0 < $1.0 }
        if let (distance, nearest) = ranked, distance <= max(2, letters.count / 4) {
            return "; did you mean '\(nearest)'?"
        }
        let longer = known.filter { $0.hasPrefix(word) }
        return longer.count == 1 ? "; did you mean '\(longer[0])'?" : ""
    }

    /// The edit distance: letters added, left out, replaced or swapped with their neighbour.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in 0..<left.count {
            var current = [row + 1]
            for column in 0..<right.count {
                var cost = min(
                    last[column + 1] + 1, current[column] + 1, last[column] + (left[row] == right[column] ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforeLast[column - 1] + 1)
                }
                current.append(cost)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
