import Foundation
import KubeChains

// Errors have a code to switch on, and a sentence for people.
do {
    _ = try ProxySettings(flags: ["--cluster-cidr", "10.244.0.0"])
} catch {
    switch error.code {
    case .invalidValue: print("invalid: \(error)")
    case .unknownFlag, .missingValue, .incomplete: print("the flags are wrong: \(error)")
    }
}
do {
    let text = #"{"kind": "Service", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "No"}}"#
    _ = try ClusterSnapshot(reading: [SnapshotSource(name: "service.json", bytes: Array(text.utf8))])
} catch {
    if error.code == .invalidValue, let place = error.diagnostic.place { print("line \(place.line): \(error)") }
}

let file = try Data(contentsOf: URL(fileURLWithPath: "cluster.json"))
let snapshot = try ClusterSnapshot(reading: [SnapshotSource(name: "cluster.json", bytes: [UInt8](file))])
let settings = try ProxySettings(flags: ["--node=worker-1"])
let plan = IptablesPlan(try NodePlan(snapshot, settings))

// The reports of the command line.
do {
    let explanation = try Explanation(ExplainTarget("shop/web"), plan)
    print(ExplainReport.text(explanation, TextStyle(width: 100, isColored: false)))
    print(ExplainReport.json("shop/web", explanation).count, ExplainReport.svg(explanation).count)
} catch {
    if error.code == .notFound { print("not found: \(error)") }
}
let lint = try Lint(snapshot, settings, families: [.ipv4])
print(LintReports.text(lint.findings, lint.findings.map { _ in nil }))

// A text of any size, in chunks.
var count = 0
plan.write(.restore, to: .passing { chunk in count += chunk.count })
print("\(count) bytes passed on")
