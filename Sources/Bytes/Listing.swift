/// `a`, `a and b`, `a, b and c`; of more than there are names, `a, b, c and 7 others`.
package func listed(_ names: [String], of count: Int? = nil) -> String {
    let others = (count ?? names.count) - names.count
    let parts = others > 0 ? names + [others == 1 ? "another" : "\(others) others"] : names
    guard let last = parts.last, parts.count > 1 else { return parts.first ?? "" }
    return parts.dropLast().joined(separator: ", ") + " and " + last
}
