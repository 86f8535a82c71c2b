import Foundation
import Iptables
import NetAddress
import TestSupport
import Testing

@testable import KubeProxy

/// What is not read of a dump since it is a plan's text byte for byte: with it, the rules are those of the whole text.
@Suite struct UnchangedServicesTests {
    private static let leftOut = Tally(0, cases: RecordedCase.tried.count)

    /// The rules of the whole text with each line's number, however the chains are ordered.
    private static func rules(_ ruleset: Ruleset) -> [[String]] {
        ruleset.tables.flatMap { table in
            table.chains.map { chain in
                ["\(table.name) \(chain.name) \(chain.line)"]
                    + chain.rules.map { "\($0.line) \($0.ignoringCounters.saved(in: ""))" }
            }
        }.sorted { $0[0] < $1[0] }
    }

    @Test(arguments: RecordedCase.tried)
    func recordedCase(_ name: String) throws {
        let recorded = try RecordedCase(name)
        let plan = IptablesPlan(try plan([recorded.snapshot], recorded.options))
        let text = plan.text(.save)
        let dump = try DumpBesidePlan.reading(text, beside: plan)
        let whole = try Ruleset(parsing: Array(text.utf8), family: plan.plan.settings.family)
        #expect(Self.rules(dump.unchanged.adding(to: dump.actual)) == Self.rules(whole))
        let expected = dump.unchanged.adding(to: dump.expected)
        #expect(
            Self.rules(expected).map { $0.count } == Self.rules(plan.ruleset(keepsComments: true)).map { $0.count })
        let count = dump.unchanged.count
        Self.leftOut.add {
            $0 += count
        } finish: {
            #expect($0 > 0)
            print("\($0) Service ports were not read, since their rules are those of the plan.")
        }
    }

    /// A cluster of two Services with two endpoints each, one of which has a node port.
    private static let cluster = """
        {"kind":"List","apiVersion":"v1","items":[
        {"kind":"Node","apiVersion":"v1","metadata":{"name":"n1"}},
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"web","namespace":"shop"},"spec":{"type":"NodePort",
         "clusterIP":"10.96.0.1","ports":[{"port":80,"protocol":"TCP","nodePort":30080}]}},
        {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"web-1","namespace":"shop",
         "labels":{"kubernetes.io/service-name":"web"}},"addressType":"IPv4","ports":[{"port":8080,"protocol":"TCP"}],
         "endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"]}]},
        {"kind":"Service","apiVersion":"v1","metadata":{"name":"db","namespace":"shop"},"spec":{"clusterIP":"10.96.0.2",
         "ports":[{"port":5432,"protocol":"TCP"}]}},
        {"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","metadata":{"name":"db-1","namespace":"shop",
         "labels":{"kubernetes.io/service-name":"db"}},"addressType":"IPv4","ports":[{"port":5432,"protocol":"TCP"}],
         "endpoints":[{"addresses":["10.0.1.1"]},{"addresses":["10.0.1.2"]}]}]}
        """

    /// Texts that are not quite what iptables-save prints, or not quite the plan's: how many of the two Service ports are left
    /// out. What is read must be the same as without leaving anything out, errors too.
    @Test(arguments: [
        ("intact", 2), ("a rule behind a chain's", 1), ("a rule before a chain's", 1), ("a rule elsewhere", 1),
        ("a rule without conditions", 1), ("a rule of quoted chain", 0), ("a rule after two blanks", 0),
        ("a chain declared twice", 0), ("a chain that is missing", 1), ("an inserted rule", 0), ("a flushed chain", 0),
        ("counters", 0), ("carriage returns", 0), ("a second nat table", 0), ("a comment changed", 1), ("a tab", 0),
        ("cut off", 1), ("another policy word", 0),
    ])
    func form(_ name: String, _ count: Int) throws {
        let plan = IptablesPlan(try plan([Self.cluster], ["--node", "n1"]))
        let text = plan.text(.save)
        let chains = plan.plan.servicePorts.map { plan.chains(of: $0).clusterPolicy.description }
        let (db, web) = (chains[0], chains[1])
        let changed: String =
            switch name {
            case "a rule behind a chain's": text.replacing(last: "-A \(web) ", with: { $0 + "\n-A \(web) -j RETURN" })
            case "a rule before a chain's": text.replacing(first: "-A \(web) ", with: { "-A \(web) -j RETURN\n" + $0 })
            case "a rule elsewhere": text.replacing(last: "-A KUBE-", with: { $0 + "\n-A \(db) -j RETURN" })
            case "a rule without conditions": text.replacing(last: "-A \(web) ", with: { $0 + "\n-A \(web)" })
            case "a rule of quoted chain":
                text.replacing(last: "-A KUBE-", with: { $0 + "\n-A \"\(web)\" -j RETURN" })
            case "a rule after two blanks": text.replacing(last: "-A KUBE-", with: { $0 + "\n-A  \(web) -j RETURN" })
            case "a chain declared twice": text.replacing(first: ":\(web) ", with: { $0 + "\n" + $0 })
            case "a chain that is missing":
                text.split(separator: "\n").filter { !$0.contains(web) }.joined(separator: "\n") + "\n"
            case "an inserted rule": text.replacing(last: "-A KUBE-", with: { $0 + "\n-I \(web) -j RETURN" })
            case "a flushed chain": text.replacing(last: "-A KUBE-", with: { $0 + "\n-F \(web)" })
            case "counters": text.replacing("-A KUBE-", with: "[1:2] -A KUBE-")
            case "carriage returns": text.replacing("\n", with: "\r\n")
            case "a second nat table": text + "*nat\n-A \(web) -j RETURN\nCOMMIT\n"
            case "a comment changed":
                text.replacing(first: "-A \(web) ", with: { $0.replacing("shop/web", with: "shop/cart") })
            case "a tab": text.replacing(first: "-A \(web) ", with: { $0.replacing(web + " ", with: web + "\t") })
            case "cut off": String(text.prefix(upTo: text.range(of: "-A \(max(web, db)) ")!.upperBound)) + "-j"
            case "another policy word": text.replacing(first: ":\(web) ", with: { _ in ":\(web) ACCEPT [0:0]" })
            default: text
            }
        let leftOut = try Self.expectSameReading(changed, plan)
        #expect(leftOut == nil || leftOut == count)
    }

    /// Reads a text beside a plan, and expects the rules or the error that reading all of it gives.
    ///
    /// - Returns: how many Service ports were left out; nil: the text is refused.
    private static func expectSameReading(_ text: String, _ plan: IptablesPlan) throws -> Int? {
        switch Result(catching: { try Ruleset(parsing: Array(text.utf8), family: .ipv4) }) {
        case .success(let whole):
            let dump = try DumpBesidePlan.reading(text, beside: plan)
            #expect(rules(dump.unchanged.adding(to: dump.actual)) == rules(whole), "\(text)")
            return dump.unchanged.count
        case .failure(let fault):
            let error = #expect(throws: RulesetError.self, "\(text)") {
                try DumpBesidePlan.reading(text, beside: plan)
            }
            let expected = try #require(fault as? RulesetError)
            #expect(error?.message == expected.message)
            #expect(error?.line == expected.line)
            #expect(error?.column == expected.column)
            return nil
        }
    }

    /// Random damage by bytes and lines.
    @Test func damagedTexts() throws {
        let plan = IptablesPlan(try plan([Self.cluster], ["--node", "n1"]))
        let intact = plan.text(.save).split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        let words = [" ", "\t", "\"", "-", "A", "\n", "\r", "#", ":", "[1:2] ", "*nat", "COMMIT", "-F", "KUBE-SVC-"]
        var counts: [Int: Int] = [:]
        for seed in 0..<TestSize.current.count(full: 5000, brief: 200) {
            var generator = SeededGenerator(seed: UInt64(seed))
            var lines = intact
            for _ in 0...generator.number(in: 0...2) {
                let index = generator.number(in: 0...(lines.count - 1))
                switch generator.number(in: 0...4) {
                case 0: lines.remove(at: index)
                case 1: lines.insert(lines[index], at: generator.number(in: 0...lines.count))
                case 2: lines.swapAt(index, generator.number(in: 0...(lines.count - 1)))
                case 3:
                    let place = generator.number(in: 0...lines[index].count)
                    lines[index].insert(
                        contentsOf: generator.pick(words),
                        at: lines[index].index(lines[index].startIndex, offsetBy: place))
                default: lines[index] = String(lines[index].dropLast(generator.number(in: 0...4)))
                }
            }
            let leftOut = try Self.expectSameReading(lines.joined(separator: "\n"), plan)
            counts[leftOut ?? -1, default: 0] += 1
        }
        // Refused, read whole, and with one or both Service ports left out.
        for count in -1...2 { #expect(counts[count, default: 0] > 0) }
    }
}

extension String {
    fileprivate func replacing(first prefix: String, with change: (String) -> String) -> String {
        replacing(prefix, with: change) { $0.firstIndex(where: $1) }
    }

    fileprivate func replacing(last prefix: String, with change: (String) -> String) -> String {
        replacing(prefix, with: change) { $0.lastIndex(where: $1) }
    }

    /// Replaces the first or last line that begins with some text.
    private func replacing(
        _ prefix: String, with change: (String) -> String, _ find: ([String], (String) -> Bool) -> Int?
    ) -> String {
        var lines = split(separator: "\n", omittingEmptySubsequences: false).map { String($0) }
        if let index = find(lines, { $0.hasPrefix(prefix) }) { lines[index] = change(lines[index]) }
        return lines.joined(separator: "\n")
    }
}
