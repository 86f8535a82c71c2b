import KubeChainsJSON
import KubeObjects
import KubeProxy
import Testing

/// kube-proxy's version: its text, where it comes from, and the table of what versions do.
@Suite struct ProxyVersionTests {
    @Test(arguments: [
        ("1.24", 24), ("1.37", 37), ("v1.36.2", 36), ("v1.33.4-eks-1234567", 33), ("v1.31.5+k3s1", 31),
        ("v1.30.0-rc.1", 30), ("1.38", 38), ("v1.27.3-gke.100", 27), ("1.36.0+1a2b3c", 36),
    ])
    func versions(_ text: String, _ minor: Int) throws {
        let version = try #require(ProxyVersion(text))
        #expect(version.minor == minor)
        #expect(version.description == text)
        #expect(version.isNewerThanKnown == (minor > 37))
        #expect(version.behaviors == ProxyVersion(minor: min(minor, 37)).behaviors)
    }

    @Test(arguments: [
        "", "1", "1.", "1.23", "v1.2.3", "2.36", "1.36.2.1", "one", "1.x", "1.36 ", "1.36-\u{1B}", "v", "vv1.36",
        "-1.36",
        "1.-36", "1.99999999999999999999", "1.36.x",
    ])
    func notVersions(_ text: String) {
        #expect(ProxyVersion(text) == nil)
        var settings = ProxySettings()
        #expect(throws: SettingError.self) { try settings.setVersion(text) }
    }

    private static func node(_ info: String) -> String {
        """
        {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1"}, "status": {"nodeInfo": \(info)}}
        """
    }

    /// The settings win over the Node's kubeProxyVersion, which wins over its kubeletVersion.
    @Test(arguments: [
        ("null", nil, "1.36", VersionChoice.Source.none),
        (#"{"kubeletVersion": "v1.33.1"}"#, nil, "v1.33.1", .kubeletOfNode),
        (#"{"kubeletVersion": "v1.33.1", "kubeProxyVersion": ""}"#, nil, "v1.33.1", .kubeletOfNode),
        (#"{"kubeletVersion": "v1.33.1", "kubeProxyVersion": "v1.32.9"}"#, nil, "v1.32.9", .kubeProxyOfNode),
        (#"{"kubeletVersion": "v1.33.1", "kubeProxyVersion": "v1.32.9"}"#, "1.31", "1.31", .settings),
        (#"{"kubeletVersion": "v1.38.0"}"#, nil, "v1.38.0", .kubeletOfNode),
        (#"{"kubeletVersion": "v1.20.3", "kubeProxyVersion": "v1.20.3"}"#, nil, "1.36", .none),
        (#"{"kubeletVersion": "unknown"}"#, nil, "1.36", .none),
    ])
    func choice(_ info: String, _ option: String?, _ version: String, _ source: VersionChoice.Source) throws {
        let plan = try plan([Self.node(info)], option.map { ["--kube-proxy-version", $0] } ?? [])
        #expect(plan.version.version.text == version)
        #expect(plan.version.source == source)
        #expect(plan.behaviors == plan.version.version.behaviors)
    }

    @Test(arguments: [
        ("v1.36.2", [String]()),
        (
            "v1.38.0",
            [
                "kube-proxy v1.38.0 (the Node's kubeletVersion) is newer than all versions that are known here: "
                    + "the rules are those of 1.37"
            ]
        ),
        (
            "v1.20.3",
            [
                "the Node's version 'v1.20.3' is none of 1.24 to 1.37: the rules are those of 1.36, "
                    + "unless --kube-proxy-version says another"
            ]
        ),
    ])
    func warnings(_ kubelet: String, _ warnings: [String]) throws {
        let plan = try plan([Self.node(#"{"kubeletVersion": "\#(kubelet)"}"#)], [])
        #expect(plan.warnings.map(\.message) == warnings)
    }

    /// Which versions write the same text: SPEC-VERSIONS §1.
    @Test func equalVersions() {
        for minor in 24..<37 {
            for mode in ProxyMode.allCases {
                let behaviors = ProxyVersion(minor: minor).behaviors(in: mode)
                let isSame = behaviors == ProxyVersion(minor: minor + 1).behaviors(in: mode)
                #expect(isSame == [31, 34].contains(minor), "1.\(minor) and 1.\(minor + 1)")
            }
        }
    }

    /// All points of the comparison are in the table, and each row says something.
    @Test func table() {
        #expect(Set(ProxyBehavior.allCases.map(\.point)) == Set("ABCDEFGHIJKLMNOPQRSTUVWXYn"))
        for behavior in ProxyBehavior.allCases {
            #expect(!behavior.summary.isEmpty && !behavior.summary.hasSuffix("."))
            #expect(ProxyVersion.knownMinors.contains(behavior.versions.lowerBound))
            #expect(behavior.versions != ProxyVersion.knownMinors)
            for minor in ProxyVersion.knownMinors {
                for mode in ProxyMode.allCases {
                    let does = ProxyVersion(minor: minor).behaviors(in: mode).contains(behavior)
                    #expect(does == (behavior.versions.contains(minor) && behavior.isOf(mode)))
                }
            }
        }
    }
}
