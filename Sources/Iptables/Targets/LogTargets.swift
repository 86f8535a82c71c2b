internal import KubeChainsBytes

/// `-j LOG`: writes packets to the kernel's log. iptables-extensions(8), LOG.
public struct LogTarget: Sendable, Hashable {
    /// What is logged besides.
    public struct Details: OptionSet, Sendable, Hashable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `--log-tcp-sequence`.
        public static let tcpSequence = Details(rawValue: 1 << 0)
        /// `--log-tcp-options`.
        public static let tcpOptions = Details(rawValue: 1 << 1)
        /// `--log-ip-options`.
        public static let ipOptions = Details(rawValue: 1 << 2)
        /// `--log-uid`.
        public static let uid = Details(rawValue: 1 << 3)
        /// `--log-macdecode`.
        public static let macDecode = Details(rawValue: 1 << 4)

        fileprivate static let options: [StaticString] = [
            " --log-tcp-sequence", " --log-tcp-options", " --log-ip-options", " --log-uid", " --log-macdecode",
        ]
    }

    /// What each line begins with, at most 29 bytes.
    public var prefix: String
    /// The level, 0 (emergency) to 7 (debugging).
    public var level: UInt8
    /// What is written besides.
    public var details: Details

    /// A line in the kernel's log.
    public init(prefix: String = "", level: UInt8 = 4, details: Details = []) {
        self.prefix = prefix
        self.level = level
        self.details = details
    }

    fileprivate static let levels: [(name: StaticString, level: UInt8)] = [
        ("alert", 1), ("crit", 2), ("debug", 7), ("emerg", 0), ("error", 3), ("info", 6), ("notice", 5), ("panic", 0),
        ("warning", 4),
    ]

    func write(to text: inout TextWriter) {
        text.append(" -j LOG")
        if !prefix.isEmpty {
            text.append(" --log-prefix ")
            text.append(quoting: prefix)
        }
        if level != 4 {
            text.append(" --log-level ")
            text.append(decimal: UInt64(level))
        }
        for (bit, option) in Details.options.enumerated() where details.rawValue >> UInt8(bit) & 1 == 1 {
            text.append(option)
        }
    }
}

/// `-j NFLOG`: hands packets to a logging program. iptables-extensions(8), NFLOG.
public struct NFLogTarget: Sendable, Hashable {
    /// How much of a packet is copied.
    public enum Extent: Sendable, Hashable {
        /// All of it, `--nflog-size` not given.
        case whole
        /// `--nflog-size`.
        case size(UInt32)
        /// `--nflog-range`, which has no effect.
        case range(UInt32)
    }

    /// What each message begins with, at most 127 bytes (63 with the legacy backend).
    public var prefix: String
    /// The group of listeners, from 0.
    public var group: UInt16
    /// How much of the packet is sent.
    public var extent: Extent
    /// How many packets the kernel gathers before it sends them.
    public var threshold: UInt16

    /// A message to listeners of a group.
    public init(prefix: String = "", group: UInt16 = 0, extent: Extent = .whole, threshold: UInt16 = 0) {
        self.prefix = prefix
        self.group = group
        self.extent = extent
        self.threshold = threshold
    }

    func write(to text: inout TextWriter) {
        text.append(" -j NFLOG")
        if !prefix.isEmpty {
            text.append(" --nflog-prefix ")
            text.append(quoting: prefix)
        }
        if group != 0 {
            text.append(" --nflog-group ")
            text.append(decimal: UInt64(group))
        }
        switch extent {
        case .whole: break
        case .size(let size):
            text.append(" --nflog-size ")
            text.append(decimal: UInt64(size))
        case .range(let size):
            text.append(" --nflog-range ")
            text.append(decimal: UInt64(size))
        }
        if threshold != 0 {
            text.append(" --nflog-threshold ")
            text.append(decimal: UInt64(threshold))
        }
    }
}

extension TargetDefinition {
    static let log = TargetDefinition(
        "LOG",
        options: [
            ExtensionOption("log-prefix", 5), ExtensionOption("log-level", 6),
            ExtensionOption("log-tcp-sequence", 0, arity: 0), ExtensionOption("log-tcp-options", 1, arity: 0),
            ExtensionOption("log-ip-options", 2, arity: 0), ExtensionOption("log-uid", 3, arity: 0),
            ExtensionOption("log-macdecode", 4, arity: 0),
        ]
    ) { arguments throws(RuleFault) in
        var target = LogTarget()
        if let use = arguments[5] { target.prefix = try use.argument.prefix(atMost: 29, in: arguments.strings) }
        if let use = arguments[6] {
            if let level = use.argument.bytes.number(in: 0...7) {
                target.level = UInt8(level)
            } else if let known = LogTarget.levels.first(where: { use.argument.bytes == $0.name }) {
                target.level = known.level
            } else {
                throw use.argument.fault(expected: "a log level from 0 to 7, or a name such as warning")
            }
        }
        for id in UInt8(0)..<5 where arguments.has(id) { target.details.insert(.init(rawValue: 1 << id)) }
        return .log(target)
    }

    static let nflog = TargetDefinition(
        "NFLOG",
        options: [
            ExtensionOption("nflog-prefix", 0), ExtensionOption("nflog-group", 1), ExtensionOption("nflog-size", 2),
            ExtensionOption("nflog-range", 3), ExtensionOption("nflog-threshold", 4),
        ]
    ) { arguments throws(RuleFault) in
        var target = NFLogTarget()
        if let use = arguments[0] { target.prefix = try use.argument.prefix(atMost: 127, in: arguments.strings) }
        if let use = arguments[1] { target.group = UInt16(try use.argument.number(0...0xFFFF, "a group")) }
        try arguments.exclude(2, 3)
        if let use = arguments[2] { target.extent = .size(try use.argument.uint32("a number of bytes")) }
        if let use = arguments[3] {
            let size = try use.argument.uint32("a number of bytes")
            target.extent = size == 0 ? .whole : .range(size)
        }
        if let use = arguments[4] { target.threshold = UInt16(try use.argument.number(0...0xFFFF, "a threshold")) }
        return .nflog(target)
    }
}

extension Token {
    fileprivate func prefix(atMost limit: Int, in table: StringTable) throws(RuleFault) -> String {
        guard !bytes.isEmpty else { throw fault(expected: "a prefix of at least one byte") }
        return text(atMost: limit, in: table)
    }
}
