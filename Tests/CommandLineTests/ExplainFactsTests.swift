import Foundation
import TestSupport
import Testing

/// What the goldens of `explain` say, held against the demo cluster's rules and objects: the rules are those of
/// `ipv4.restore` and `ipv6.restore`, which the reference model gives too.
@Suite struct ExplainFactsTests {
    @Test(arguments: ExplainGolden.all)
    func rulesAreTheServicesOwn(_ golden: ExplainGolden) throws {
        let report = try ExplainedReport(golden.text("json"))
        let rules = try DemoRules(report.family)
        for service in report.services {
            #expect(service.rules.map(\.text) == rules.lines(about: service.servicePort), "\(service.servicePort)")
            #expect(service.rules.isEmpty == (service.absence != nil))
            for rule in service.rules { #expect(rules.table(of: rule.text) == rule.table && !rule.why.isEmpty) }
        }
        for rule in report.sharedRules {
            #expect(rules.table(of: rule.text) == rule.table && !rule.why.isEmpty, "\(rule.text)")
        }
        for chain in report.sharedChain ?? [] {
            #expect(chain.rules.map(\.text) == rules.lines(of: chain.chain, in: chain.table))
        }
    }

    /// The tree breaks lines, but leaves nothing out: every rule with its reason, every endpoint with its own.
    @Test(arguments: ExplainGolden.all)
    func textHoldsEverything(_ golden: ExplainGolden) throws {
        func letters(_ text: String) -> String { text.filter { !" \n│├└─".contains($0) } }
        let text = letters(try golden.text("all"))
        let report = try ExplainedReport(golden.text("json"))
        for rule in report.services.flatMap(\.rules) + report.sharedRules + (report.sharedChain ?? []).flatMap(\.rules)
        {
            #expect(text.contains(letters(rule.text)) && text.contains(letters(rule.why)), "\(rule.text)")
        }
        for endpoint in report.services.flatMap(\.endpoints) {
            #expect(text.contains(letters(endpoint.text)) && text.contains(letters(endpoint.reason)))
        }
    }

    /// A policy's shares add up to one, and are those of the chain's probabilities.
    @Test(arguments: ExplainGolden.all)
    func sharesAreThoseOfTheRules(_ golden: ExplainGolden) throws {
        let report = try ExplainedReport(golden.text("json"))
        let rules = try DemoRules(report.family)
        for service in report.services {
            for (chain, share) in [
                (service.chains["cluster"], \ExplainedReport.Endpoint.clusterShare),
                (service.chains["local"], \.localShare),
            ] {
                let sum = service.endpoints.map { $0[keyPath: share] }.reduce(0, +)
                #expect(chain == nil ? sum == 0 : abs(sum - 1) < 1e-12, "\(service.servicePort)")
                let written = chain.map { rules.shares(of: $0) } ?? [:]
                for endpoint in service.endpoints {
                    let expected = endpoint.chain.flatMap { written[$0] } ?? 0
                    // The text has ten decimals.
                    #expect(abs(endpoint[keyPath: share] - expected) < 1e-8, "\(endpoint.address)")
                }
            }
            for endpoint in service.endpoints {
                if let chain = endpoint.chain { #expect(rules.destination(of: chain) == endpoint.text) }
                #expect(!endpoint.reason.isEmpty)
            }
        }
    }

    /// Every endpoint of the Service's slices stands there once, of both families, used or left out.
    @Test(arguments: ExplainGolden.all)
    func noEndpointIsForgotten(_ golden: ExplainGolden) throws {
        let report = try ExplainedReport(golden.text("json"))
        let text = try String(contentsOfFile: "\(Package.fixtures)/demo/cluster.json", encoding: .utf8)
        let cluster = try ClusterDescription(json: text, settings: .init(arguments: []))
        for service in report.services where service.absence == nil {
            let name = service.servicePort.split(separator: ":")[0].split(separator: "/")
            let slices = cluster.slices.filter { $0.namespace == name[0] && $0.service.map { $0 == name[1] } ?? false }
            let expected = slices.flatMap(\.endpoints).compactMap(\.addresses.first)
            #expect(service.endpoints.map(\.address).sorted() == expected.sorted(), "\(service.servicePort)")
        }
    }

    /// A path's rules are numbers of rules of the Service port, and lead through the chains that it names.
    @Test(arguments: ExplainGolden.all)
    func pathsNameTheirRules(_ golden: ExplainGolden) throws {
        for service in try ExplainedReport(golden.text("json")).services {
            for step in service.entries.flatMap(\.paths).flatMap(\.steps) {
                for number in step.rules where step.hooks != ["POSTROUTING"] {
                    try #require(service.rules.indices.contains(number - 1))
                    let rule = service.rules[number - 1]
                    #expect(step.chains.contains(rule.chain) && rule.table == step.table)
                }
            }
        }
    }
}

/// The rules of the demo cluster's golden.
private struct DemoRules {
    private let text: RuleText

    init(_ family: String) throws {
        let path = "\(Package.fixtures)/demo/\(family.lowercased()).restore"
        text = try RuleText(String(contentsOfFile: path, encoding: .utf8))
    }

    func table(of line: String) -> String? {
        text.tables.first { $0.rules.contains { $0.line == line } }?.name
    }

    func lines(of chain: String, in table: String) -> [String] { text.table(table)?.rules(of: chain).map(\.line) ?? [] }

    /// The lines that name a Service port, or a chain that only lines which name it lead to or belong to.
    func lines(about servicePort: String) -> [String] {
        let rules = text.tables.flatMap(\.rules)
        let named = rules.filter { $0.line.split { " \"".contains($0) }.contains(Substring(servicePort)) }
        let chains = Set(
            named.flatMap { [$0.chain, $0.target ?? ""] }.filter {
                $0.wholeMatch(of: /KUBE-[A-Z]+-[A-Z2-7]{16}/) != nil
            })
        return rules.filter { rule in
            named.contains { $0.line == rule.line } || chains.contains(rule.chain)
                || rule.target.map { chains.contains($0) } ?? false
        }.map(\.line)
    }

    /// The share of each chain that a policy's chain leads to, from the probabilities in their order.
    func shares(of chain: String) -> [String: Double] {
        var shares: [String: Double] = [:]
        var rest = 1.0
        for rule in text.table("nat")?.rules(of: chain) ?? [] where !rule.line.contains(" --rcheck ") {
            guard let target = rule.target, target.hasPrefix("KUBE-SEP-") else { continue }
            shares[target] = rest * (rule.probability ?? 1)
            rest *= 1 - (rule.probability ?? 1)
        }
        return shares
    }

    /// Where an endpoint's chain sends packets.
    func destination(of chain: String) -> String? {
        let lines = text.table("nat")?.rules(of: chain).map(\.line) ?? []
        return lines.compactMap { $0.components(separatedBy: " --to-destination ").dropFirst().first }.first
    }
}
