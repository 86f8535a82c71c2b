/// A version of kube-proxy: `1.N`, with what else its text says (`v1.33.4-eks-1234567`), which is shown and decides
/// nothing.
public struct ProxyVersion: Sendable, Hashable {
    /// The `N` of the versions whose texts are known: 1.24 to 1.36 are recorded, 1.37 was read.
    public static let knownMinors = 24...37
    /// The version that is used where nothing says another one.
    public static let `default` = ProxyVersion(minor: 36)

    /// The `N` of `1.N`; at least the first of ``knownMinors``.
    public let minor: Int
    /// The version as it was given, such as `1.33` or `v1.33.4-eks-1234567`.
    public let text: String

    /// The release `1.minor`.
    ///
    /// - Parameter minor: the first of ``knownMinors`` or more; anything else stops the program.
    public init(minor: Int) {
        precondition(minor >= ProxyVersion.knownMinors.lowerBound, "a release older than all known ones")
        self.minor = minor
        text = "1.\(minor)"
    }

    /// Reads a version; nil if the text is not one, or one older than all known ones.
    public init?(_ text: String) {
        guard let (major, minor, _) = ProxyVersion.numbers(text), major == 1,
            minor >= ProxyVersion.knownMinors.lowerBound
        else { return nil }
        self.minor = minor
        self.text = text
    }

    /// The `P` of `1.N.P`; nil: the text does not say it.
    var patch: Int? { ProxyVersion.numbers(text)?.patch }

    /// `1.N`.
    public var release: String { "1.\(minor)" }

    /// Whether the release is newer than all known ones. Its text is taken to be that of the newest known one.
    public var isNewerThanKnown: Bool { minor > ProxyVersion.knownMinors.upperBound }

    /// The minor version whose text is written: this one's, or the newest known one.
    public var knownMinor: Int { min(minor, ProxyVersion.knownMinors.upperBound) }

    /// `1.knownMinor`.
    public var knownRelease: String { "1.\(knownMinor)" }

    /// What this version does in iptables mode that not all do.
    public var behaviors: ProxyBehaviors { behaviors(in: .iptables) }

    /// What this version does in a mode that not all do.
    public func behaviors(in mode: ProxyMode) -> ProxyBehaviors { ProxyBehaviors(minor: knownMinor, mode) }

    /// The numbers of `1.N`, `v1.N.P` and the like, with anything after `-` or `+`.
    private static func numbers(_ text: String) -> (major: Int, minor: Int, patch: Int?)? {
        let end = text.firstIndex { $0 == "-" || $0 == "+" } ?? text.endIndex
        let suffix = text[end...].dropFirst()
        let digits = text[..<end]
        let parts = (digits.hasPrefix("v") ? digits.dropFirst() : digits)
            .split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.map { part in part.allSatisfy { ("0"..."9").contains($0) } ? Int(part) : nil }
        guard (2...3).contains(numbers.count), numbers.allSatisfy({ $0 != nil }), text.utf8.count <= 100,
            let major = numbers[0], let minor = numbers[1],
            suffix.utf8.allSatisfy({ byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"):
                    true
                default: false
                }
            })
        else { return nil }
        return (major, minor, numbers.count > 2 ? numbers[2] : nil)
    }
}

extension ProxyVersion: Comparable {
    /// By release.
    public static func < (left: ProxyVersion, right: ProxyVersion) -> Bool {
        (left.minor, left.text) < (right.minor, right.text)
    }
}

extension ProxyVersion: CustomStringConvertible {
    public var description: String { text }
}

extension ProxySettings {
    /// Takes the version of kube-proxy: `1.N`, also with a patch level, a `v` before it and a suffix.
    public mutating func setVersion(_ text: String) throws(SettingError) {
        guard let version = ProxyVersion(text) else {
            let known = ProxyVersion.knownMinors
            throw SettingError(
                "invalid kube-proxy version '\(text)': "
                    + "expected 1.\(known.lowerBound) to 1.\(known.upperBound), such as 1.34 or v1.34.2")
        }
        self.version = version
    }

    /// Whether a version takes the word `primary`.
    ///
    /// - Throws: ``SettingError`` if kube-proxy of that version does not start with it.
    public func checkNodePortAddresses(for version: ProxyVersion) throws(SettingError) {
        let behaviors = version.behaviors(in: mode)
        switch nodePortAddresses {
        case .ranges: break
        case .primary:
            if behaviors.contains(.primaryNodePortAddresses) { return }
            throw SettingError(
                "kube-proxy \(version) does not start with the word 'primary', which is known since 1.31: expected CIDRs"
            )
        case .entries(let entries):
            if behaviors.contains(.nftablesNodePortWords) { return }
            if entries.contains(.localhost) || entries.contains(.all) {
                let word = entries.contains(.localhost) ? "localhost" : "all"
                throw SettingError(
                    "the word '\(word)' is for mode nftables since kube-proxy 1.37 only: expected CIDRs or primary")
            }
            throw SettingError("'primary' stands for all node-port addresses: expected no other beside it")
        }
    }
}
