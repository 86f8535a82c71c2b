import Foundation

/// The report of `explain -o json`, as a program reads it.
struct ExplainedReport: Decodable {
    struct Service: Decodable {
        let servicePort: String
        let `protocol`: String?
        let absence: String?
        let chains: [String: String]
        let entries: [Entry]
        let endpoints: [Endpoint]
        let rules: [Rule]
    }

    struct Entry: Decodable {
        let kind: String
        let address: String?
        let port: Int
        let paths: [Path]
    }

    struct Path: Decodable {
        let from: String
        let inSourceRanges: Bool?
        let outcome: String
        let masqueraded: Bool?
        let steps: [Step]
    }

    struct Step: Decodable {
        let table: String
        let hooks: [String]
        let chains: [String]
        let rules: [Int]
    }

    struct Endpoint: Decodable {
        let address: String
        let port: Int?
        let chain: String?
        let clusterShare: Double
        let localShare: Double
        let reason: String
        let target: Bool?

        /// `address:port`.
        var text: String {
            let host = address.contains(":") ? "[\(address)]" : address
            return port.map { "\(host):\($0)" } ?? host
        }
    }

    struct Rule: Decodable {
        let table: String
        let chain: String
        let text: String
        let why: String
    }

    struct SharedChain: Decodable {
        let table: String
        let chain: String
        let rules: [Rule]
    }

    let target: String
    let family: String
    let services: [Service]
    let sharedRules: [Rule]
    let sharedChain: [SharedChain]?

    init(_ text: String) throws {
        self = try JSONDecoder().decode(ExplainedReport.self, from: Data(text.utf8))
    }
}

/// A text with all lines in one, without the lines of trees.
func inOneLine(_ text: String) -> String {
    text.split { $0.isWhitespace || "│├└─".contains($0) }.joined(separator: " ")
}
