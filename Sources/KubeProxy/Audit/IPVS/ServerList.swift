internal import NetAddress

/// What `ipvsadm -Ln` lists, as lines for ipvsadm-restore:
/// ```
/// IP Virtual Server version 1.2.1 (size=4096)
/// Prot LocalAddress:Port Scheduler Flags
///   -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
/// TCP  10.96.0.1:443 rr persistent 10800
///   -> 10.244.1.5:6443              Masq    1      0          0
/// ```
struct ServerList {
    /// Nil: there is no list.
    private(set) var commands: [Substring]?
    /// The list's own lines.
    private(set) var text = ""
    private var server: String?

    /// Takes a line of the list.
    ///
    /// - Returns: the address that it names, empty where it names none; nil: it is no line of a list.
    mutating func take(_ words: [Substring]) -> Substring? {
        switch words[0] {
        case "IP" where words.count > 1 && words[1] == "Virtual", "Prot":
            commands = commands ?? []
            return ""
        case "FWM" where commands != nil:
            server = nil
            return ""
        case "->" where words.count > 1 && words[1] == "RemoteAddress:Port": return ""
        case "->" where words.count > 3 && commands != nil:
            text += words.joined(separator: " ") + "\n"
            guard let server else { return "" }
            let method = words[2] == "Masq" ? "-m" : words[2] == "Tunnel" ? "-i" : "-g"
            commands?.append("-a \(server) -r \(words[1]) \(method) -w \(words[3])")
            return words[1]
        default:
            guard words.count > 2, commands != nil,
                let transport = TransportProtocol.allCases.first(where: { $0.kubernetesName == words[0] })
            else { return nil }
            text += words.joined(separator: " ") + "\n"
            let name = "\(transport.ipvsadmOption) \(words[1])"
            server = name
            var command = "-A \(name) -s \(words[2])"
            if let place = words.firstIndex(of: "persistent"), place + 1 < words.count {
                command += " -p \(words[place + 1])"
            }
            commands?.append(Substring(command))
            return words[1]
        }
    }
}
