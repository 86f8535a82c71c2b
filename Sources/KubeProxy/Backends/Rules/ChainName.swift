internal import Iptables
internal import KubeChainsBytes

/// The name of a chain that kube-proxy writes.
public struct ChainName: Sendable, Hashable {
    /// The chain's part of the name before the hash.
    public typealias Kind = KubeChain

    /// Which chain it is, or of which kind.
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
