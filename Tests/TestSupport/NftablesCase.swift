import Foundation

/// A case recorded from the code of kube-proxy 1.31 to 1.37 in nftables mode: a cluster, the options, and two texts of each
/// version.
public struct NftablesCase: Sendable {
    /// The name of the case's folder.
    public let name: String
    /// The snapshot as it lies on disk.
    public let snapshot: String
    /// The arguments of `render`, without the version.
    public let options: [String]
    /// The recorded texts.
    public let texts: [Text]
    private let cluster: ClusterDescription

    /// What some versions in a row write.
    public struct Text: Sendable {
        /// `state` or `restore`.
        public let form: String
        /// The `N` of each version `1.N`.
        public let minors: ClosedRange<Int>
        /// The text for nft.
        public let expected: String
    }

    /// The names of the cases, sorted.
    public static let names = RecordedCase.names(in: "conformance-nftables")

    /// Reads a case.
    public init(_ name: String) throws {
        let folder = "\(RecordedCase.fixtures)/conformance-nftables/\(name)"
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        }
        self.name = name
        snapshot = try read("snapshot.json")
        options = try read("options").split(separator: "\n").map(String.init)
        cluster = try ClusterDescription(json: snapshot, settings: .init(arguments: options))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        texts = try files.filter { $0.hasPrefix("expected.") }.map { file in
            let parts = file.split(separator: ".", maxSplits: 2)
            let bounds = parts[2].split(separator: "-").compactMap { Int($0.dropFirst(2)) }
            guard let first = bounds.first, let last = bounds.last else { throw RecordedCaseError(file) }
            return Text(form: String(parts[1]), minors: first...last, expected: try read(file))
        }
    }

    /// The snapshot and the options as plain values, for kube-proxy `1.minor`.
    public func cluster(minor: Int) -> ClusterDescription {
        var cluster = cluster
        cluster.settings.kubeProxyMinor = minor
        return cluster
    }
}
