public import KubeChainsBytes

/// A command that a ``CommandWriter`` has written.
public struct WrittenCommand: Sendable {
    /// What is done.
    public let verb: CommandVerb
    /// The command's place in the text, without the end of the line.
    public let range: Range<Int>
    /// Where in the text the name of the chain, set or map begins.
    public let nameStart: Int
    /// Whether the object that it adds is of a map, where sets could have it too.
    public let isOfMap: Bool
    /// Whether a later command undoes it.
    public fileprivate(set) var isUndone = false
}

/// Writes the commands of one table for `nft -f`, one a line.
///
/// The text is passed on as it grows, or kept together with a list of the commands, from which other texts are made.
public struct CommandWriter: ~Copyable {
    /// What is written so far. The words of a command are appended here.
    public var text: TextWriter
    /// The commands so far, if they are kept.
    public private(set) var commands: [WrittenCommand] = []
    /// The number of commands.
    public private(set) var count = 0

    /// The family and name of the table, between blanks.
    @usableFromInline internal let table: [UInt8]
    private let keepsCommands: Bool
    @usableFromInline internal var start = 0
    @usableFromInline internal var nameStart = 0
    @usableFromInline internal var verb = CommandVerb.addTable

    /// - Parameters:
    ///   - table: the family and name of the table, such as `ip kube-proxy`.
    ///   - text: where the commands go.
    public init(table: StaticString, to text: consuming TextWriter) {
        self.init(table, text, keepsCommands: false)
    }

    /// A writer that keeps its text and a list of the commands in it.
    public init(keepingCommandsOf table: StaticString) {
        self.init(table, TextWriter(), keepsCommands: true)
    }

    private init(_ table: StaticString, _ text: consuming TextWriter, keepsCommands: Bool) {
        self.text = text
        self.keepsCommands = keepsCommands
        self.table = Array(" \(table) ".utf8)
    }

    /// Begins a command, up to the name of the object that it is about.
    @inlinable @inline(__always)
    public mutating func begin(_ verb: CommandVerb) {
        start = text.totalCount
        self.verb = verb
        text.append(verb.words)
        text.append(table)
        nameStart = text.totalCount
    }

    /// Ends the command.
    ///
    /// - Parameter isOfMap: whether the element that it adds is one of a map.
    public mutating func end(isOfMap: Bool = false) {
        count += 1
        if keepsCommands {
            commands.append(
                WrittenCommand(
                    verb: verb, range: start..<text.totalCount, nameStart: nameStart,
                    isOfMap: isOfMap || verb == .addMap))
        }
        text.append("\n")
    }

    /// Marks a command as undone by a later one.
    ///
    /// - Parameter number: its number, counted from 0.
    public mutating func undo(_ number: Int) {
        if keepsCommands { commands[number].isUndone = true }
    }

    /// Writes a whole command.
    ///
    /// - Parameter words: what follows the object's name, with a blank in front.
    public mutating func write(_ verb: CommandVerb, _ name: StaticString, _ words: StaticString = "") {
        begin(verb)
        text.append(name)
        text.append(words)
        end()
    }

    /// Passes on what is left, and returns the length of the whole text in bytes.
    public consuming func finish() -> Int {
        text.flush()
        return text.totalCount
    }

    /// The whole text and its commands, of a writer that keeps them.
    public consuming func takeCommands() -> WrittenCommands {
        let commands = commands
        return WrittenCommands(bytes: text.finish(), commands: commands)
    }
}

/// A text of commands with the list of them.
public struct WrittenCommands: Sendable {
    /// The text.
    public let bytes: [UInt8]
    /// The commands in the order of the text.
    public let commands: [WrittenCommand]
}
