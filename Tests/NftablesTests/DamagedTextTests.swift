import Foundation
import Nftables
import TestSupport
import Testing

/// Whatever is in a text or in JSON, reading it gives tables or an error that says something.
@Suite struct DamagedTextTests {
    private static let folder = VersionedCase.path(of: "", in: "nft-pairs")
    private static let pairs =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter {
            !$0.hasPrefix("23") && !$0.hasSuffix(".md")
        }
        .sorted()

    private enum Reader: CaseIterable {
        case listing, json, commands

        var file: String {
            switch self {
            case .listing: "printed-1.1.3.txt"
            case .json: "printed-1.1.3.json"
            case .commands: "loaded.nft"
            }
        }

        func read(_ bytes: [UInt8]) throws -> [NftTable] {
            switch self {
            case .listing: try NftTable.tables(fromListing: bytes)
            case .json: try NftTable.tables(fromJSON: bytes)
            case .commands: try NftTable.tables(fromCommands: bytes)
            }
        }
    }

    /// Bytes are removed, doubled, or replaced by those that mean something.
    private func damaged(_ bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            guard !bytes.isEmpty else { break }
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 1...20, using: &generator))
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: bytes.removeSubrange(start..<end)
            case 1: bytes.insert(contentsOf: bytes[start..<end], at: start)
            case 2: bytes.removeSubrange(start...)
            default: bytes[start] = Array("{}[],;:.\"\n#@/-0 \u{FF}".utf8).randomElement(using: &generator) ?? 0
            }
        }
        return bytes
    }

    @Test(arguments: pairs)
    func reading(_ pair: String) throws {
        var generator = SeededGenerator(seed: 15)
        for reader in Reader.allCases {
            guard let data = FileManager.default.contents(atPath: "\(Self.folder)/\(pair)/\(reader.file)") else {
                continue
            }
            let bytes = Array(data)
            let count = TestSize.current.count(full: 2000, brief: 12)
            for _ in 0..<count {
                let text = damaged(bytes, &generator)
                do {
                    for table in try reader.read(text) { #expect(table.chains.allSatisfy { $0.rules.count >= 0 }) }
                } catch {
                    #expect(!"\(error)".isEmpty)
                }
            }
        }
    }
}
