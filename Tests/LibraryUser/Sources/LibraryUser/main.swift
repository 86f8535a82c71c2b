import Foundation
import KubeChains

let file = try Data(contentsOf: URL(fileURLWithPath: "cluster.json"))
let source = SnapshotSource(name: "cluster.json", bytes: [UInt8](file))
let snapshot = try ClusterSnapshot(reading: [source])
let settings = try ProxySettings(flags: ["--node", "worker-1"])

// Every decision is in the plan: which endpoints are used, by which policy, and why.
let plan = IptablesPlan(try NodePlan(snapshot, settings))
print(plan.text(.restore))
let explanation = try Explanation(ExplainTarget("shop/web"), plan)
for endpoint in explanation.services[0].endpoints {
    print(endpoint.text, endpoint.reason)
}
