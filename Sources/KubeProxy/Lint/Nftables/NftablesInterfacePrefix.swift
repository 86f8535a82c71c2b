internal import NetAddress

extension LintRule {
    static let nftablesInterfacePrefix = LintRule(
        name: "nftables-interface-prefix", severity: .error, modes: [.nftables],
        explanation:
            "kube-proxy 1.31 and 1.32 match pods' interfaces with iif in nftables mode, which takes no wildcard: with "
            + "--detect-local-mode InterfaceNamePrefix every sync fails.",
        remedy: "run kube-proxy 1.33 or newer, or use another --detect-local-mode"
    ) { subject, report in
        guard subject.plan.behaviors.contains(.nftablesInterfaceIndex),
            subject.plan.settings.detectLocalMode == .interfaceNamePrefix,
            case .interface(let name) = subject.plan.node.localTraffic
        else { return }
        report.add(.cluster, "nft refuses 'iif \(name.dropLast())*'; no rule loads")
    }
}
