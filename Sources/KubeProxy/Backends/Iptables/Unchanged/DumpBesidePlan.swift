package import Iptables
package import KubeChainsBytes

/// A node's dump and the rules of a plan that it is compared with, both without the chains of Service ports that are the same byte
/// for byte.
package final class DumpBesidePlan: Sendable {
    /// What the dump has.
    package let actual: Ruleset
    /// What the plan has.
    package let expected: Ruleset
    /// The plan.
    package let plan: IptablesPlan
    /// The Service ports whose chains are in neither.
    let unchanged: UnchangedServices

    /// Whether there are such Service ports.
    package var leavesOutServices: Bool { unchanged.count > 0 }

    /// Reads a dump.
    ///
    /// - Parameters:
    ///   - text: what iptables-save printed, of the plan's family.
    ///   - chains: where the text has its chains; nil: it is not of the form that iptables-save prints, and is read whole.
    ///   - keepsComments: whether the plan's rules have comments on Services.
    package init(
        parsing text: ByteView, _ chains: SavedChains?, beside plan: IptablesPlan, keepsComments: Bool = false,
        with workers: Workers?
    ) throws(RulesetError) {
        self.plan = plan
        // Without chains nothing is unchanged.
        let chains = chains ?? SavedChains()
        let unchanged = UnchangedServices(plan, chains, in: text, with: workers)
        self.unchanged = unchanged
        let family = plan.plan.settings.family
        let read = { @Sendable in
            Result { () throws(RulesetError) in
                try text.withWholeSpan { bytes throws(RulesetError) in
                    unchanged.count == 0
                        ? try Ruleset(parsing: bytes, family: family)
                        : try Ruleset(parsing: bytes, family: family, leavingOut: unchanged.lines)
                }
            }
        }
        let compose = { plan.ruleset(keepsComments: keepsComments, leavingOut: unchanged) }
        if let workers {
            let (actual, expected) = workers.both(read, compose)
            (self.actual, self.expected) = (try actual.get(), expected)
        } else {
            (actual, expected) = (try read().get(), compose())
        }
    }

    /// A dump that has been read whole, and all rules of the plan.
    package init(_ actual: Ruleset, beside plan: IptablesPlan, keepsComments: Bool) {
        self.actual = actual
        self.plan = plan
        expected = plan.ruleset(keepsComments: keepsComments)
        unchanged = UnchangedServices(plan, SavedChains(), in: .empty, with: nil)
    }
}
