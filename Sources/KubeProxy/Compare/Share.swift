internal import KubeChainsBytes

/// The part of its connections that a policy sends to an endpoint.
///
/// Rules hold chances as multiples of 2⁻³¹, and as many follow each other as there are endpoints, so equal parts are
/// equal within 10⁻⁵ only. Shares that are the same part of all connections are equal here.
public enum Share: Sendable, Hashable {
    /// One in so many connections.
    case oneIn(Int)
    /// Any other share, in hundredths of a percent.
    case basisPoints(Int)

    /// The share as a number between 0 and 1.
    public var value: Double {
        switch self {
        case .oneIn(let parts): 1 / Double(parts)
        case .basisPoints(let points): Double(points) / 10_000
        }
    }

    /// The share that a probability between 0 and 1 stands for.
    init(_ probability: Double) {
        let parts = (1 / probability).rounded()
        if probability > 0, parts < 1e6, abs(probability * parts - 1) < 1e-5 {
            self = .oneIn(Int(parts))
        } else {
            self = .basisPoints(Int((probability * 10_000).rounded()))
        }
    }
}

extension Share: CustomStringConvertible {
    /// `all`, `1/3`, or a percentage for what is no such part.
    public var description: String {
        switch self {
        case .oneIn(1): "all"
        case .oneIn(let parts): "1/\(parts)"
        case .basisPoints(let points): percent(hundredths: points)
        }
    }
}
