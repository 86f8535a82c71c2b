/// How bad a finding of `audit` or `lint` is.
public enum FindingSeverity: String, Sendable, Hashable, CaseIterable, Comparable {
    /// Traffic is broken.
    case error
    /// Something is left over, will soon break, or is probably a mistake.
    case warning
    /// Worth knowing.
    case info

    private var rank: Int { self == .error ? 2 : self == .warning ? 1 : 0 }

    public static func < (left: FindingSeverity, right: FindingSeverity) -> Bool { left.rank < right.rank }
}
