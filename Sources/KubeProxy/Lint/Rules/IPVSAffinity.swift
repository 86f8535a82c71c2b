extension LintRule {
    static let ipvsAffinity = LintRule(
        leavingIPVS: "ipvs-affinity", .info, [.affinity], of: .service,
        explanation:
            "IPVS keeps a client's endpoint for each address and port of a Service by itself, and as long as a "
            + "connection is open. iptables mode keeps it for the Service port as a whole, from the client's last new "
            + "connection, and knows the last 100 clients of each endpoint.",
        remedy:
            "see whether the timeout spans the pauses between a client's connections, and whether 100 clients of an "
            + "endpoint are enough; otherwise keep sessions otherwise, such as by a cookie")
}
