internal import KubeChainsBytes
internal import KubeObjects
internal import NetAddress

extension LintRule {
    static let surplusClusterCIDR = LintRule(
        name: "surplus-cluster-cidr", severity: .warning,
        explanation:
            "There are several cluster CIDRs of one family. kube-proxy uses the first and ignores the others: pods with "
            + "addresses of those are treated as if they were outside of the cluster.",
        remedy: "give one range that holds all pods, or use another --detect-local-mode"
    ) { subject, report in
        let family = subject.plan.settings.family
        func surplus(_ ranges: [IPPrefix]) -> String? {
            let own = ranges.filter { $0.family == family }
            guard own.count > 1 else { return nil }
            return "of \(counted(own.count, "\(family.name) CIDR")) only the first, \(own[0]), is used"
        }
        switch subject.plan.settings.detectLocalMode {
        case .clusterCIDR:
            if let message = surplus(subject.plan.settings.clusterCIDRs) { report.add(.cluster, message) }
        case .nodeCIDR:
            for node in subject.nodes {
                if let message = surplus(node.podCIDRs) { report.add(.node(node), message) }
            }
        case .bridgeInterface, .interfaceNamePrefix: break
        }
    }
}
