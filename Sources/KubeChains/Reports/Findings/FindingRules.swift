internal import KubeChainsBytes
public import KubeChainsJSON
internal import KubeProxy

/// What a team has decided about findings, from a file: which severity a rule's findings have, and which are ignored, everywhere or for
/// a namespace or Service.
public struct FindingRules: Sendable {
    /// What is wrong with a file.
    public struct InvalidFile: Error, Sendable, CustomStringConvertible {
        /// The place and what is wrong there.
        public let description: String
        /// The identifier that no rule has, if that is what is wrong.
        public let unknownRule: String?
    }

    private struct Entry: Sendable {
        var rule = ""
        var namespace: String?
        var service: String?
        /// Nil: ignored.
        var severity: FindingSeverity?
    }

    private var entries: [Entry] = []

    /// Reads a file: `{"rules": [{"rule": ID, "severity": "error|warning|info|off", "namespace"?, "service"?, "reason"}]}`. The
    /// rule `*` stands for all; of several entries that apply to a finding the last one counts.
    ///
    /// - Parameters:
    ///   - source: the file.
    ///   - known: the identifiers of all rules.
    public init(reading source: SnapshotSource, known: [String]) throws(InvalidFile) {
        var json = JSONReader(source.bytes, source: 0)
        var unknownRule: String?
        do throws(ReadFault) {
            json.skipSpace()
            try json.object("the file") { json, key throws(ReadFault) in
                guard json.string(key, equals: "rules") else {
                    throw .value(at: key.offset, "unknown key \(json.quoted(key)); expected \"rules\"")
                }
                entries = []
                try json.array("rules") { json throws(ReadFault) in
                    let entry = try FindingRules.entry(&json) { name in
                        if name == "*" || known.contains(name) { return true }
                        unknownRule = name
                        return false
                    }
                    entries.append(entry)
                }
            }
            json.skipSpace()
            guard json.position == json.bytes.count else {
                throw .syntax(at: json.position, "there is something behind the file's object")
            }
        } catch {
            let place = PlaceFinder.places(of: [error.offset], in: source)[0]
            throw InvalidFile(description: "\(place.position): error: \(error.message)", unknownRule: unknownRule)
        }
    }

    private static func entry(
        _ json: inout JSONReader, _ isKnown: (String) -> Bool
    ) throws(ReadFault) -> Entry {
        var entry = Entry()
        let start = json.position
        var (hasSeverity, hasReason) = (false, false)
        try json.object("a rule") { json, key throws(ReadFault) in
            let name = json.contents(key)
            guard let value = try json.string("the value") else { return }
            let text = json.contents(value)
            switch name {
            case "rule":
                guard isKnown(text) else {
                    throw .value(at: value.offset, "there is no rule \(json.quoted(value))")
                }
                entry.rule = text
            case "severity":
                hasSeverity = true
                entry.severity = nil
                if text == "off" { return }
                guard let severity = FindingSeverity(rawValue: text) else {
                    throw .value(
                        at: value.offset, "severity is \(json.quoted(value)); expected error, warning, info or off")
                }
                entry.severity = severity
            case "namespace": entry.namespace = text
            case "service":
                guard text.contains("/") else {
                    throw .value(at: value.offset, "service is \(json.quoted(value)); expected NAMESPACE/NAME")
                }
                entry.service = text
            case "reason": hasReason = !text.isEmpty
            default:
                throw .value(
                    at: key.offset,
                    "unknown key \(json.quoted(key)); expected rule, severity, namespace, service or reason")
            }
        }
        guard !entry.rule.isEmpty else { throw .value(at: start, "rule is missing; expected an identifier or *") }
        guard entry.namespace == nil || entry.service == nil else {
            throw .value(at: start, "namespace and service are both given; a service has its namespace in its name")
        }
        guard hasSeverity else { throw .value(at: start, "severity is missing; expected error, warning, info or off") }
        guard entry.severity != nil || hasReason else {
            throw .value(at: start, "a rule that is off needs a reason")
        }
        return entry
    }

    /// The severity of a finding; nil: it is ignored.
    func severity(_ id: String, of service: String?, _ usual: FindingSeverity) -> FindingSeverity? {
        let entry = entries.last { entry in
            guard entry.rule == "*" || entry.rule == id else { return false }
            if let wanted = entry.service { return wanted == service }
            guard let namespace = entry.namespace else { return true }
            return service?.hasPrefix(namespace + "/") ?? false
        }
        return entry.map(\.severity) ?? usual
    }
}
