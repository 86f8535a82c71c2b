internal import Iptables

extension [Rule] {
    /// Whether the rules are the same one by one, counters aside.
    func isSame(as others: [Rule]) -> Bool {
        let ours = span
        let theirs = others.span
        guard ours.count == theirs.count else { return false }
        for index in ours.indices where !ours[index].isSame(as: theirs[index]) { return false }
        return true
    }
}
