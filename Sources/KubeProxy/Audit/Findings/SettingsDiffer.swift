/// kube-proxy runs with another setting than the one given.
public struct SettingsDiffer: AuditEvidence {
    public static let id = AuditFinding.Identifier.settingsDiffer
    public let setting: SettingDifference
}

extension SettingsDiffer: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for setting in subject.settings { findings.add(SettingsDiffer(setting: setting)) }
    }

    public var severity: FindingSeverity { .warning }

    public var effect: String {
        switch setting {
        case .masqueradeBit(let found, let given):
            "kube-proxy's mark is bit \(found), not bit \(given) as given here"
        case .clusterIPMasquerade(let found, let given):
            "kube-proxy masquerades \(found.words) on the way to cluster IPs; by the settings given here it would be "
                + given.words
        }
    }

    public var remedy: String {
        switch setting {
        case .masqueradeBit(let found, _):
            "give --iptables-masquerade-bit \(found), if that is how kube-proxy is set"
        case .clusterIPMasquerade(let found, _): "give \(found.flags), if that is how kube-proxy is set"
        }
    }
}

extension SettingDifference.MasqueradedSources {
    fileprivate var words: String {
        switch self {
        case .nobody: "nobody"
        case .everybody: "everybody"
        case .outsideRange(let range): "what comes from elsewhere than \(range)"
        case .outsideInterface(let name): "what comes in by another interface than \(name)"
        case .outsideInterfaces(let prefix): "what comes in by interfaces whose names do not begin with \(prefix)"
        }
    }

    fileprivate var flags: String {
        switch self {
        case .nobody: "no --cluster-cidr"
        case .everybody: "--masquerade-all"
        case .outsideRange(let range): "--cluster-cidr \(range)"
        case .outsideInterface(let name): "--detect-local-mode BridgeInterface --pod-bridge-interface \(name)"
        case .outsideInterfaces(let prefix):
            "--detect-local-mode InterfaceNamePrefix --pod-interface-name-prefix \(prefix)"
        }
    }
}
