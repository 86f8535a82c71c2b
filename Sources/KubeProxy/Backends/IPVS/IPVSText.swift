internal import Iptables
public import KubeChainsBytes
internal import NetAddress

/// The texts that hold what kube-proxy in IPVS mode programs.
public enum IPVSForm: String, Sendable, Hashable, CaseIterable {
    /// The iptables rules around IPVS, as input for iptables-restore.
    case restore
    /// What iptables-save prints once that text is loaded.
    case save
    /// The virtual and real servers, as input for ipvsadm-restore.
    case ipvsadm
    /// The sets, as input for `ipset restore`.
    case ipset
    /// The addresses of the interface `kube-ipvs0`.
    case addresses
    /// What kube-proxy sets up before: sysctls, timeouts, chains and jumps.
    case setup
}

extension IPVSPlan {
    /// Writes one of the texts.
    ///
    /// - Returns: its length in bytes.
    @discardableResult
    public func write(_ form: IPVSForm, to text: consuming TextWriter) -> Int {
        var output = text
        switch form {
        case .restore: IPVSRules(self).writeRestore(to: &output)
        case .save: IPVSRules(self).writeSave(to: &output)
        case .ipvsadm: writeServers(to: &output)
        case .ipset: writeSets(to: &output)
        case .addresses:
            for address in boundAddresses {
                output.append(IPPrefix(single: address).text)
                output.append(UInt8(ascii: "\n"))
            }
        case .setup: IPVSSetup(plan.settings).write(to: &output)
        }
        output.flush()
        return output.totalCount
    }

    /// One of the texts as a string.
    public func text(_ form: IPVSForm) -> String {
        var result: [UInt8] = []
        write(form, to: unsafe TextWriter { chunk in unsafe result.append(contentsOf: chunk) })
        return String(decoding: result, as: UTF8.self)
    }

    private func writeServers(to text: inout TextWriter) {
        let method: StaticString
        switch plan.settings.ipvs.forwarding {
        case .masquerading: method = " -m -w 1\n"
        case .gatewaying: method = " -g -w 1\n"
        case .tunneling: method = " -i -w 1\n"
        }
        let scheduler = Array(" -s \(plan.settings.ipvs.scheduler)".utf8)
        for server in virtualServers {
            write(server, scheduler, to: &text)
            let address = server.text
            for endpoint in realServers(of: server) {
                text.append("-a ")
                text.append(server.transport.ipvsadmOption)
                text.append(UInt8(ascii: " "))
                text.append(address)
                text.append(" -r ")
                text.append(endpoint.text)
                text.append(method)
            }
        }
    }

    private func write(_ server: VirtualServer, _ scheduler: [UInt8], to text: inout TextWriter) {
        text.append("-A ")
        text.append(server.transport.ipvsadmOption)
        text.append(UInt8(ascii: " "))
        text.append(server.text)
        text.append(scheduler)
        if let seconds = persistence(of: server) {
            text.append(" -p ")
            text.append(decimal: UInt64(seconds))
        }
        // kube-proxy includes the client's port in the hash for this scheduler only.
        if plan.settings.ipvs.scheduler == .mh { text.append(" -b mh-port") }
        text.append(UInt8(ascii: "\n"))
    }

    /// A virtual server as ipvsadm-save prints it.
    public func line(of server: VirtualServer) -> String {
        var text = TextWriter()
        write(server, Array(" -s \(plan.settings.ipvs.scheduler)".utf8), to: &text)
        return String(decoding: text.finish().dropLast(), as: UTF8.self)
    }

    private func writeSets(to text: inout TextWriter) {
        let family = plan.settings.family
        let sets = IPSet.allCases.map { (name: $0.name(family), set: $0) }.sorted { $0.name < $1.name }
        for (name, set) in sets {
            text.append("create ", name, " ")
            text.append(string: set.kind.rawValue)
            if set.kind == .port {
                text.append(" range 0-65535\n")
            } else {
                text.append(family == .ipv4 ? " family inet" : " family inet6")
                text.append(" hashsize 1024 maxelem 65536\n")
            }
            var lines = SortedLines()
            for entry in entries(of: set) {
                lines.text.append("add ", name, " ")
                lines.text.append(entry)
                lines.endLine()
            }
            lines.finish(to: &text)
        }
    }
}

extension TransportProtocol {
    /// How ipvsadm names the protocol of a virtual server.
    var ipvsadmOption: StaticString {
        switch self {
        case .tcp: "-t"
        case .udp: "-u"
        case .sctp: "--sctp-service"
        }
    }

    /// The protocol that ipvsadm names so.
    init?(ipvsadmOption: Substring) {
        switch ipvsadmOption {
        case "-t": self = .tcp
        case "-u": self = .udp
        case "--sctp-service": self = .sctp
        default: return nil
        }
    }

    /// The place of that name in byte order.
    var ipvsadmOrder: Int {
        switch self {
        case .sctp: 0
        case .tcp: 1
        case .udp: 2
        }
    }
}

extension IPSetEntry {
    /// The entry as ipset writes it.
    public var text: String {
        var text = TextWriter()
        text.append(self)
        return String(decoding: text.finish(), as: UTF8.self)
    }
}

extension TextWriter {
    fileprivate mutating func append(_ entry: IPSetEntry) {
        switch entry {
        case .address(let address): append(address.text)
        case .port(let port): append(decimal: UInt64(port))
        case .addressPort(let address, let transport, let port): append(address, transport, port)
        case .addressPortAddress(let address, let transport, let port, let source):
            append(address, transport, port)
            append(UInt8(ascii: ","))
            append(source.text)
        case .addressPortRange(let address, let transport, let port, let range):
            append(address, transport, port)
            append(UInt8(ascii: ","))
            append(range.text)
        }
    }

    private mutating func append(_ address: IPAddress, _ transport: TransportProtocol, _ port: UInt16) {
        append(address.text)
        append(UInt8(ascii: ","))
        append(transport.name)
        append(UInt8(ascii: ":"))
        append(decimal: UInt64(port))
    }
}
