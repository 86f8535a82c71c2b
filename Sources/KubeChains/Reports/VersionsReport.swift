internal import KubeProxy

/// What kube-proxy's versions do differently, for people: the table of behaviours as text.
public enum VersionsReport {
    /// A row for each behaviour: the versions that do it, and what they do.
    public static var rows: [(versions: String, text: String)] {
        ProxyBehavior.allCases.map { behavior in
            let sources = behavior.pullRequests.map { "#\($0)" }.joined(separator: ", ")
            return (versions(behavior), behavior.summary + (sources.isEmpty ? "" : " (\(sources))"))
        }
    }

    /// The same as a table in Markdown.
    public static var markdown: String {
        let lines = ProxyBehavior.allCases.map { behavior in
            let sources = behavior.pullRequests.map { number in
                "[#\(number)](https://github.com/kubernetes/kubernetes/pull/\(number))"
            }
            return
                "| \(behavior.point) | \(versions(behavior)) | \(behavior.summary) | \(sources.joined(separator: ", ")) |"
        }
        return (["| | versions | what kube-proxy does | source |", "| --- | --- | --- | --- |"] + lines)
            .joined(separator: "\n") + "\n"
    }

    /// `to 1.30`, `from 1.31`, `1.27` or `1.29 to 1.30`.
    static func versions(_ behavior: ProxyBehavior) -> String {
        let (known, own) = (ProxyVersion.knownMinors, behavior.versions)
        if own.lowerBound == known.lowerBound { return "to 1.\(own.upperBound)" }
        if own.upperBound == known.upperBound { return "from 1.\(own.lowerBound)" }
        return own.count == 1 ? "1.\(own.lowerBound)" : "1.\(own.lowerBound) to 1.\(own.upperBound)"
    }
}
