internal import Conntrack
internal import KubeChainsBytes
package import KubeProxy
package import NetAddress

/// The kernel's connection tracking, by the program conntrack.
package struct ConnectionTracking {
    private let program: String

    /// Nil if conntrack is not installed.
    init?() {
        guard let program = System.findProgram("conntrack") else { return nil }
        self.program = program
    }

    /// What `conntrack -L` prints of a family.
    package static func list(_ family: AddressFamily) throws(HostError) -> (name: String, text: [UInt8]) {
        guard let tracking = ConnectionTracking() else {
            throw HostProgram.missing("conntrack", package: "conntrack")
        }
        let arguments = ["-L", "-f", family.name.lowercased()]
        return ("\(tracking.program) \(arguments.joined(separator: " "))", try tracking.run(arguments))
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
        let text = try run(["-L", "-p", "udp", "-f", family])
        let list: ConntrackList
        do throws(ConntrackError) {
            list = try ConntrackList(parsing: text.span)
        } catch {
            throw HostError("\(program) -L: line \(error.line): \(error.message)")
        }
        let flows = Set(list.entries.map { UDPFlow($0) })
        let stale = plan.staleFlows(among: Array(flows))
        for flow in stale {
            let filter = ConntrackFilter(
                .udp, to: flow.destination, port: flow.destinationPort, from: flow.replySource)
            _ = try run(["-D"] + filter.arguments)
        }
        return stale.count
    }

    private func run(_ arguments: [String]) throws(HostError) -> [UInt8] {
        let result = try HostProgram.run(program, arguments)
        // It also fails if there is nothing to list or delete, and then says how many entries it has shown or deleted.
        guard result.isSuccess || result.errors.contains(text: "flow entries have been") else {
            throw HostError("\(program) failed: \(HostProgram.reason(result))")
        }
        return result.output
    }
}

extension UDPFlow {
    fileprivate init(_ entry: ConntrackEntry) {
        self.init(
            destination: entry.original.destination, destinationPort: entry.original.destinationPort,
            replySource: entry.reply.source)
    }
}
