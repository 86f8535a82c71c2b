import Foundation

/// How much of the repetitive tests runs: `make test TESTS=brief` or `full`.
///
/// Every suite runs in both. What `brief` makes smaller is said by the tests themselves: random inputs, recorded cases that
/// are loaded into kernels, packets. The choice is made here and nowhere else.
public enum TestSize: String, Sendable {
    /// For people: all of `make test` in a few minutes.
    case brief
    /// For CI: all random inputs, all kernels, all packets.
    case full
    /// For `make soak`: as many random inputs as take longer than CI may, in the suites that say so.
    case soak

    /// The size of this run, from the environment variable `KUBECHAINS_TESTS`; `brief` without one.
    public static let current: TestSize = {
        let name = ProcessInfo.processInfo.environment["KUBECHAINS_TESTS"] ?? ""
        guard let size = TestSize(rawValue: name.isEmpty ? "brief" : name) else {
            fatalError("invalid KUBECHAINS_TESTS '\(name)': expected brief, full or soak")
        }
        return size
    }()

    /// Whether nothing is left out that CI has.
    public var isFull: Bool { self != .brief }

    /// How many there are in a run of this size; in a soak as many as in a full run where nothing else is said.
    public func count(full: Int, brief: Int, soak: Int? = nil) -> Int {
        switch self {
        case .brief: brief
        case .full: full
        case .soak: soak ?? full
        }
    }

    /// So many elements, evenly spaced and each time the same; all of them in a full run where nothing else is said.
    public func sample<Element>(_ elements: [Element], full: Int = .max, brief: Int) -> [Element] {
        let count = count(full: full, brief: brief)
        guard count < elements.count else { return elements }
        return (0..<count).map { elements[$0 * elements.count / count] }
    }
}
