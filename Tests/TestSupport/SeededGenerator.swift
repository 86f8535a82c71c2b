/// SplitMix64: a random number generator which gives the same numbers for a seed on every platform.
///
/// The helpers below do not call the standard library's random algorithms, whose results are not part of its promise.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Creates a generator whose numbers follow from the seed.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number, each with the same probability.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// True in `count` of `total` cases.
    public mutating func chance(_ count: Int, in total: Int) -> Bool {
        number(in: 1...total) <= count
    }

    /// A number of the range, each with the same probability.
    public mutating func number(in range: ClosedRange<Int>) -> Int {
        let width = UInt64(range.upperBound - range.lowerBound) + 1
        return range.lowerBound + Int(next().multipliedFullWidth(by: width).high)
    }

    /// One of the elements, each with the same probability. The array must not be empty.
    public mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[number(in: 0...elements.count - 1)]
    }

    /// One of the elements, each with a probability in proportion to its weight.
    public mutating func pick<Element>(weighted elements: [(weight: Int, element: Element)]) -> Element {
        var position = number(in: 1...elements.reduce(0) { $0 + $1.weight })
        for (weight, element) in elements {
            position -= weight
            if position <= 0 { return element }
        }
        preconditionFailure("the weights add up to less than their sum")
    }

    /// The elements in a random order (Fisher-Yates).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        var last = elements.count - 1
        while last > 0 {
            elements.swapAt(last, number(in: 0...last))
            last -= 1
        }
        return elements
    }

    /// `size` random hexadecimal digits.
    public mutating func hexadecimal(_ size: Int) -> String {
        let digits = Array("0123456789abcdef")
        return String((0..<size).map { _ in pick(digits) })
    }
}
