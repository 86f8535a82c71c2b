public import Iptables
internal import KubeChainsBytes

/// The rules of a host, current or wanted, as far as kube-proxy in iptables mode changes them: a part for each family and
/// backend.
public struct IptablesHostState: HostState {
    /// The rules of one family and backend.
    public struct Part: Sendable {
        /// The name for messages, such as `IPv4, nft`.
        public let name: String
        /// The rules.
        public var rules: Ruleset

        /// A part with its rules.
        public init(name: String, rules: Ruleset) {
            self.name = name
            self.rules = rules
        }
    }

    /// The parts, in a fixed order.
    public var parts: [Part]

    /// A state of these parts.
    public init(parts: [Part]) { self.parts = parts }

    /// One step for each table in which kube-proxy's chains, or jumps to them, differ.
    public func steps(to wanted: IptablesHostState) -> [HostStep] {
        parts.indices.flatMap { index in
            RulesetChanges(from: parts[index].rules, to: wanted.parts[index].rules).tables.map { table in
                var text = TextWriter()
                table.write(to: &text)
                return HostStep(
                    name: "\(table.name) table" + (parts.count > 1 ? " of \(parts[index].name)" : ""),
                    summary: table.summary,
                    work: .run(
                        .iptablesRestore, HostStep.restoreArguments,
                        input: String(decoding: text.finish(), as: UTF8.self)), family: index)
            }
        }
    }
}
