extension LintRule {
    static let ipvsLoopbackNodePort = LintRule(
        leavingIPVS: "ipvs-loopback-node-port", .info, [.loopbackNodePort], of: .port,
        explanation:
            "Node ports do not listen on 127.0.0.1 in IPVS mode. In iptables mode they do, for IPv4, unless "
            + "localhostNodePorts is off; kube-proxy then sets the sysctl route_localnet and guards 127.0.0.0/8 by a "
            + "rule.",
        remedy:
            "set iptables.localhostNodePorts: false, if it should stay as it is; and give a process of the node that "
            + "listens on such a port of 127.0.0.1 another one")
}
