import Foundation

/// A case recorded from the code of several versions of kube-proxy: a cluster, the options, and the texts of each version.
public struct VersionedCase: Sendable {
    /// The folder of the cases in iptables mode, 1.24 to 1.36: one text, `rules`.
    public static let iptables = "conformance-versions"
    /// The folder of the cases in nftables mode, 1.31 to 1.37: two texts, `state` and `restore`.
    public static let nftables = "conformance-nftables"

    /// The snapshot as it lies on disk.
    public let snapshot: String
    /// The arguments of `render`, without the version.
    public let options: [String]
    /// The recorded texts, each with the versions that write it, the oldest first.
    public let texts: [Text]

    private let cluster: ClusterDescription

    /// What some versions in a row write.
    public struct Text: Sendable {
        /// `rules`, `state` or `restore`.
        public let form: String
        /// The `N` of each version `1.N`.
        public let minors: ClosedRange<Int>
        /// The text for iptables-restore or nft.
        public let expected: String
    }

    /// The names of the cases in a folder, sorted.
    public static func names(in folder: String) -> [String] { RecordedCase.names(in: folder) }

    /// Reads a case in a folder.
    public init(_ name: String, in folder: String) throws {
        let path = Self.path(of: name, in: folder)
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(path)/\(file)", encoding: .utf8)
        }
        snapshot = try read("snapshot.json")
        options = try read("options").split(separator: "\n").map(String.init)
        cluster = try ClusterDescription(json: snapshot, settings: .init(arguments: options))
        let files = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasPrefix("expected.") }
        // Such as `expected.rules.1.25-1.26`.
        texts = try files.sorted().map { file in
            let parts = file.split(separator: ".", maxSplits: 2)
            let bounds = parts[2].split(separator: "-").compactMap { Int($0.dropFirst(2)) }
            guard let first = bounds.first, let last = bounds.last else { throw RecordedCaseError(file) }
            return Text(form: String(parts[1]), minors: first...last, expected: try read(file))
        }.sorted { $0.minors.lowerBound < $1.minors.lowerBound }
    }

    /// The folder of a case.
    public static func path(of name: String, in folder: String) -> String {
        "\(RecordedCase.fixtures)/\(folder)/\(name)"
    }

    /// The snapshot and the options as plain values, for kube-proxy `1.minor`.
    public func cluster(minor: Int) -> ClusterDescription {
        var cluster = cluster
        cluster.settings.kubeProxyMinor = minor
        return cluster
    }
}
