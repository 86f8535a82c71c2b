/// Which folder of a module uses what another one declares, and which of these arrows run the wrong way.
///
/// It knows words, not types: a name counts as a folder's if no other folder declares it too. What it finds is so; an arrow
/// through a member that several folders have by the same name is not found.
public struct FolderArrows: Sendable {
    /// A file of the module.
    public struct File: Sendable {
        /// The path below the module's folder.
        public let path: String
        let tokens: [SwiftToken]
        let declarations: SwiftDeclarations

        public init(_ path: String, _ source: String) {
            self.path = path
            tokens = SwiftTokens.of(source)
            declarations = SwiftDeclarations(tokens)
        }
    }

    /// A use of another folder's name.
    public struct Arrow: Sendable, Hashable, CustomStringConvertible {
        public let from: String
        public let to: String
        /// The name that is used.
        public let name: String
        /// Where, as `path:line`.
        public let place: String

        public var description: String { "\(place) uses \(name) of \(to)/" }
    }

    /// All uses across folders, in the order of the files.
    public let all: [Arrow]
    private let levels: [String: Int]

    /// - Parameter levels: the folders from the lowest level up. Those of one level may use each other if they make no circle,
    ///   but for folders below a common one, which must not know each other. A file belongs to the deepest folder named here.
    public init(_ files: [File], levels: [[String]]) {
        var byFolder: [String: Int] = [:]
        for (level, folders) in levels.enumerated() { for folder in folders { byFolder[folder] = level } }
        self.levels = byFolder
        let placed = files.map { (file: $0, folder: Self.folder(of: $0.path, byFolder)) }

        var owners: [String: Set<String>] = [:]
        var extensions: [SwiftDeclarations.ExtensionMember: Set<String>] = [:]
        var members: [String: Set<String>] = [:]
        for (file, folder) in placed {
            for name in file.declarations.types { owners[name, default: []].insert(folder) }
            for name in file.declarations.members { members[name, default: []].insert(folder) }
            for member in file.declarations.extensionMembers {
                extensions[member, default: []].insert(folder)
                members[member.name, default: []].insert(folder)
            }
        }
        // What an extension adds to another folder's type is a name of the extension's folder.
        var added: [String: String] = [:]
        for (member, folders) in extensions {
            guard let home = owners[member.type], home.count == 1, home != folders, folders.count == 1,
                members[member.name] == folders
            else { continue }
            added[member.name] = folders.first
        }

        var all: [Arrow] = []
        for (file, folder) in placed {
            for (index, token) in file.tokens.enumerated() where token.isWord {
                let isMember = index > 0 && file.tokens[index - 1].text == "."
                var owner = owners[token.text].flatMap { $0.count == 1 ? $0.first : nil }
                if file.declarations.nestedTypes.contains(token.text) { owner = nil }
                if owner == nil, isMember { owner = added[token.text] }
                guard let owner, owner != folder else { continue }
                all.append(Arrow(from: folder, to: owner, name: token.text, place: "\(file.path):\(token.line)"))
            }
        }
        self.all = all
    }

    private static func folder(of path: String, _ levels: [String: Int]) -> String {
        var parts = path.split(separator: "/").dropLast()
        while !parts.isEmpty, levels[parts.joined(separator: "/")] == nil { parts.removeLast() }
        return parts.joined(separator: "/")
    }

    /// The arrows that run up, or between folders of one level that must not know each other.
    public var wrong: [Arrow] {
        all.filter { arrow in
            guard let from = levels[arrow.from], let to = levels[arrow.to] else { return true }
            return from < to || from == to && arrow.from.contains("/") && arrow.to.contains("/")
        }
    }

    /// The circles between folders of one level, each as its folders in alphabetical order.
    public var circles: [[String]] {
        var reached: [String: Set<String>] = [:]
        for arrow in all where levels[arrow.from] == levels[arrow.to] {
            reached[arrow.from, default: []].insert(arrow.to)
        }
        for through in reached.keys.sorted() {
            for from in reached.keys where reached[from]?.contains(through) == true {
                let further = reached[through] ?? []
                reached[from]?.formUnion(further)
            }
        }
        var circles: Set<[String]> = []
        for (folder, others) in reached where others.contains(folder) {
            circles.insert(others.filter { reached[$0]?.contains(folder) == true }.sorted())
        }
        return circles.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
