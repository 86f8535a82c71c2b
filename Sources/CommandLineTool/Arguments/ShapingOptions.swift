internal import KubeChainsJSON
internal import KubeProxy
internal import NetAddress

/// The options that shape the rules, as a command line gives them.
struct ShapingOptions: Sendable {
    /// The flags in the order given, set again on top of configuration files.
    private var flags: [(flag: ProxyFlag, text: String)] = []
    /// What the flags alone say.
    private(set) var settings = ProxySettings()
    var configFile: String?
    /// Feature gates without effect here.
    private(set) var unknownGates: [String] = []

    mutating func set(_ flag: ProxyFlag, _ text: String) throws(OptionError) {
        if flag == .node, let first = settings.nodeName, first != text {
            throw OptionError(
                message: "'\(first)' and '\(text)' are given, but a run is about one Node; "
                    + "render, diff, audit and reach do every Node with --all-nodes")
        }
        do {
            unknownGates += try settings.set(flag, to: text)
        } catch {
            throw OptionError(message: error.description)
        }
        flags.append((flag, text))
    }

    /// Whether the command line gives a flag.
    func gives(_ flag: ProxyFlag) -> Bool { flags.contains { $0.flag == flag } }

    /// The settings that the command line gives, as far as a node's rules show them.
    var auditSettings: Set<AuditSetting> { Set(flags.flatMap { AuditSetting.given(by: $0.flag, $0.text) }) }

    /// The family that the command line gives.
    var family: AddressFamily? { gives(.family) ? settings.family : nil }

    /// The families to look at: both, unless the command line gives one.
    var families: [AddressFamily] { family.map { [$0] } ?? AddressFamily.allCases }

    /// The mode that the command line gives.
    var mode: ProxyMode? { gives(.proxyMode) ? settings.mode : nil }

    /// These options, and others after them.
    func followed(by others: ShapingOptions) -> ShapingOptions {
        var all = self
        all.flags += others.flags
        all.settings = others.applied(to: settings)
        all.configFile = others.configFile ?? configFile
        all.unknownGates += others.unknownGates
        return all
    }

    /// Settings with the flags on top.
    func applied(to settings: ProxySettings) -> ProxySettings {
        var settings = settings
        for (flag, text) in flags {
            do {
                try settings.set(flag, to: text)
            } catch {
                // Every value was accepted once before.
                preconditionFailure(error.description)
            }
        }
        return settings
    }
}

/// The options of a command that makes rules from a snapshot, or removes them.
protocol ShapesRules: CommandOptions {
    var shaping: ShapingOptions { get set }
    /// What a flag's default is in this command, where it is another one than usual.
    static func defaultText(of flag: ProxyFlag) -> String?
    /// Why the command refuses a mode with these options; nil: it serves it.
    func refusal(of mode: ProxyMode) -> String?
    /// Whether the command goes on, with a warning, for a node that the snapshot's Nodes do not have, and without Services.
    static var takesIncompleteSnapshots: Bool { get }
    /// The Nodes to do, where the command does all of them.
    var shard: NodeShard { get }
}

extension ShapesRules {
    static func defaultText(of flag: ProxyFlag) -> String? { nil }
    static var takesIncompleteSnapshots: Bool { false }
    var shard: NodeShard { .all }
    func refusal(of mode: ProxyMode) -> String? { Self.modes.contains(mode) ? nil : Command.refusal(of: mode) }
    var inputs: [String] { operands + shapingInputs }
    /// The inputs that the options of all commands name.
    var shapingInputs: [String] { shaping.configFile.map { [$0] } ?? [] }

    var warnings: [Diagnostic] {
        shaping.unknownGates.map { Diagnostic(.warning, ProxySettings.unknownGateMessage($0)) }
    }
}

extension OptionGroup where Options: ShapesRules {
    /// The flags of all modes, and a configuration file.
    static var shaping: OptionGroup {
        var options = ProxyFlag.allCases.filter { $0.mode == nil }.map { Option<Options>.flag($0) }
        let config = Option<Options>(
            OptionSpec(
                name: "config", value: .text("FILE"), help: "a KubeProxyConfiguration as JSON; flags win over it",
                isCommon: true)
        ) { options, text throws(OptionError) in options.shaping.configFile = text }
        options.insert(config, at: 4)
        return OptionGroup(title: "Options that shape the rules", isShared: true, options: options)
    }

    /// The flags of nftables mode.
    static var nftables: OptionGroup { flags(of: .nftables, "Options of nftables mode") }
    /// The flags of IPVS mode.
    static var ipvs: OptionGroup { flags(of: .ipvs, "Options of IPVS mode") }

    private static func flags(of mode: ProxyMode, _ title: String) -> OptionGroup {
        OptionGroup(
            title: title, isShared: true,
            options: ProxyFlag.allCases.filter { $0.mode == mode }.map { Option<Options>.flag($0) })
    }
}

extension Option where Options: ShapesRules {
    /// A flag of kube-proxy's, or one about its host.
    static func flag(_ flag: ProxyFlag) -> Option {
        let words = flag.words(Options.modes)
        return Option(
            OptionSpec(
                name: flag.rawValue, value: flag.isBoolean ? .boolean : .text(words.placeholder), help: words.help,
                defaultText: Options.defaultText(of: flag) ?? words.defaultText, choices: words.choices,
                isCommon: flag.isCommon)
        ) { options, text throws(OptionError) in try options.shaping.set(flag, text) }
    }
}
