internal import KubeChainsBytes
package import KubeProxy
internal import NetAddress

/// The kernel's connection tracking, by the program conntrack.
package struct ConnectionTracking {
    private let program: String

    /// Nil if conntrack is not installed.
    init?() {
        guard let program = System.findProgram("conntrack") else { return nil }
        self.program = program
    }

    /// Deletes stale flows of the UDP Services of some plans.
    ///
    /// - Returns: a report of what was done.
    package static func deleteStaleFlows(_ plans: [NodePlan]) -> [String] {
        let udp = plans.filter { plan in plan.servicePorts.contains { $0.name.transport == .udp } }
        guard !udp.isEmpty else { return [] }
        guard let tracking = ConnectionTracking() else {
            return [
                "conntrack is not installed: clients of UDP Services may be led to endpoints that are gone until they pause"
            ]
        }
        var count = 0
        do throws(HostError) {
            for plan in udp { count += try tracking.deleteStaleFlows(plan) }
        } catch {
            return ["\(error.message): clients of UDP Services may be led to endpoints that are gone until they pause"]
        }
        return count == 0 ? [] : ["connection tracking: stale flows of UDP Services deleted, \(count) kinds of them"]
    }

    /// Deletes the flows of UDP Services to addresses that no longer serve them.
    ///
    /// - Returns: how many combinations of destination, port and reply source were deleted.
    private func deleteStaleFlows(_ plan: NodePlan) throws(HostError) -> Int {
        let family = plan.settings.family.name.lowercased()
        let list = try run(["-L", "-p", "udp", "-f", family])
        let flows = Set(list.split(separator: "\n").compactMap { UDPFlow(line: $0) })
        let stale = plan.staleFlows(among: Array(flows))
        for flow in stale {
            _ = try run([
                "-D", "-p", "udp", "-f", family, "--orig-dst", flow.destination.description, "--orig-port-dst",
                "\(flow.destinationPort)", "--reply-src", flow.replySource.description,
            ])
        }
        return stale.count
    }

    private func run(_ arguments: [String]) throws(HostError) -> String {
        let result = try HostProgram.run(program, arguments)
        // It also fails if there is nothing to list or delete, and then says how many entries it has shown or deleted.
        guard result.isSuccess || result.errors.contains(text: "flow entries have been") else {
            throw HostError("\(program) failed: \(HostProgram.reason(result))")
        }
        return String(decoding: result.output, as: UTF8.self)
    }
}

extension UDPFlow {
    /// The flow of a line that `conntrack -L` prints:
    /// `udp 17 29 src=… dst=… sport=… dport=… [UNREPLIED] src=… dst=… …`.
    init?(line: Substring) {
        func values(_ key: String) -> [Substring] {
            line.split(separator: " ").filter { $0.hasPrefix(key) }.map { $0.dropFirst(key.count) }
        }
        guard let destination = values("dst=").first.flatMap({ IPAddress(String($0)) }),
            let port = values("dport=").first.flatMap({ UInt16($0) }),
            let source = values("src=").dropFirst().first.flatMap({ IPAddress(String($0)) })
        else { return nil }
        self.init(destination: destination, destinationPort: port, replySource: source)
    }
}
