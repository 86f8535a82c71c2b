internal import KubeChainsBytes

extension LintRule {
    static let affinityTimeout = LintRule(
        name: "affinity-timeout", severity: .warning,
        explanation:
            "The timeout of ClientIP affinity is hardly meant: of ten seconds or less, which is shorter than the pause "
            + "between many clients' connections, or a whole number of thousands but no whole number of hours, as if "
            + "milliseconds were given. It is in seconds, from 1 to 86400, and begins anew with each connection.",
        remedy:
            "set sessionAffinityConfig.clientIP.timeoutSeconds to the longest pause after which a client should come back "
            + "to its endpoint"
    ) { subject, report in
        for port in subject.firstPorts {
            guard let seconds = port.affinitySeconds else { continue }
            if seconds <= 10 {
                report.add(
                    .service(port.serviceIndex),
                    "a client loses its endpoint after a pause of \(counted(seconds, "second"))")
            } else if seconds % 1000 == 0, seconds % 3600 != 0 {
                report.add(
                    .service(port.serviceIndex),
                    "the affinity timeout of \(seconds) seconds is \(duration(seconds)); were "
                        + "\(counted(seconds / 1000, "second")) meant?")
            }
        }
    }
}

/// `3 h`, `8 h 20 min`, `16 min 40 s`.
private func duration(_ seconds: Int) -> String {
    [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
        .compactMap { number, unit in number > 0 ? "\(number) \(unit)" : nil }
        .joined(separator: " ")
}
