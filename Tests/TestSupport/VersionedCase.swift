import Foundation

/// A case recorded from the code of kube-proxy 1.24 to 1.36: a cluster, the options, and the text of each version.
public struct VersionedCase: Sendable {
    /// The name of the case's folder.
    public let name: String
    /// The snapshot as it lies on disk.
    public let snapshot: String
    /// The arguments of `render`, without the version.
    public let options: [String]
    /// The recorded texts, each with the versions that write it, the oldest first.
    public let texts: [Text]

    private let cluster: ClusterDescription

    /// What some versions in a row write.
    public struct Text: Sendable {
        /// The `N` of each version `1.N`.
        public let minors: ClosedRange<Int>
        /// The text for iptables-restore.
        public let expected: String
    }

    /// The snapshot and the options as plain values, for kube-proxy `1.minor`.
    public func cluster(minor: Int) -> ClusterDescription {
        var cluster = cluster
        cluster.settings.kubeProxyMinor = minor
        return cluster
    }

    /// Reads the case in a folder.
    public init(folder: String) throws {
        let manager = FileManager.default
        func read(_ file: String) throws -> String {
            try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
        }
        name = URL(fileURLWithPath: folder).lastPathComponent
        snapshot = try read("snapshot.json")
        options = try read("options").split(separator: "\n").map(String.init)
        cluster = try ClusterDescription(json: snapshot, settings: .init(arguments: options))
        let files = try manager.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(Self.prefix) }
        texts = try files.map { file in
            let bounds = file.dropFirst(Self.prefix.count).split(separator: "-").compactMap { Int($0.dropFirst(2)) }
            guard let first = bounds.first, let last = bounds.last else { throw RecordedCaseError(file) }
            return Text(minors: first...last, expected: try read(file))
        }.sorted { $0.minors.lowerBound < $1.minors.lowerBound }
    }

    private static let prefix = "expected.rules."

    /// The names of the cases in a folder, sorted.
    public static func names(in folder: String) -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { FileManager.default.fileExists(atPath: "\(folder)/\($0)/options") }
            .sorted(by: bytesPrecede)
    }
}
