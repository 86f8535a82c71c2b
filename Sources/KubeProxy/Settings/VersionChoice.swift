public import KubeObjects

/// The version of kube-proxy whose rules are planned, and where it comes from.
public struct VersionChoice: Sendable, Hashable {
    /// What says the version; the raw value is that of reports.
    public enum Source: String, Sendable, Hashable {
        /// ``ProxySettings/version``.
        case settings = "option"
        /// The Node's `status.nodeInfo.kubeProxyVersion`.
        case kubeProxyOfNode = "node.kubeProxyVersion"
        /// The Node's `status.nodeInfo.kubeletVersion`.
        case kubeletOfNode = "node.kubeletVersion"
        /// The rules that were found on the node.
        case rules = "rules"
        /// Nothing says it: ``ProxyVersion/default``.
        case none = "default"
    }

    /// The version.
    public let version: ProxyVersion
    /// What says it.
    public let source: Source
    /// What the Node says where that is older than all known versions, or is not a version.
    public let unknownText: String?

    /// That of the settings; else what the Node says, kube-proxy's before kubelet's; else the default.
    public init(_ settings: ProxySettings, _ node: Node?) {
        if let version = settings.version {
            self.init(version, .settings)
        } else if let version = ProxyVersion(node?.kubeProxyVersion ?? "") {
            self.init(version, .kubeProxyOfNode)
        } else if let version = ProxyVersion(node?.kubeletVersion ?? "") {
            self.init(version, .kubeletOfNode)
        } else {
            let texts = [node?.kubeProxyVersion ?? "", node?.kubeletVersion ?? ""]
            self.init(.default, .none, unknown: texts.first { !$0.isEmpty })
        }
    }

    init(_ version: ProxyVersion, _ source: Source, unknown: String? = nil) {
        self.version = version
        self.source = source
        unknownText = unknown
    }

    /// The version that a node's rules show to be another than this one, if it is.
    func replaced(by found: VersionChoice) -> VersionChoice {
        found.version == version ? self : VersionChoice(found.version, .rules)
    }

    /// Where the version comes from, for people: `the Node's kubeletVersion`.
    public var sourceText: String {
        switch source {
        case .settings: "--kube-proxy-version"
        case .kubeProxyOfNode: "the Node's kubeProxyVersion"
        case .kubeletOfNode: "the Node's kubeletVersion"
        case .rules: "the node's rules"
        case .none: "the default"
        }
    }

    /// `kube-proxy v1.36.2 (the Node's kubeletVersion)`.
    public var phrase: String { "kube-proxy \(version) (\(sourceText))" }

    /// What is doubtful about it; nil: nothing.
    public var warning: String? {
        if version.isNewerThanKnown {
            return "\(phrase) is newer than all versions that are known here: "
                + "the rules are those of \(version.knownRelease)"
        }
        guard let unknownText else { return nil }
        let known = ProxyVersion.knownMinors
        return "the Node's version '\(unknownText)' is none of 1.\(known.lowerBound) to 1.\(known.upperBound): "
            + "the rules are those of \(version), unless --kube-proxy-version says another"
    }
}
