internal import Iptables
internal import KubeChainsHost

/// How a command works on this host.
struct HostOptions: Sendable {
    /// The backend of iptables; nil: the host decides.
    var backend: Generator.Backend?
    /// Seconds to wait for the xtables lock, and for another kubechains.
    var waitSeconds = 5
    /// The file by which concurrent runs are serialised.
    var lockFile = HostLock.usualPath
    /// Folders in which programs are looked for first.
    var programFolders: [String] = []
    /// Do what would be refused as dangerous.
    var isForced = false
}

/// The options of a command that works on a host.
protocol WorksOnHost: CommandOptions {
    var host: HostOptions { get set }
}

extension Option where Options: WorksOnHost {
    static var backend: Option {
        Option(
            "backend", "auto|nft|legacy",
            "the backend of iptables; auto: the one that holds kube-proxy's chains, or that iptables itself is of",
            default: "auto"
        ) { options, text throws(OptionError) in
            guard text == "auto" || Generator.Backend(rawValue: text) != nil else {
                throw OptionError(message: "'\(text)' is no backend: expected auto, nft or legacy")
            }
            options.host.backend = Generator.Backend(rawValue: text)
        }
    }

    static var wait: Option {
        Option(
            "wait", "SECONDS",
            "how long to wait for the xtables lock, which the legacy backend has, and for another kubechains",
            default: "5"
        ) { options, text throws(OptionError) in
            guard let seconds = Int(text), (0...86400).contains(seconds) else {
                throw OptionError(message: "'\(text)' is no number of seconds from 0 to 86400")
            }
            options.host.waitSeconds = seconds
        }
    }

    static var lockFile: Option {
        Option(
            "lock-file", "FILE", "the file by which concurrent runs of kubechains are serialised",
            default: HostLock.usualPath
        ) { options, text throws(OptionError) in
            guard !text.isEmpty else { throw OptionError(message: "the lock file needs a name") }
            options.host.lockFile = text
        }
    }

    static var programPath: Option {
        Option(
            "program-path", "DIR",
            "look for iptables and other programs in this folder first; may be given several times"
        ) { options, text throws(OptionError) in
            guard text.hasPrefix("/") else { throw OptionError(message: "'\(text)' is no absolute path of a folder") }
            options.host.programFolders.append(text)
        }
    }

    static var force: Option {
        .boolean(
            "force", "write even where kube-proxy seems to run, or where the snapshot seems not to be whole"
        ) { $0.host.isForced = $1 }
    }
}
