import KubeProxy
import Synchronization
import Testing

@testable import KubeChainsHost

/// The one engine that carries out steps: everything is checked first, and a failure is undone.
@Suite struct EngineTests {
    /// A host of values with a name each.
    struct Values: HostState, Equatable {
        var values: [String: String]

        func steps(to wanted: Values) -> [HostStep] {
            Set(values.keys).union(wanted.values.keys).sorted().compactMap { name in
                guard values[name] != wanted.values[name] else { return nil }
                let value = wanted.values[name] ?? ""
                return HostStep(name: name, summary: value, work: .write(.init(name: name, value: value)), family: nil)
            }
        }
    }

    /// A host that refuses some values: before anything is done, or when they are to be set.
    final class Host: HostAccess {
        let values: Mutex<[String: String]>
        let log = Mutex<[String]>([])
        let isRefused: @Sendable (String, String) -> Bool
        let isFoundBefore: Bool

        init(
            _ values: [String: String], foundBefore: Bool = false, refuses: @escaping @Sendable (String, String) -> Bool
        ) {
            self.values = Mutex(values)
            isRefused = refuses
            isFoundBefore = foundBefore
        }

        func read() throws(HostError) -> Values { Values(values: values.withLock { $0 }) }

        func check(_ step: HostStep) throws(HostError) {
            if isFoundBefore { try refuse(step) }
        }

        func run(_ step: HostStep) throws(HostError) {
            try refuse(step)
            guard case .write(let value) = step.work else { return }
            log.withLock { $0.append("\(value.name)=\(value.value)") }
            values.withLock { $0[value.name] = value.value.isEmpty ? nil : value.value }
        }

        private func refuse(_ step: HostStep) throws(HostError) {
            guard case .write(let value) = step.work, isRefused(value.name, value.value) else { return }
            throw HostError("error: \(value.name) refuses \(value.value)")
        }

        func command(of step: HostStep) -> String { "set \(step.name) \(step.summary)" }
        func restored(by steps: [HostStep]) -> String { "taken back: \(steps.map(\.name).joined(separator: " "))" }
    }

    private static let before = ["a": "1", "b": "1", "c": "1"]
    private static let wanted = Values(values: ["a": "2", "b": "2", "c": "2"])

    private func failure(_ host: Host, isUndone: Bool = true, wanted: Values = wanted) -> String? {
        do throws(HostError) {
            let before = try host.read()
            try host.carryOut(before.steps(to: wanted), orGoBackTo: isUndone ? before : nil)
            return nil
        } catch {
            return error.message
        }
    }

    @Test func everyStepIsDone() {
        let host = Host(Self.before) { _, _ in false }
        #expect(failure(host) == nil)
        #expect(host.values.withLock { $0 } == Self.wanted.values)
        #expect(failure(host) == nil)
        #expect(host.log.withLock { $0 } == ["a=2", "b=2", "c=2"])
    }

    /// What a check finds is found before the first step.
    @Test func checksComeFirst() {
        let host = Host(Self.before, foundBefore: true) { name, value in name == "c" && value == "2" }
        #expect(failure(host) == "error: c refuses 2")
        #expect(host.log.withLock { $0 } == [])
    }

    @Test(arguments: [
        ("a", "nothing", "the host is as it was", [String]()), ("b", "a", "taken back: a", ["a=2", "a=1"]),
        ("c", "a, b", "taken back: a b", ["a=2", "b=2", "a=1", "b=1"]),
    ])
    func failureIsUndone(_ refusing: String, _ done: String, _ outcome: String, _ log: [String]) {
        let host = Host(Self.before) { name, value in name == refusing && value == "2" }
        let place = ["a": 1, "b": 2, "c": 3][refusing] ?? 0
        #expect(
            failure(host) == "error: step \(place) of 3 failed, \(refusing) (2):\nerror: \(refusing) refuses 2\n"
                + "done before: \(done)\n\(outcome)")
        #expect(host.log.withLock { $0 } == log)
        #expect(host.values.withLock { $0 } == Self.before)
    }

    /// Of a single step only its own words are said.
    @Test func singleStep() {
        let host = Host(Self.before) { _, value in value == "2" }
        let wanted = Values(values: ["a": "1", "b": "2", "c": "1"])
        #expect(failure(host, wanted: wanted) == "error: b refuses 2\nthe host is as it was")
    }

    /// What cannot be undone is named, with the steps that are left, as a script.
    @Test func failureToUndo() {
        let host = Host(Self.before) { name, value in name == "c" && value == "2" || name == "a" && value == "1" }
        #expect(
            failure(host)?.hasSuffix(
                "\nit could not all be taken back: error: a refuses 1\nthis is left to do, to get back to where the host was:\n"
                    + "# a: 1\nset a 1\n# b: 1\nset b 1\n") == true)
    }

    @Test func whatIsNotUndoneStays() {
        let host = Host(Self.before) { name, value in name == "b" }
        #expect(
            failure(host, isUndone: false)?.hasSuffix("once the reason is gone, the same command does the rest") == true
        )
        #expect(host.values.withLock { $0 } == ["a": "2", "b": "1", "c": "1"])
    }
}
