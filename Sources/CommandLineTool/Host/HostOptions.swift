internal import Iptables

// Options of the commands that work on a host.

extension OptionSpec {
    static let backend = OptionSpec(
        name: "backend", value: .text("auto|nft|legacy"),
        help: "the backend of iptables; auto: the one that holds kube-proxy's chains, or that iptables itself is of",
        defaultText: "auto"
    ) { invocation, text throws(OptionError) in
        guard text == "auto" || Generator.Backend(rawValue: text) != nil else {
            throw OptionError(message: "'\(text)' is no backend: expected auto, nft or legacy")
        }
        invocation.backend = Generator.Backend(rawValue: text)
    }

    static let wait = OptionSpec(
        name: "wait", value: .text("SECONDS"),
        help: "how long to wait for the xtables lock, which the legacy backend has, and for another kubechains",
        defaultText: "5"
    ) { invocation, text throws(OptionError) in
        guard let seconds = Int(text), (0...86400).contains(seconds) else {
            throw OptionError(message: "'\(text)' is no number of seconds from 0 to 86400")
        }
        invocation.waitSeconds = seconds
    }

    static let force = OptionSpec.boolean(
        "force", "write even where kube-proxy seems to run, or where the snapshot seems not to be whole", "false"
    ) { $0.isForced = $1 }
}
