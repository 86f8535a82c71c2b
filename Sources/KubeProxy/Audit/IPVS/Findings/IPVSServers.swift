internal import KubeChainsBytes

/// What is found on a node in IPVS mode.
public enum IPVSEvidence {
    /// There is no virtual server at all.
    public struct NoServers: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingService

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "the node has no virtual server: no Service works on it. Somebody deleted them (ipvsadm -C), or ipvsadm was run "
                + "without root or in a container's network namespace"
        }
        public var remedy: String {
            "run 'sudo ipvsadm -Sn' in the node's network namespace; if it prints nothing there, restart kube-proxy"
        }
    }

    /// No frontend of a Service port has a virtual server.
    public struct MissingService: AuditEvidence {
        public static let id = AuditFinding.Identifier.missingService

        public var severity: FindingSeverity { .error }
        public var effect: String { "the node has no virtual server for it: connections to it are refused or time out" }
        public var remedy: String { remedyForAge }
    }

    /// Some frontends have no virtual server.
    public struct MissingServer: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAddress
        /// Such as `10.96.0.1:443/tcp`.
        public let frontends: [String]

        public var severity: FindingSeverity { .error }
        public var effect: String {
            "there is no virtual server at \(shortened(frontends)): connections there are refused or time out"
        }
        public var remedy: String { remedyForAge }
    }

    /// Virtual servers on one address that no Service has.
    public struct ExtraServers: AuditEvidence {
        public static let id = AuditFinding.Identifier.extraService
        /// Such as `10.96.0.1:443/tcp`.
        public let frontends: [String]
        /// Where their connections go.
        public let servers: [String]

        public var severity: FindingSeverity { .warning }
        public var effect: String {
            (frontends.count == 1
                ? "the virtual server \(frontends[0]) is no Service's"
                : "the virtual servers \(shortened(frontends)) are no Service's")
                + (servers.isEmpty ? ", and has no real server" : ": connections go to \(shortened(servers))")
        }
        public var remedy: String {
            remedyForAge + ". If another program made it, give its range to kube-proxy as --ipvs-exclude-cidrs"
        }
    }

    /// Clients of a virtual server keep their endpoint otherwise than they should.
    public struct WrongPersistence: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongAffinity
        /// Such as `10.96.0.1:443/tcp`.
        public let frontend: String
        /// In seconds; nil: none.
        public let expected: Int?
        /// In seconds; nil: none.
        public let actual: Int?

        public var severity: FindingSeverity { .error }
        public var effect: String {
            let now = actual.map { "keep their endpoint for \($0) s" } ?? "do not keep their endpoint"
            return "clients of \(frontend) \(now); they should \(expected.map { "for \($0) s" } ?? "not")"
        }
        public var remedy: String { remedyForAge }
    }

    /// A virtual server chooses endpoints otherwise than most.
    public struct WrongScheduler: AuditEvidence {
        public static let id = AuditFinding.Identifier.wrongWeight
        /// Such as `10.96.0.1:443/tcp`.
        public let frontend: String
        /// The scheduler that it should have.
        public let expected: String
        /// The scheduler that it has.
        public let actual: String

        public var severity: FindingSeverity { .warning }
        public var effect: String {
            "\(frontend) chooses endpoints by the scheduler \(actual), where kube-proxy's is \(expected)"
        }
    }

    /// The first ones of many.
    static func shortened(_ texts: [String]) -> String {
        let limit = 4
        return texts.count > limit + 1 ? listed(Array(texts.prefix(limit)), of: texts.count) : listed(texts)
    }
}
