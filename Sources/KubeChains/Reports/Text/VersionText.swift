internal import KubeChainsJSON
public import KubeProxy

extension VersionChoice {
    /// The version and what says it, for the key `kubeProxy` of a report.
    var json: JSONValue { .object(fields) }

    /// The members of ``json``.
    var fields: [(key: String, value: JSONValue?)] {
        [("version", .string(version.description)), ("source", .string(source.rawValue))]
    }
}

/// The versions of kube-proxy whose rules the two sides of a comparison are.
public struct ComparedVersions: Sendable {
    /// That of the expected side; nil: it is rules, not a snapshot.
    public let expected: VersionChoice?
    /// That of the actual side; nil: it is rules, not a snapshot.
    public let actual: VersionChoice?

    /// The versions of two sides; nil for one that is rules.
    public init(expected: VersionChoice? = nil, actual: VersionChoice? = nil) {
        self.expected = expected
        self.actual = actual
    }

    /// For the key `kubeProxy` of a report; nil: no side is a snapshot.
    var json: JSONValue? {
        guard expected != nil || actual != nil else { return nil }
        return .object([("expected", expected?.json), ("actual", actual?.json)])
    }

    /// A line for each version, one where both sides have the same.
    var lines: [String] {
        if let expected, expected == actual { return ["rules of \(expected.phrase)"] }
        return [("expected", expected), ("actual", actual)].compactMap { side, version in
            version.map { "\(side): rules of \($0.phrase)" }
        }
    }
}
