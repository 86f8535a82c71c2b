/// What a Swift file declares for others, as far as its words tell.
public struct SwiftDeclarations: Sendable {
    /// Types that stand in no other one.
    public private(set) var types: Set<String> = []
    /// Types within types.
    public private(set) var nestedTypes: Set<String> = []
    /// Members of types that are declared here.
    public private(set) var members: Set<String> = []
    /// Members that extensions add, each with the extended type.
    public private(set) var extensionMembers: Set<ExtensionMember> = []

    public struct ExtensionMember: Sendable, Hashable {
        public let type: String
        public let name: String
    }

    private enum Scope {
        case type
        case `extension`(of: String)
        /// A body: what is declared in it is nobody else's.
        case body
    }

    private static let typeKeywords: Set<String> = ["struct", "class", "enum", "actor", "protocol"]
    private static let memberKeywords: Set<String> = ["func", "var", "let", "case"]

    public init(_ tokens: [SwiftToken]) {
        var scopes: [Scope] = []
        var pending: Scope?
        var isPrivate = false
        for (index, token) in tokens.enumerated() {
            let previous = index > 0 ? tokens[index - 1].text : ""
            let next = index + 1 < tokens.count ? tokens[index + 1] : SwiftToken(text: "", line: 0)
            switch token.text {
            case "{":
                scopes.append(pending ?? .body)
                (pending, isPrivate) = (nil, false)
            case "}":
                _ = scopes.popLast()
                (pending, isPrivate) = (nil, false)
            case "private", "fileprivate": isPrivate = next.text != "("
            case "extension" where previous != ".":
                pending = .extension(of: next.text)
                isPrivate = false
            case let word where Self.typeKeywords.contains(word) && previous != "." && next.isWord:
                // `class func` and the like are members, and `: class` has no name after it.
                guard !Self.memberKeywords.contains(next.text) else { continue }
                if !isPrivate { declareType(next.text, in: scopes.last) }
                pending = .type
                isPrivate = false
            case "typealias" where next.isWord, "associatedtype" where next.isWord:
                if !isPrivate { declareType(next.text, in: scopes.last) }
                isPrivate = false
            case let word where Self.memberKeywords.contains(word) && previous != "." && next.isWord:
                if !isPrivate { declareMember(next.text, in: scopes.last) }
                isPrivate = false
            default: break
            }
        }
    }

    private mutating func declareType(_ name: String, in scope: Scope?) {
        switch scope {
        case nil: types.insert(name)
        case .type, .extension: nestedTypes.insert(name)
        case .body: break
        }
    }

    private mutating func declareMember(_ name: String, in scope: Scope?) {
        switch scope {
        case .type: members.insert(name)
        case .extension(let type): extensionMembers.insert(ExtensionMember(type: type, name: name))
        case nil, .body: break
        }
    }
}
