import Iptables
import KubeProxy
import TestSupport
import Testing

/// Properties over seeded random clusters. The reference shares no code with the product.
@Suite struct RandomClusterTests {
    /// 1,000 clusters in a full run and 50 in a brief one, in ten parts that run in parallel.
    static let parts: [Range<UInt64>] = stride(from: UInt64(0), to: 1000, by: 100).map { first in
        first..<(first + UInt64(TestSize.current.count(full: 100, brief: 5)))
    }

    @Test(arguments: parts)
    func textEqualsTheReference(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            #expect(try plan(cluster).text(.restore) == cluster.reference.text, "seed \(seed)")
        }
    }

    @Test(arguments: parts)
    func orderAndFilesDoNotMatter(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let expected = try plan(cluster).text(.restore)
            let order = cluster.shuffledOrder(seed: seed + 1)
            let shuffled = try plan([cluster.listDocument(order: order)], cluster.options)
            #expect(shuffled.text(.restore) == expected, "seed \(seed), shuffled")
            for count in [2, 3] {
                let split = try plan(cluster.documents(splitInto: count, order: order), cluster.options)
                #expect(split.text(.restore) == expected, "seed \(seed), in \(count) files")
            }
        }
    }

    /// Jumps lead to declared chains, every chain is reached, and there are as many lines as kube-proxy's rules add up to.
    @Test(arguments: parts)
    func chainsHoldTogether(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let plan = try plan(cluster)
            let text = try RuleText(plan.text(.restore))
            for table in text.tables {
                #expect(table.rulesOfUndeclaredChains.isEmpty, "seed \(seed)")
                #expect(table.rulesWithUndeclaredTargets.isEmpty, "seed \(seed)")
                var unreachable = table.unreachableChains(from: RuleText.roots(ofTable: table.name))
                if !plan.settings.allowServiceExternalIPs {
                    // Nothing jumps to the external chain of a Service that has external IPs only, nor on from there.
                    let external = plan.servicePorts.filter(\.usesExternalChain).map {
                        IptablesPlan(plan).chains(of: $0).external.description
                    }
                    unreachable = table.unreachableChains(from: RuleText.roots(ofTable: table.name) + external)
                }
                #expect(unreachable.isEmpty, "seed \(seed)")
            }
            let filter = try #require(text.table("filter"))
            let nat = try #require(text.table("nat"))
            let counts = ReferenceModel.Counts(
                filterChains: filter.chains.count, filterRules: filter.rules.count, natChains: nat.chains.count,
                natRules: nat.rules.count)
            #expect(counts == cluster.reference.counts, "seed \(seed)")
        }
    }

    /// Each endpoint of a policy chain gets 1/n of the packets that reach the balancing rules, within what ten decimals can say.
    @Test(arguments: parts)
    func sharesAreEqual(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let nat = try #require(try RuleText(plan(RandomCluster(seed: seed)).text(.restore)).table("nat"))
            for chain in nat.chains where chain.hasPrefix("KUBE-SVC-") || chain.hasPrefix("KUBE-SVL-") {
                let balancing = nat.rules(of: chain).filter { rule in
                    rule.target?.hasPrefix("KUBE-SEP-") == true && !rule.line.contains(" --rcheck ")
                }
                var left = 1.0
                for (index, rule) in balancing.enumerated() {
                    let isLast = index == balancing.count - 1
                    #expect((rule.probability == nil) == isLast, "seed \(seed)")
                    let share = left * (rule.probability ?? 1)
                    // Each printed chance is off by half of the last decimal at most, and n of them follow each other.
                    let tolerance = 0.5e-10 * Double(balancing.count)
                    #expect(abs(share - 1 / Double(balancing.count)) <= tolerance, "seed \(seed)")
                    left -= share
                }
            }
        }
    }

    /// Another Service changes nothing of what is there, as long as the cluster stays on one side of large-cluster mode.
    @Test(arguments: parts)
    func unrelatedServicesStayApart(_ seeds: Range<UInt64>) throws {
        for seed in seeds {
            let cluster = RandomCluster(seed: seed)
            let before = try RuleText(plan(cluster).text(.restore))
            let after = try RuleText(plan(cluster.addingUnrelatedService()).text(.restore))
            for table in before.tables {
                let grown = try #require(after.table(table.name))
                for chain in table.chains {
                    let old = table.rules(of: chain).map(\.line)
                    let new = grown.rules(of: chain).map(\.line)
                    if ["KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-PROXY-FIREWALL"].contains(
                        chain)
                    {
                        // The shared chains gain the new Service's rules, and keep the others in their order.
                        let added = new.filter { !old.contains($0) }
                        #expect(new.filter { !added.contains($0) } == old, "seed \(seed), \(chain)")
                    } else {
                        #expect(new == old, "seed \(seed), \(chain)")
                    }
                }
            }
        }
    }
}
