/// Traffic uses the endpoints of another policy than it should.
public struct WrongPolicy: AuditEvidence {
    public static let id = AuditFinding.Identifier.wrongPolicy
    /// What differs.
    public let detail: RuleDetail
}

extension WrongPolicy: AuditCheck {
    static func check(_ subject: AuditSubject, _ findings: inout AuditFindings) {
        for found in subject.details {
            switch found.detail.subject {
            case .externalTraffic: break
            case .frontend where found.detail.changesPolicy: break
            default: continue
            }
            findings.add(WrongPolicy(detail: found.detail), found)
        }
    }

    public var severity: FindingSeverity { .error }
    public var remedy: String { remedyForAge }

    public var effect: String {
        guard case .frontend(let frontend) = detail.subject else {
            var traffic = detail.subject.text
            if case .externalTraffic(let who) = detail.subject, !who.isEmpty {
                traffic = "traffic from outside that matches '\(who)'"
            }
            guard let actual = detail.actualText else {
                return "\(traffic) does not lead to \(detail.expectedText ?? "an endpoint")"
            }
            return "\(traffic) leads to \(actual)"
                + (detail.expectedText.map { " instead of \($0)" } ?? ", where no rule should take it")
        }
        return "\(frontend.placeInSentence) leads \(detail.actualInsteadOfExpected)"
    }
}

extension RuleDetail {
    /// Whether one policy of the Service port stands in place of the other.
    var changesPolicy: Bool {
        if case (.lead(.policy), .lead(.policy)) = (expected, actual) { true } else { false }
    }

    /// `ACTUAL instead of EXPECTED`.
    var actualInsteadOfExpected: String { "\(actualText ?? "nothing") instead of \(expectedText ?? "nothing")" }
}

extension Frontend {
    /// The frontend in a sentence.
    var placeInSentence: String { address == nil ? "node port \(self)" : "\(self)" }
}
