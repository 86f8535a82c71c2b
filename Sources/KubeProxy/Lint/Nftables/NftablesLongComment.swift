internal import NetAddress

extension LintRule {
    static let nftablesLongComment = LintRule(
        name: "nftables-long-comment", severity: .error, modes: [.nftables],
        explanation:
            "A Service port without endpoints gets an element with its name as the comment. Up to 1.36 kube-proxy does not cut "
            + "it to the 128 bytes that nft takes, so that every sync fails, of all Services.",
        remedy: "shorten the names of the Service or its port, or run kube-proxy 1.37 or newer"
    ) { subject, report in
        guard !subject.plan.behaviors.contains(.nftablesShortComments) else { return }
        for port in subject.plan.servicePorts where port.nameText.count > 128 {
            guard !port.acceptsInternal || port.isExternal && !port.acceptsExternal else { continue }
            report.add(
                .port(port),
                "its name has \(port.nameText.count) bytes, and nft takes 128 in a comment; kube-proxy programs nothing any more"
            )
        }
    }
}
