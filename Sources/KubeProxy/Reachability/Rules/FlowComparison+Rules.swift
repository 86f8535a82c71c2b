public import Iptables
public import KubeChainsJSON
internal import KubeObjects
internal import NetAddress

/// Where the rules of one side of a comparison are.
public enum ComparedRules: Sendable {
    /// Those that kube-proxy makes of a plan.
    case plan(NodePlan)
    /// A host's, with what is known of the host, and the plan that says where pods are; nil: that is not known.
    case host(TracedRules, RulesHost, NodePlan?)

    /// - Parameter services: the Services that packets are sent to, as `namespace/name`.
    fileprivate func tracer(for services: Set<String>) throws(SnapshotError) -> ExampleTracer {
        switch self {
        // The rules of some Services are the same without the others, but for their numbers.
        case .plan(let plan):
            try ExampleTracer(NodePlan(plan.snapshot.limited(to: services), plan.settings))
        case .host(let rules, let host, let plan): ExampleTracer(rules, host, of: plan)
        }
    }
}

extension FlowComparison {
    /// The rules that the example packet of a change meets on one side only, in the order in which it meets them; the first few of
    /// many.
    public struct DifferingRules: Sendable {
        /// Those that it met before.
        public let before: [TraceStep]
        /// Those that it meets afterwards.
        public let after: [TraceStep]

        /// How many are named of each side.
        static let limit = 3

        fileprivate init(_ before: [TraceOutcome], _ after: [TraceOutcome]) {
            let (old, new) = (before.flatMap(DifferingRules.path), after.flatMap(DifferingRules.path))
            self.before = DifferingRules.steps(old, without: new)
            self.after = DifferingRules.steps(new, without: old)
        }

        /// The rules that an outcome meets, without those that leave alone at the end what nothing changed before.
        private static func path(_ outcome: TraceOutcome) -> ArraySlice<TraceStep> {
            let path = outcome.path[...]
            guard outcome.verdict == .accept, !outcome.isTranslated, !outcome.isMasqueraded else { return path }
            return path.prefix { !($0.table == "nat" && $0.chain == "POSTROUTING" || $0.chain == "nat-postrouting") }
        }

        /// The first rules that others do not have, each once, whatever elements of a set it finds. Comments and numbers do not
        /// matter.
        private static func steps(_ steps: [TraceStep], without others: [TraceStep]) -> [TraceStep] {
            let known = Set(others.map { [$0.table, $0.lineWithoutComments] })
            var met: Set<[String]> = []
            var own: [TraceStep] = []
            for step in steps where own.count < limit && !known.contains([step.table, step.lineWithoutComments]) {
                if met.insert([step.table, step.chain, step.text]).inserted { own.append(step) }
            }
            return own
        }
    }

    /// How many changes have their rules named.
    static let namedChanges = 100

    /// Names the rules that the example packets of the first hundred changes meet on one side only. In IPVS mode there are none.
    ///
    /// Takes time linear in the rules of the Services that are named, and in a host's rules.
    ///
    /// - Throws: ``SnapshotError`` if a mode cannot serve a Service as the settings ask for it.
    public mutating func nameRules(_ before: ComparedRules, _ after: ComparedRules) throws(SnapshotError) {
        let named = changes.prefix(FlowComparison.namedChanges)
        guard !named.isEmpty else { return }
        let services = Set(named.map(\.name.qualifiedService))
        let (old, new) = (try before.tracer(for: services), try after.tracer(for: services))
        for (index, change) in named.enumerated() {
            guard let sender = change.example else { continue }
            let origin = change.senders.origin
            changes[index].rules = DifferingRules(
                old.outcomes(from: sender, origin, to: change.frontend),
                new.outcomes(from: sender, origin, to: change.frontend))
        }
    }
}
