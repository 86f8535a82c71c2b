package import Iptables
internal import KubeChainsBytes
internal import KubeProxy
package import NetAddress

/// The rules of this host in one family and backend.
package struct HostRules: Sendable {
    package let iptables: IptablesPrograms
    /// With counters.
    package let live: Ruleset

    /// The rules of one backend or of both in some families, as far as the backends are installed.
    ///
    /// - Parameters:
    ///   - backend: the backend; nil: both.
    package static func readAll(
        _ families: [AddressFamily], _ backend: Generator.Backend? = nil
    ) throws(HostError) -> [HostRules] {
        var found: [HostRules] = []
        for family in families {
            for backend in backend.map({ [$0] }) ?? [.nft, .legacy] {
                guard let iptables = try IptablesPrograms.find(family, backend) else { continue }
                found.append(HostRules(iptables: iptables, live: try iptables.save()))
            }
        }
        return found
    }

    /// What iptables-save prints on this host: of the backend that holds kube-proxy's chains, of both if both do, else of the one
    /// that the program iptables uses.
    package static func dumps(_ family: AddressFamily) throws(HostError) -> [(name: String, text: [UInt8])] {
        let usual = try IptablesPrograms.defaultBackend(family)
        var holding: [(name: String, text: [UInt8])] = []
        var empty: [(name: String, text: [UInt8])] = []
        for backend in [Generator.Backend.nft, .legacy] {
            guard let iptables = try IptablesPrograms.find(family, backend) else { continue }
            let text: [UInt8]
            do throws(HostError) {
                text = try iptables.dump()
            } catch {
                // The other backend is none of the host's, so that it need not work.
                guard backend == usual else { continue }
                throw error
            }
            let holdsChains = String(decoding: text, as: UTF8.self).contains(text: "\n:KUBE-SERVICES ")
            if holdsChains {
                holding.append((iptables.savePath, text))
            } else if backend == usual {
                empty.append((iptables.savePath, text))
            }
        }
        let dumps = holding.isEmpty ? empty : holding
        guard !dumps.isEmpty else { throw missing(family == .ipv4 ? "iptables" : "ip6tables") }
        return dumps
    }

    /// The rules that a command works on: one backend for all families.
    ///
    /// - Parameters:
    ///   - backend: the given backend; nil: the one with kube-proxy's chains, or else the one that
    ///     the program iptables uses.
    package static func choose(
        _ families: [AddressFamily], _ backend: Generator.Backend?
    ) throws(HostError) -> [HostRules] {
        let all = try readAll(families, backend)
        let chosen: Generator.Backend
        if let backend {
            chosen = backend
        } else {
            let holders = Set(all.filter { $0.live.holdsProxyChains }.map(\.iptables.backend))
            guard holders.count <= 1 else {
                throw HostError(
                    "error: both backends of iptables hold kube-proxy's chains, and packets meet both; take those away that "
                        + "nobody keeps up, with 'kubechains cleanup --apply --backend legacy' or '--backend nft', or name "
                        + "the one to write with --backend")
            }
            var found = holders.first
            if found == nil { found = try IptablesPrograms.defaultBackend(families[0]) }
            guard let found else { throw missing("iptables") }
            chosen = found
        }
        let rules = all.filter { $0.iptables.backend == chosen }
        for family in families where !rules.contains(where: { $0.iptables.family == family }) {
            throw missing("\(family == .ipv4 ? "iptables" : "ip6tables") with the \(chosen.rawValue) backend")
        }
        return rules
    }

    private static func missing(_ program: String) -> HostError {
        HostProgram.missing(program, package: "iptables")
    }

    /// The families that a command works on: the given one, or those that the host has.
    package static func families(_ given: AddressFamily?) -> [AddressFamily] {
        if let given { return [given] }
        // The file exists if the kernel supports IPv6.
        return System.text(of: "/proc/net/if_inet6") == nil ? [.ipv4] : [.ipv4, .ipv6]
    }
}
