/// `1 rule`, `2 rules`: a number of things whose plural ends in `s`.
package func counted(_ number: Int, _ noun: String) -> String { "\(number) \(plural(noun, number))" }

/// `rule` or `rules`.
package func plural(_ noun: String, _ number: Int) -> String { number == 1 ? noun : noun + "s" }

/// Hundredths of a percent as a percentage: `33.33%` for 3333, `7.5%` for 750, `12%` for 1200.
package func percent(hundredths: Int) -> String {
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    if rest == 0 { return "\(whole)%" }
    return "\(whole).\(rest < 10 ? "0" : "")\(rest % 10 == 0 ? rest / 10 : rest)%"
}
