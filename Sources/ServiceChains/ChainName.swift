internal import Netfilter

/// The 16 characters that tell one Service port's or endpoint's chains from another's.
public struct ChainHash: Sendable, Hashable, Comparable {
    /// The first eight characters, the first of them in the highest bits.
    let first: UInt64
    /// The last eight characters.
    let second: UInt64

    init(first: UInt64, second: UInt64) {
        self.first = first
        self.second = second
    }

    /// The hash of some bytes: the first 80 bits of their SHA-256 digest in base32 (RFC 4648).
    init(of bytes: Span<UInt8>) {
        let digest = SHA256.prefix(of: bytes)
        let bits = UInt128(digest.first) << 16 | UInt128(digest.next)
        var words: (UInt64, UInt64) = (0, 0)
        for index in 0..<16 {
            let value = UInt8(truncatingIfNeeded: bits >> UInt128(75 - index * 5)) & 31
            let character = UInt64(value < 26 ? UInt8(ascii: "A") + value : UInt8(ascii: "2") - 26 + value)
            if index < 8 { words.0 = words.0 << 8 | character } else { words.1 = words.1 << 8 | character }
        }
        first = words.0
        second = words.1
    }

    public static func < (left: ChainHash, right: ChainHash) -> Bool {
        (left.first, left.second) < (right.first, right.second)
    }
}

/// The name of a chain that kube-proxy writes.
public struct ChainName: Sendable, Hashable {
    /// The fixed chains, and the kinds of hashed ones; in the byte order of their names.
    public enum Kind: UInt8, Sendable, Hashable, CaseIterable {
        case external, externalServices, firewall, forward, sourceRanges, markMasquerade, nodePorts, postrouting
        case proxyFirewall, endpoint, services, clusterPolicy, localPolicy

        /// The whole name of a fixed chain; what comes before the hash of the others.
        public var text: StaticString {
            switch self {
            case .external: "KUBE-EXT-"
            case .externalServices: "KUBE-EXTERNAL-SERVICES"
            case .firewall: "KUBE-FIREWALL"
            case .forward: "KUBE-FORWARD"
            case .sourceRanges: "KUBE-FW-"
            case .markMasquerade: "KUBE-MARK-MASQ"
            case .nodePorts: "KUBE-NODEPORTS"
            case .postrouting: "KUBE-POSTROUTING"
            case .proxyFirewall: "KUBE-PROXY-FIREWALL"
            case .endpoint: "KUBE-SEP-"
            case .services: "KUBE-SERVICES"
            case .clusterPolicy: "KUBE-SVC-"
            case .localPolicy: "KUBE-SVL-"
            }
        }
    }

    public let kind: Kind
    /// Nil for a fixed chain.
    public let hash: ChainHash?

    init(_ kind: Kind, _ hash: ChainHash? = nil) {
        self.kind = kind
        self.hash = hash
    }
}

extension ChainName: Comparable {
    /// Byte order of the names.
    public static func < (left: ChainName, right: ChainName) -> Bool {
        guard left.kind == right.kind, let leftHash = left.hash, let rightHash = right.hash else {
            return left.kind.rawValue < right.kind.rawValue
        }
        return leftHash < rightHash
    }
}

extension ChainName: CustomStringConvertible {
    public var description: String {
        var text = TextWriter()
        text.append(self)
        return String(decoding: text.finish(), as: UTF8.self)
    }
}

extension TextWriter {
    /// Appends a chain's name.
    @inline(__always)
    mutating func append(_ chain: ChainName) {
        append(chain.kind.text)
        guard let hash = chain.hash else { return }
        append(bigEndian: hash.first)
        append(bigEndian: hash.second)
    }
}
