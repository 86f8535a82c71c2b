import Foundation
import Iptables
import KubeChainsBytes
import KubeChainsJSON
import KubeObjects
import KubeProxy
import Synchronization
import Testing

/// A large plan and its text are the same with a second thread and without.
@Suite struct WorkersTests {
    /// 600 Services of ten endpoints in three families of names, some with node ports, affinity or no endpoint.
    private static let document: String = {
        var items: [String] = []
        for number in 0..<600 {
            let name = ["web", "db", "cache"][number % 3] + "-\(number)"
            let more =
                (number % 7 == 0 ? ",\"type\":\"NodePort\"" : "")
                + (number % 5 == 0 ? ",\"sessionAffinity\":\"ClientIP\"" : "")
            items.append(
                """
                {"apiVersion":"v1","kind":"Service","metadata":{"name":"\(name)","namespace":"n-\(number % 4)"},"spec":\
                {"clusterIP":"10.96.\(number / 250).\(number % 250)","ports":[{"name":"http","port":80\
                \(number % 7 == 0 ? ",\"nodePort\":\(30_000 + number)" : "")}]\(more)}}
                """)
            guard number % 11 > 0 else { continue }
            let endpoints = (0..<10).map { "{\"addresses\":[\"10.\($0).\(number / 250).\(number % 250)\"]}" }
            items.append(
                """
                {"addressType":"IPv4","apiVersion":"discovery.k8s.io/v1","endpoints":[\(endpoints.joined(separator: ","))],\
                "kind":"EndpointSlice","metadata":{"labels":{"kubernetes.io/service-name":"\(name)"},\
                "name":"\(name)-x","namespace":"n-\(number % 4)"},"ports":[{"name":"http","port":8080}]}
                """)
        }
        return "{\"apiVersion\":\"v1\",\"items\":[\(items.joined(separator: ","))],\"kind\":\"List\"}"
    }()

    @Test func aThreadChangesNothing() throws {
        let started = Mutex(0)
        let workers = Workers { work in
            started.withLock { $0 += 1 }
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group, execute: DispatchWorkItem(block: work))
            return { group.wait() }
        }
        func text(with workers: Workers?) throws -> (bytes: [UInt8], summary: TextSummary) {
            let source = SnapshotSource(name: "input", bytes: Array(Self.document.utf8))
            let snapshot = try ClusterSnapshot(reading: [source], with: workers)
            let plan = try NodePlan(snapshot, ProxySettings(), with: workers)
            var bytes: [UInt8] = []
            let writer = unsafe TextWriter { chunk in unsafe bytes.append(contentsOf: chunk) }
            let summary = IptablesPlan(plan, with: workers).write(.restore, to: writer, with: workers)
            return (bytes, summary)
        }
        let (shared, alone) = (try text(with: workers), try text(with: nil))
        #expect(shared.bytes == alone.bytes)
        #expect(shared.summary == alone.summary)
        // Half of the items, half of the Services, and at least one block each of chains and of rules.
        #expect(started.withLock { $0 } >= 4)
        #expect(shared.summary.rules > 15_000)
    }
}
