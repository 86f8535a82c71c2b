import Foundation
import KubeChainsBytes
import KubeChainsJSON
import KubeObjects
import Synchronization
import TestSupport
import Testing

/// With a second thread a large input gives what it gives without: objects, warnings, faults and their places. The other
/// thread is made to read all parts, none, or as it happens.
@Suite struct ItemsAheadTests {
    private static let fill = String(repeating: "x", count: 900)

    private static func service(_ number: Int, _ spec: String = "") -> String {
        """
        {"apiVersion":"v1","kind":"Service","metadata":{"annotations":{"fill":"\(fill)"},"name":"s-\(number)",\
        "namespace":"shop"},"spec":{"clusterIP":"10.96.\(number / 250).\(number % 250)"\(spec)}}
        """
    }

    /// The object as the API server gives it within a list of its kind.
    private static func withoutKind(_ number: Int) -> String {
        service(number).replacing("\"apiVersion\":\"v1\",\"kind\":\"Service\",", with: "")
    }

    private static func list(_ items: [String], _ more: String = ",\"kind\":\"List\"") -> String {
        "{\"apiVersion\":\"v1\",\"items\":[\(items.joined(separator: ","))]\(more)}"
    }

    private static let services = (0..<600).map { service($0) }

    private static func replacing(_ index: Int, with item: String) -> [String] {
        var items = services
        items[index] = item
        return items
    }

    private static func pretty(_ document: String) -> String {
        let object = try? JSONSerialization.jsonObject(with: Data(document.utf8))
        let data = object.flatMap {
            try? JSONSerialization.data(withJSONObject: $0, options: [.prettyPrinted, .sortedKeys])
        }
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    struct Input: CustomTestStringConvertible {
        let testDescription: String
        let text: String
        /// Whether something in the middle looks like an item.
        var isGuessed = true
    }

    static let inputs = [
        Input(testDescription: "compact list", text: list(services)),
        Input(testDescription: "pretty list", text: pretty(list(services))),
        Input(
            testDescription: "typed list, kind first",
            text: "{\"kind\":\"ServiceList\",\"apiVersion\":\"v1\",\"items\":["
                + (0..<600).map { withoutKind($0) }.joined(separator: ",") + "]}"),
        Input(
            testDescription: "typed list, kind last",
            text: list((0..<600).map { withoutKind($0) }, ",\"kind\":\"ServiceList\"")),
        Input(
            testDescription: "kinds of some items only, in a plain list",
            text: list((0..<600).map { $0 > 400 ? withoutKind($0) : service($0) })),
        Input(testDescription: "list without a kind", text: list(services, "")),
        Input(
            testDescription: "items given twice", text: list(services, ",\"items\":[\(service(7))],\"kind\":\"List\"")),
        Input(
            testDescription: "items of a kind that is no list", text: list(services, ",\"kind\":\"Secret\"")),
        Input(
            testDescription: "list within a list",
            text: list([list(services), service(700)])),
        Input(
            testDescription: "many documents", text: services.joined(separator: "\n"), isGuessed: false),
        Input(
            testDescription: "what looks like an item stands in a string",
            text: list(
                services.dropLast(300)
                    + ["{\"kind\":\"Secret\",\"text\":\"\(String(repeating: ",{'apiVersion'", count: 60_000))\"}"]
            ).replacing("'", with: "\\\"")),
        Input(
            testDescription: "the guess stands in another array",
            text: list([
                service(1),
                "{\"kind\":\"Secret\",\"list\":[0" + String(repeating: ",{\"kind\":1}", count: 60_000) + "]}",
                service(2),
            ])),
        Input(
            testDescription: "a bad value in the first half", text: list(replacing(9, with: service(9, ",\"type\":7")))),
        Input(
            testDescription: "a bad value in the second half",
            text: list(replacing(590, with: service(590, ",\"type\":7")))),
        Input(
            testDescription: "bad values in both halves",
            text: list(replacing(590, with: service(590, ",\"type\":7"))).replacing("\"s-3\"", with: "\"S\"")),
        Input(
            testDescription: "a bad value in a list whose items come again",
            text: list(replacing(590, with: service(590, ",\"type\":7")), ",\"items\":[],\"kind\":\"List\"")),
        Input(testDescription: "no comma in the second half", text: list(services.dropLast() + ["1 2"])),
        Input(testDescription: "the input ends early", text: String(list(services).dropLast(5000))),
        Input(testDescription: "something after the end", text: list(services) + "]"),
        Input(
            testDescription: "one object in both halves, with a difference",
            text: list(replacing(590, with: service(3, ",\"type\":\"NodePort\"")))),
        Input(testDescription: "one object in both halves", text: list(replacing(590, with: service(3)))),
        Input(
            testDescription: "warnings in both halves",
            text: list(
                services.map { $0.replacing("\"10.96.", with: "\"externalIPs\":[\"?\"],\"clusterIP\":\"10.96.") }
            )
            .replacing("\"clusterIP\":\"externalIPs", with: "\"externalIPs")),
        Input(
            testDescription: "external IPs that are none, in both halves",
            text: list((0..<600).map { service($0, $0 % 100 == 5 ? ",\"externalIPs\":[\"?\($0)\"]" : "") })),
    ]

    /// When the other thread does its work.
    enum Moment: CaseIterable {
        case beside
        /// It reads all parts.
        case before
        /// It reads none.
        case after
    }

    @Test(arguments: TestSize.current.sample(inputs, brief: 4), Moment.allCases)
    func aThreadChangesNothing(_ input: Input, _ moment: Moment) throws {
        let started = Mutex(0)
        let workers = Workers { work in
            started.withLock { $0 += 1 }
            switch moment {
            case .beside:
                let group = DispatchGroup()
                DispatchQueue.global().async(group: group, execute: DispatchWorkItem(block: work))
                return { group.wait() }
            case .before:
                work()
                return {}
            case .after:
                return work
            }
        }
        #expect(outcome(of: input.text, with: workers) == outcome(of: input.text, with: nil))
        #expect(started.withLock { $0 } == (input.isGuessed ? 1 : 0))
    }

    /// What comes of a text, in words: objects and warnings, or the fault.
    private func outcome(of text: String, with workers: Workers?) -> [String] {
        let source = SnapshotSource(name: "input", bytes: Array(text.utf8))
        do {
            let snapshot = try ClusterSnapshot(reading: [source], with: workers)
            return snapshot.services.map { "\($0)" } + snapshot.endpointSlices.map { "\($0)" }
                + snapshot.diagnostics(.warning, snapshot.warnings).map { "\($0)" }
        } catch {
            return [error.description]
        }
    }
}
